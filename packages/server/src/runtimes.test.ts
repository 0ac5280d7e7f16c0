// A runtime that is not Node, as Hono's adapters give it: no request of Node below, and contexts that may be new with each event.

import { defineWebSocketHelper, WSContext } from 'hono/ws';
import type { WSEvents } from 'hono/ws';
import { afterEach, expect, test } from 'vitest';
import { manualClock } from '@iskra/protocol/testing';
import { createRealtime } from './realtime.js';
import type { RealtimeOptions } from './realtime.js';
import { Message } from './message.js';
import { createExchange } from './transports/exchange.js';
import { WebSocketTransport } from './transports/websocket.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function scene(options: RealtimeOptions = {}) {
  const upgraded: WSEvents[] = [];
  const said: unknown[] = [];
  const realtime = createRealtime({
    ...{
      logger: false,
      getConnInfo: (c) => ({ remote: { address: c.req.header('x-test-address') ?? 'one' } }),
    },
    upgradeWebSocket: defineWebSocketHelper((c, events) => {
      if (c.req.header('upgrade') === 'broken') throw new TypeError('the handshake is none');
      if (c.req.header('upgrade') !== 'websocket') return;
      upgraded.push(events as WSEvents);
      return new Response(null);
    }),
    ...options,
  });
  ends.push(() => realtime.close());
  /** As Bun does: another one with each event. */
  const context = (): WSContext =>
    new WSContext({ send: (text) => void said.push(text), close: () => {}, readyState: 1 });
  return {
    realtime,
    said,
    upgraded,
    context,
    ask: async (path: string, address = 'one', upgrade = 'websocket'): Promise<number> => {
      const app = path.startsWith('/ws/') ? realtime.plain : realtime.app;
      const answer = await app.request(path, { headers: { upgrade, 'x-test-address': address } });
      return answer.status;
    },
    closed: (events: WSEvents | undefined): void =>
      events?.onClose?.({ code: 1006 } as CloseEvent, context()),
  };
}

test('counts places by the address that the runtime tells', async () => {
  const { ask } = scene({ limits: { connectionsPerAddress: 1 } });
  expect(await ask('/ws')).toBe(200);
  expect(await ask('/ws')).toBe(503);
  expect(await ask('/ws/ada')).toBe(503);
  expect(await ask('/ws', 'other')).toBe(200);
});

test.each(['/ws', '/ws/ada'])('%s gives back the place of a handshake that broke off', async (path) => {
  const { ask, closed, upgraded } = scene({ limits: { connections: 1 } });
  expect(await ask(path)).toBe(200);
  closed(upgraded[0]);
  expect(await ask(path)).toBe(200);
});

test.each(['/ws', '/ws/ada'])('%s gives back the place of what was no handshake', async (path) => {
  const { ask } = scene({ limits: { connections: 1 } });
  for (let i = 0; i < 3; i++) expect(await ask(path, 'one', 'broken')).toBe(500);
  for (let i = 0; i < 3; i++) expect(await ask(path, 'one', '')).toBe(426);
  expect(await ask(path)).toBe(200);
});

test('/ws/<name> knows its client by the context that it came with', async () => {
  const { realtime, said, ask, closed, context, upgraded } = scene();
  await ask('/ws/ada');
  upgraded[0]?.onOpen?.(new Event('open'), context());
  upgraded[0]?.onMessage?.({ data: 'text' } as MessageEvent, context());
  expect(said.at(-1)).toBe('Server received: text');
  expect(realtime.activeConnections).toBe(1);
  closed(upgraded[0]);
  expect(realtime.activeConnections).toBe(0);
});

const sockets: Record<string, (waiting: number) => { raw: object; take(left: number): void; close(): void }> =
  {
    'of the web': (bufferedAmount) => {
      const raw = { bufferedAmount, readyState: 1 };
      return { raw, take: (left) => (raw.bufferedAmount = left), close: () => (raw.readyState = 3) };
    },
    'of Bun': (waiting) => {
      const raw = { getBufferedAmount: () => waiting, readyState: 1 };
      return { raw, take: (left) => (waiting = left), close: () => (raw.readyState = 3) };
    },
  };

test.each(Object.entries(sockets))('a full socket %s takes no more until there is room', (_, open) => {
  const clock = manualClock();
  const sent: unknown[] = [];
  const { raw, take, close } = open(2_000);
  const context = new WSContext({
    raw,
    send: (text) => void sent.push(text),
    close: () => {},
    readyState: 1,
  });
  const transport = new WebSocketTransport(context, 1_000, clock);
  let told = 0;
  transport.listener = { writable: () => void told++ };
  const ping = Message.of(['ping', 1]);
  // Heartbeats are written all the same.
  for (let n = 0; n < 5; n++) expect(transport.write(ping)).toBe(false);
  expect(sent).toHaveLength(5);
  expect(transport.queued).toBe(2_000);
  clock.advance(1_000);
  expect([told, clock.waiting]).toEqual([0, [clock.now() + 20]]);
  take(10);
  clock.advance(20);
  expect([told, clock.waiting]).toEqual([1, []]);
  expect(transport.write(ping)).toBe(true);

  take(2_000);
  transport.write(ping);
  close();
  clock.advance(20);
  expect([told, clock.waiting]).toEqual([1, []]);
});

const exchanging = (signal: AbortSignal) =>
  createExchange(undefined, () => signal, [], { limits: { backlog: 1_000 }, drain: undefined } as never);

test('an event stream whose reader has gone is told so, and throws nothing whatever is said to it', async () => {
  const exchange = exchanging(new AbortController().signal);
  let gone = 0;
  exchange.whenGone(() => gone++);
  const sink = exchange.stream();
  expect(sink.write(Buffer.from('block'))).toBe(true);
  await (await exchange.response).body?.cancel();
  expect(gone).toBe(1);
  expect([sink.write(Buffer.alloc(5_000)), sink.queued]).toEqual([true, 0]);
  sink.end();
  sink.end();
});

test('a peer that went away while its body was read is gone', () => {
  const left = new AbortController();
  left.abort();
  let gone = 0;
  exchanging(left.signal).whenGone(() => gone++);
  expect(gone).toBe(1);
});
