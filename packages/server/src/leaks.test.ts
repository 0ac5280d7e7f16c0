import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type * as clockModule from './clock.js';
import { Hub } from './hub.js';
import { serve } from './node.js';
import type { Serving } from './node.js';
import { createRealtime } from './realtime.js';
import type { Realtime } from './realtime.js';
import type { Store } from './store.js';
import { memoryStore } from './stores/memory.js';

/** Connections that are opened and dropped, and how many of them at once. */
const ALL = 2_000;
const AT_ONCE = 200;

/** Timers that wait on the clocks of the nodes in this file. */
const timers = vi.hoisted(() => ({ pending: 0 }));
vi.mock('./clock.js', async (importOriginal) => {
  const { nodeClock } = await importOriginal<typeof clockModule>();
  return {
    nodeClock: () => {
      const clock = nodeClock();
      const at: typeof clock.at = (moment, callback) => {
        let waits = true;
        const over = (): void => {
          if (waits) timers.pending--;
          waits = false;
        };
        timers.pending++;
        const cancel = clock.at(moment, () => {
          over();
          callback();
        });
        return () => {
          over();
          cancel();
        };
      };
      return { ...clock, at };
    },
  };
});

/** Sees which sessions have connections, as the hub does. */
const joined = vi.spyOn(Hub.prototype, 'join');
const present = (): number =>
  joined.mock.calls.filter(
    ([session], call) => (joined.mock.contexts[call] as Hub).ofSession(session).length > 0,
  ).length;

/** A store that counts which logs the node wants hints for: the hub's own map, seen from outside. */
function countingStore(): { store: Store; watched: Map<string, number> } {
  const store = memoryStore();
  const watched = new Map<string, number>();
  const count = (log: string, by: number): void => {
    const now = (watched.get(log) ?? 0) + by;
    if (now === 0) watched.delete(log);
    else watched.set(log, now);
  };
  store.watch = (log) => {
    count(log, 1);
    return undefined;
  };
  store.unwatch = (log) => count(log, -1);
  return { store, watched };
}

let realtime: Realtime;
let serving: Serving;
let nonces = 0;
const { store, watched } = countingStore();
const agent = new Agent({ keepAlive: false });

beforeAll(async () => {
  realtime = createRealtime({
    logger: false,
    store,
    limits: {
      ...{ openRate: { perSecond: 1e6, burst: 1e6 }, requestRate: { perSecond: 1e6, burst: 1e6 } },
      // Seats for one round: a seat that is not given back is missed in the next one.
      ...{ connections: AT_ONCE, connectionsPerAddress: AT_ONCE, strangersPerAddress: AT_ONCE },
    },
  });
  await realtime.publish('room', 'said', 0);
  serving = await serve(realtime, { port: 0, hostname: '127.0.0.1', shutdownTimeout: 0 });
});
afterAll(() => serving.close());

const hello = (more: object = {}): unknown => [
  'hello',
  { version: 1, nonce: `n${nonces++}`.padEnd(22, '-'), cursors: { room: ['old', 0] }, ...more },
];

/** Opens one connection up to its first data, and gives what drops it. */
type Opener = () => Promise<() => void>;

const openWebSocket: Opener = async () => {
  const socket = new WebSocket(`${serving.url.replace('http', 'ws')}/realtime/ws`, 'iskra.1');
  await once(socket, 'open');
  socket.send(JSON.stringify([hello()]));
  await once(socket, 'message');
  return () => socket.terminate();
};

/** Posts, and gives the answer's first bytes; never waits for its end. */
async function post(path: string, frames: unknown[]): Promise<{ text: string; drop: () => void }> {
  const asked = request(`${serving.url}/realtime${path}`, {
    ...{ method: 'POST', agent, headers: { 'content-type': 'application/json' } },
  });
  asked.on('error', () => {});
  asked.end(JSON.stringify(frames));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.on('error', () => {});
  const [chunk] = (await once(answer, 'data')) as [Buffer];
  return { text: chunk.toString(), drop: () => asked.destroy() };
}

const openStream: Opener = async () => (await post('/sse', [hello()])).drop;

const openPoll: Opener = async () => {
  const nonce = `n${nonces++}`.padEnd(22, '-');
  const { text, drop } = await post('/poll', [['hello', { version: 1, nonce }]]);
  drop();
  const [[, welcome]] = JSON.parse(text) as [[string, { payload: { key: string; generation: number } }]];
  const { key, generation } = welcome.payload;
  const held = request(`${serving.url}/realtime/poll`, {
    ...{ method: 'POST', agent, headers: { 'content-type': 'application/json' } },
  });
  held.on('error', () => {});
  held.end(JSON.stringify([['continue', { nonce, key, generation, wait: 25_000 }]]));
  return () => held.destroy();
};

describe('a node forgets', () => {
  const openers: Record<string, Opener> = {
    WebSockets: openWebSocket,
    'event streams': openStream,
    'held polls': openPoll,
  };

  test.each(Object.entries(openers))(
    `${ALL} dropped %s: their connections, sessions, logs, seats and timers`,
    async (_, open) => {
      const before = timers.pending;
      for (let count = 0; count < ALL; count += AT_ONCE) {
        joined.mockClear();
        const drops = await Promise.all(Array.from({ length: AT_ONCE }, () => open()));
        await expect.poll(() => realtime.activeConnections, { interval: 5 }).toBe(AT_ONCE);
        await expect.poll(present, { interval: 5 }).toBeGreaterThanOrEqual(AT_ONCE);
        expect(watched.size).toBeGreaterThanOrEqual(AT_ONCE);
        expect(timers.pending).toBeGreaterThanOrEqual(before + AT_ONCE);
        for (const drop of drops) drop();
        await expect.poll(() => realtime.activeConnections, { interval: 5 }).toBe(0);
        expect(watched.size).toBe(0);
        expect([...realtime.webSocketServer.clients]).toEqual([]);
        expect(present()).toBe(0);
        expect(timers.pending).toBe(before);
      }
    },
    120_000,
  );
});
