/** What `@iskra/chaos` says that a client finds out behind each fault is what a client finds out. */
import { FAULTS, openBox, usageOf } from '@iskra/chaos';
import type { FaultName } from '@iskra/chaos';
import { connect } from '@iskra/client';
import type { TransportName } from '@iskra/client';
import { createRealtime } from '@iskra/server';
import type { SystemEvent } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, it } from 'vitest';

/** Over which transport each of them is met. The others take longer than a test may, or need a page with an origin. */
const MET: readonly [FaultName, TransportName][] = [
  ['strip-upgrade', 'websocket'],
  ['refuse-upgrade', 'websocket'],
  ['swallow-upgrade', 'websocket'],
  ['mute-websocket', 'websocket'],
  ['kill-first-frame', 'websocket'],
  ['kill-websocket', 'websocket'],
  ['http10', 'websocket'],
  ['buffer', 'sse'],
  ['one-behind', 'sse'],
  ['gzip', 'sse'],
  ['cut-answers', 'sse'],
  ['refuse-streams', 'sse'],
  ['refuse', 'websocket'],
  ['down', 'websocket'],
];

/** Faults that take nothing away from a client that may choose. */
const HARMLESS: readonly FaultName[] = [
  ...([
    'hold-first',
    'only-get-post',
    'strip-headers',
    'repeat-posts',
    'limit-bodies',
    'cache-gets',
  ] as const),
  ...(['latency', 'jitter', 'bandwidth'] as const),
];

/** With the value that the table shows. */
const profileOf = (name: FaultName): string => usageOf(name).replace(/[[\]]/g, '');

describe('a client behind a box', { concurrent: true }, () => {
  let server: Serving;
  beforeAll(async () => {
    server = await serve(createRealtime({ logger: false }), { port: 0, hostname: '127.0.0.1' });
  });
  afterAll(() => server.close());

  it.for(MET)('with %s finds that out over %s (T2, Q2)', async ([name, transport], { expect }) => {
    const box = await openBox({ to: server.url, profile: profileOf(name) });
    const transports = [transport, 'polling'] as const;
    const client = connect(`${box.url}/realtime`, { transports, patience: 1_000 });
    const verdicts = () =>
      client.explain().attempts.flatMap((one) => (one.transport === transport ? one.verdict : []));
    await expect.poll(verdicts, { timeout: 20_000, interval: 40 }).toContain(FAULTS[name].verdict);
    await client.close();
    await box.close();
  });

  it('is in the log of the server under the same name as in its own (T9)', async ({ expect }) => {
    const lines: { delta: string; attempt?: string; transport?: string }[] = [];
    const write = (line: string): void => {
      const { delta, payload } = JSON.parse(line) as SystemEvent;
      lines.push({ ...payload, delta });
    };
    const logger = pino({ level: 'debug' }, { write });
    const named = await serve(createRealtime({ logger }), { port: 0, hostname: '127.0.0.1' });
    const box = await openBox({ to: named.url, profile: 'strip-upgrade' });
    const client = connect(`${box.url}/realtime`, { probe: [200] });
    await client.channel('room:log').subscribe();
    const ids = () => client.explain().attempts.map(({ id }) => id);
    expect(ids()).toEqual(['websocket-1', 'sse-2']);
    expect(lines).toContainEqual(
      expect.objectContaining({ delta: 'connection_welcomed', attempt: 'sse-2', transport: 'sse' }),
    );
    // What the box refused by itself, no server knows of.
    expect(lines).not.toContainEqual(expect.objectContaining({ attempt: 'websocket-1' }));
    await box.set('');
    await expect.poll(ids, { timeout: 20_000, interval: 40 }).toHaveLength(4);
    await expect
      .poll(() => lines.map(({ delta, attempt }) => [delta, attempt]), { timeout: 20_000, interval: 40 })
      .toContainEqual(['probe_answered', ids()[2]]);
    await client.close();
    await box.close();
    await named.close();
  });

  it.for(HARMLESS)('with %s stays on the best, and loses nothing (T1, Q2)', async (name, { expect }) => {
    const box = await openBox({ to: server.url, profile: profileOf(name) });
    const client = connect(`${box.url}/realtime`);
    const channel = client.channel(`room:${name}`);
    const got: unknown[] = [];
    channel.on('said', (payload) => got.push(payload));
    await channel.subscribe();
    const said = Array.from({ length: 50 }, (_, number) => ({ number }));
    for (const payload of said) void channel.publish('said', payload);
    await expect.poll(() => got, { timeout: 20_000, interval: 40 }).toEqual(said);
    expect(client.explain().current).toBe('websocket');
    await client.close();
    await box.close();
  });
});
