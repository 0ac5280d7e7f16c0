/** Where tabs cannot find each other; how they share a session is played in `sim/tabs.test.ts`, and in browsers in `e2e/tabs`. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { scene } from './testing.js';
import { shareTabs } from './tabs.js';

test.each([
  ['this runtime', undefined],
  ['a browser without locks', { navigator: {}, BroadcastChannel }],
  [
    'a browser without a radio',
    { navigator: { locks: { request: () => Promise.reject(new Error('never asked')) } } },
  ],
])('each tab has a session of its own in %s', async (_, medium) => {
  const s = await scene({ tabs: shareTabs('ada', medium as never) });
  s.welcome();
  expect(s.client.status).toMatchObject({ state: 'connected', session: 's' });
  expect(s.sockets[0]!.sent[0]![0]![0]).toBe('hello');
});

/** Of a page that is alone: it may not ask for locks. */
function alone() {
  const locks = { request: () => Promise.reject(new DOMException('Not here.', 'SecurityError')) };
  class Radio {
    static all: Radio[] = [];
    onmessage: ((event: { data: unknown }) => void) | null = null;
    constructor() {
      Radio.all.push(this);
    }
    postMessage(data: unknown) {
      for (const other of Radio.all) if (other !== this) other.onmessage?.({ data });
    }
    close() {}
  }
  return shareTabs('ada', { navigator: { locks }, BroadcastChannel: Radio });
}

test('only tabs of the same release meet, since what they say are its own calls', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const names: string[] = [];
  const locks = { request: (name: string) => (names.push(name), new Promise<never>(() => {})) };
  await scene({ tabs: shareTabs('ada', { navigator: { locks: locks as never }, BroadcastChannel }) });
  expect(names[0]).toContain(`iskra ${version} `);
});

test('a page that may not ask for locks is alone', async () => {
  const s = await scene({ tabs: alone() });
  await s.turn();
  s.welcome();
  expect(s.client.status).toMatchObject({ state: 'connected', session: 's' });
});

test('the tab that leads tells the server what it found out about the way (P85)', async () => {
  const s = await scene({ tabs: alone() });
  await s.turn();
  s.sockets[0]!.onclose!({ code: 1006, reason: '' });
  for (let step = 0; s.sockets.length < 2 && step < 100; step++) {
    s.clock.advance(1_000);
    await s.turn();
  }
  s.welcome();
  s.clock.advance(1_000);
  s.hear(['ping', 2]);
  const told = s.sockets[1]!.sent.flat().filter(([tag]) => tag === 'request');
  expect(told).toMatchObject([
    ['request', 1, { delta: '@verdicts', payload: [['websocket', 'server-down']] }],
  ]);
});
