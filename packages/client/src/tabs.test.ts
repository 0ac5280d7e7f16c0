/** Where tabs cannot find each other; how they share a session is played in `sim/tabs.test.ts`, and in browsers in `e2e/tabs`. */
import { expect, test } from 'vitest';
import { scene } from './testing.js';
import { shareTabs } from './tabs.js';

test.each([
  ['this runtime', undefined],
  ['a browser without locks', { Radio: BroadcastChannel }],
  ['a browser without a radio', { locks: { request: () => Promise.reject(new Error('never asked')) } }],
])('each tab has a session of its own in %s', async (_, medium) => {
  const s = await scene({ tabs: shareTabs('ada', medium as never) });
  s.welcome();
  expect(s.client.status).toMatchObject({ state: 'connected', session: 's' });
  expect(s.sockets[0]!.sent[0]![0]![0]).toBe('hello');
});

test('a page that may not ask for locks is alone', async () => {
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
  const s = await scene({ tabs: shareTabs('ada', { locks, Radio } as never) });
  await s.turn();
  s.welcome();
  expect(s.client.status).toMatchObject({ state: 'connected', session: 's' });
});
