import { readFileSync } from 'node:fs';
import { manualClock } from '@iskra/protocol/testing';
import { expect, test } from 'vitest';
import { connect as connectCore } from './client.js';
import { connect } from './connect.js';
import type { SystemEventName } from './session-events.js';
import { code, dialogue } from './testing.js';

const environment = {
  clock: manualClock(),
  random: () => 0.5,
  randomBytes: (count: number) => new Uint8Array(count),
  fetch: () => new Promise<Response>(() => {}),
  base: 'http://host/',
  onPage: () => () => {},
};

/** The level of each, which the compiler asks for. */
const DIMENSIONS: Record<SystemEventName, number> = {
  ...{ connection_established: 2, connection_lost: 2, heartbeat_missed: 2 },
  ...{ transport_upgraded: 2, transport_downgraded: 2, server_changed: 2 },
  ...{ session_resumed: 3, session_lost: 3, sends_lost: 3, gap: 1 },
};

test('tells what the guide says that it tells', () => {
  const page = readFileSync(new URL('../../../docs/guide/events.md', import.meta.url), 'utf8');
  const [, table = ''] = /<!-- client[^>]*-->\n([^]*?)<!-- \/client -->/.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| `(\w+)` \| (\d) \|/gm)].map(([, name, level]) => [
    name,
    Number(level),
  ]);
  expect(Object.fromEntries(rows)).toEqual(DIMENSIONS);
});

test('tells of the beginning with the voices as they are then', () => {
  const d = dialogue({ transports: ['websocket'] });
  d.start();
  d.advance(40);
  d.connect(1);
  expect(d.told('system')).toEqual([
    [
      {
        delta: 'connection_established',
        dimension: 2,
        omega: 0.5,
        lambda: 'monitor_stability',
        payload: {
          transport: 'websocket',
          session: 'session-1',
          node: 'n',
          attempt: 'websocket-1',
          generation: 1,
        },
        fractal_metadata: { voice_pain: 0, voice_chaos: 0, voice_trust: 0.5, seam_id: 'test' },
      },
    ],
  ]);
});

test('tells of a session that follows a lost one as of a beginning', () => {
  const d = dialogue({ transports: ['websocket'] });
  d.start();
  d.connect(1);
  d.hear(1, ['close', code('session_unknown', 'open_session')]);
  d.connect(d.next(), { session: 'session-2' });
  expect(d.reports()).toEqual(['connection_established', 'session_lost', 'connection_established']);
});

test('names why a transport was left, as sure as it is from the times that it saw it', () => {
  const d = dialogue({ transports: ['websocket', 'sse'] });
  d.start();
  d.connect(1);
  d.die(1, 1006);
  d.connect(d.next(1));
  const [change] = d.told('system').filter(([{ delta }]) => delta === 'transport_downgraded');
  expect(change![0]).toMatchObject({
    omega: 0.5,
    payload: { from: 'websocket', to: 'sse', verdict: 'ws-killed-early' },
  });
  expect(d.explain()).toMatchObject({ current: 'sse', phase: 'steady', why: 'ws-killed-early' });
  expect(d.explain().attempts.map(({ verdict }) => verdict)).toEqual(['ws-killed-early', undefined]);
});

test('keeps quiet about a connection whose successor is on its way', () => {
  const d = dialogue({ transports: ['websocket'] });
  d.start();
  d.connect(1);
  d.hear(1, ['close', code('superseded', 'resume')]);
  expect(d.reports()).toEqual(['connection_established']);
});

test('hurts with every heartbeat that is missed', () => {
  const d = dialogue({ transports: ['websocket'] });
  d.start();
  d.connect(1);
  d.advance(31_000);
  const { voices, quality } = d.status();
  expect(d.reports()).toContain('heartbeat_missed');
  expect(voices.pain).toBeGreaterThan(0.5);
  expect(quality).not.toBe('good');
});

test('keeps the last 50 attempts', () => {
  const d = dialogue({ transports: ['websocket'] });
  d.start();
  for (let attempt = 1; attempt < 80; attempt = d.next(attempt)) d.die(attempt, 1006);
  const { attempts } = d.explain();
  expect(attempts).toHaveLength(50);
  expect(attempts.at(-1)!.attempt).toBe(80);
});

test('comes with the whole client, and not with its core', () => {
  const whole = connect('/realtime', { environment });
  expect(whole.status).toMatchObject({ state: 'connecting', quality: 'poor', voices: { trust: 0 } });
  expect(whole.explain().phase).toBe('racing');
  const core = connectCore('/realtime', { environment });
  expect(core.status).not.toHaveProperty('voices');
  expect(core).not.toHaveProperty('explain');
});
