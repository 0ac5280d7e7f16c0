import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createWays } from './ways.js';

let serving: Serving;

beforeAll(async () => {
  const realtime = createRealtime({ logger: false });
  const ways = createWays(realtime.app as unknown as Hono, () => {});
  serving = await serve(realtime, { port: 0, hostname: '127.0.0.1', app: ways as unknown as Hono });
});
afterAll(() => serving.close());

let count = 0;
const newWay = (): string => `/way/visitor${String(++count).padStart(4, '0')}`;
let nonces = 0;
const nonce = (): string => String(++nonces).padStart(22, 'n');

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(serving.url + path, { method: 'POST', body: JSON.stringify(body), headers });
const block = (way: string, transport: string, blocked = true): Promise<Response> =>
  post(`${way}/block`, { transport, blocked });
const hello = (given = nonce()): unknown => [['hello', { version: 1, nonce: given }]];

/** How a WebSocket ended: with the status of a refused upgrade, or the code of a close. */
function webSocket(way: string): { opened: Promise<void>; ended: Promise<number> } {
  const socket = new WebSocket(`${serving.url.replace('http', 'ws')}${way}/realtime/ws`, 'iskra.1');
  socket.on('error', () => {});
  return {
    opened: new Promise((resolve) => socket.once('open', () => resolve())),
    ended: new Promise((resolve) => {
      socket.once('unexpected-response', (_request, { statusCode = 0 }) => resolve(statusCode));
      socket.once('close', resolve);
    }),
  };
}

/** Opens a session by a poll, and asks on with one that is held for as long. */
async function heldPoll(way: string, wait: number): Promise<Response> {
  const given = nonce();
  const opened = (await (await post(`${way}/realtime/poll`, hello(given))).json()) as [
    string,
    { payload: { key: string; generation: number; inbox: unknown } },
  ][];
  const { key, generation, inbox } = opened[0]![1].payload;
  return post(`${way}/realtime/poll`, [
    ['continue', { nonce: given, key, generation, cursors: { '@': inbox }, wait }],
  ]);
}

describe('a blocked transport', () => {
  it('refuses new WebSockets and cuts the live ones', async () => {
    const way = newWay();
    const live = webSocket(way);
    await live.opened;
    expect(await (await block(way, 'websocket')).json()).toEqual({ blocked: ['websocket'] });
    expect(await live.ended).toBe(1006);
    expect(await webSocket(way).ended).toBe(502);
    await block(way, 'websocket', false);
    await webSocket(way).opened;
  });

  it('refuses new streams and cuts the live ones', async () => {
    const way = newWay();
    const live = await post(`${way}/realtime/sse`, hello());
    expect(live.status).toBe(200);
    const cut = expect(live.text()).rejects.toThrow();
    await block(way, 'sse');
    await cut;
    expect((await post(`${way}/realtime/sse`, hello())).status).toBe(502);
  });

  it('cuts a poll that is held for a second, and no shorter one', async () => {
    const way = newWay();
    await block(way, 'long-poll');
    expect((await heldPoll(way, 0)).status).toBe(200);
    const began = performance.now();
    await expect(heldPoll(way, 5_000)).rejects.toThrow();
    expect(performance.now() - began).toBeGreaterThan(900);
    await block(way, 'long-poll', false);
    expect((await heldPoll(way, 1_300)).status).toBe(200);
  });

  it('is blocked on its own way only', async () => {
    const [way, other] = [newWay(), newWay()];
    const live = webSocket(other);
    await live.opened;
    await block(way, 'websocket');
    await block(way, 'sse');
    const stream = await post(`${other}/realtime/sse`, hello());
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    await webSocket(other).opened;
    expect(
      await Promise.race([live.ended, new Promise((resolve) => setTimeout(resolve, 200, 'lives'))]),
    ).toBe('lives');
  });
});

describe('the switch', () => {
  it('knows three transports, and nothing else', async () => {
    const way = newWay();
    expect((await block(way, 'polling')).status).toBe(400);
    expect((await post(`${way}/block`, null)).status).toBe(400);
    expect((await post(`${way}/block`, 'x'.repeat(2_000))).status).toBe(413);
    expect((await block('/way/Nobody!', 'sse')).status).toBe(404);
  });

  it('is not pressed from another origin', async () => {
    const wish = { transport: 'sse', blocked: true };
    expect((await post(`${newWay()}/block`, wish, { origin: 'http://elsewhere.example' })).status).toBe(403);
    expect((await post(`${newWay()}/block`, wish, { origin: serving.url })).status).toBe(200);
  });

  it('is not there on any other path', async () => {
    expect((await block('/realtime', 'sse')).status).toBe(404);
    expect((await block('', 'sse')).status).toBe(404);
  });
});
