import { expect, it } from 'vitest';
import { examine } from './examine.js';
import type { Road, Unopened } from './road.js';

const CUT: Unopened = { end: 'closed', detail: 'refused' };

/** A way on which nothing passes, and a WebSocket fails in this order: then the last of them. */
function roadWith(...sockets: Unopened[]): Road {
  const refused = () => Promise.resolve({ end: 'refused' as const });
  return {
    url: 'http://127.0.0.1:1/realtime',
    timeout: 1_000,
    isPage: true,
    post: refused,
    openSse: refused,
    openWebSocket: () => Promise.resolve(sockets.length > 1 ? sockets.shift()! : sockets[0]!),
    close: () => {},
  };
}

const failureOn = async (road: Road): Promise<unknown> =>
  (await examine(road, { auth: undefined, channel: undefined, idle: 10, hold: 0 })).transports?.websocket
    .failed;

it('believes a refusal more than a WebSocket that the browser held back for it', async () => {
  expect(await failureOn(roadWith(CUT, CUT, { end: 'silent' }))).toEqual(CUT);
});

it('says that no WebSocket opened in time where none failed before', async () => {
  expect(await failureOn(roadWith({ end: 'silent' }))).toEqual({ end: 'silent' });
});
