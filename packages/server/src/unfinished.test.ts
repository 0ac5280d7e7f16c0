// What a connection has begun is finished without it: the session goes on at once, and nothing runs twice.

import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { serve } from './node.js';
import { createRealtime } from './realtime.js';
import type { Realtime, RealtimeOptions } from './realtime.js';
import { memoryStore } from './stores/memory.js';

const NONCE = 'Zk9vY2Q3c0hVbXhQUWJ0Zw';
const WORK = { delta: 'work', dimension: 1, omega: 1, lambda: 'continue', payload: null };

type Frame = [tag: string, ...rest: unknown[]];
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Something that a test lets happen, and sees happening. */
function gate(): { reached: Promise<void>; pass(): Promise<void>; open(): void } {
  let reach: () => void = () => {};
  let open: () => void = () => {};
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    reached,
    open: () => open(),
    pass: () => {
      reach();
      return opened;
    },
  };
}

async function start(options: RealtimeOptions): Promise<{ url: string; realtime: Realtime }> {
  const realtime = createRealtime({ logger: false, ...options });
  const { url, close } = await serve(realtime, { port: 0, hostname: '127.0.0.1', shutdownTimeout: 0 });
  ends.push(close);
  return { url: `${url.replace('http', 'ws')}/realtime/ws`, realtime };
}

/** Opens or resumes the session, and asks for the work as send 1. */
async function ask(url: string, known: object = {}) {
  const socket = new WebSocket(url, 'iskra.1');
  ends.push(() => socket.terminate());
  const frames: Frame[] = [];
  socket.on('message', (data: Buffer) => {
    frames.push(...(JSON.parse(data.toString()) as Frame[]));
    socket.emit('frames');
  });
  await once(socket, 'open');
  const hello = ['hello', { version: 1, nonce: NONCE, ...known }];
  socket.send(JSON.stringify([hello, ['request', 1, WORK]]));
  const next = async (tag: string): Promise<Frame> => {
    for (;;) {
      const found = frames.find(([name]) => name === tag);
      if (found !== undefined) return found;
      await once(socket, 'frames');
    }
  };
  const [, welcome] = (await next('welcome')) as [string, { payload: { key: string; inbox: unknown } }];
  const { key, inbox } = welcome.payload;
  return { socket, next, resume: { key, cursors: { '@': inbox } } };
}

test('a request whose connection drops runs once, and its reply is there on the next connection', async () => {
  const work = gate();
  let runs = 0;
  const { url, realtime } = await start({});
  realtime.handle('work', async () => {
    runs++;
    await work.pass();
    return 'done';
  });
  const first = await ask(url);
  await work.reached;
  first.socket.terminate();
  await expect.poll(() => realtime.activeConnections).toBe(0);

  const second = await ask(url, first.resume);
  work.open();
  expect(await second.next('entry')).toMatchObject([
    'entry',
    '@',
    expect.any(String),
    1,
    { payload: 'done' },
    1,
  ]);
  expect(await second.next('acked')).toEqual(['acked', 1, expect.any(String), 1]);
  expect(runs).toBe(1);
});

test('a reply waits for the next connection, however late that comes', async () => {
  const work = gate();
  const { url, realtime } = await start({});
  realtime.handle('work', () => work.pass());
  const first = await ask(url);
  await work.reached;
  first.socket.terminate();
  await expect.poll(() => realtime.activeConnections).toBe(0);
  work.open();

  const second = await ask(url, first.resume);
  expect(await second.next('entry')).toMatchObject([
    'entry',
    '@',
    expect.any(String),
    1,
    { delta: 'reply' },
    1,
  ]);
});

test('a connection that drops before its work could begin leaves no claim behind', async () => {
  const beginning = gate();
  const memory = memoryStore();
  let begins = 0;
  const begin = memory.begin.bind(memory);
  memory.begin = async (...args) => {
    const result = await begin(...args);
    if (++begins === 1) await beginning.pass();
    return result;
  };
  let runs = 0;
  const { url, realtime } = await start({ store: memory });
  realtime.handle('work', () => ++runs);
  const first = await ask(url);
  await beginning.reached;
  first.socket.terminate();
  await expect.poll(() => realtime.activeConnections).toBe(0);
  beginning.open();

  const second = await ask(url, first.resume);
  expect(await second.next('entry')).toMatchObject(['entry', '@', expect.any(String), 1, { payload: 1 }, 1]);
  expect(runs).toBe(1);
});

test('a handler whose connection has gone keeps the node busy until it is done', async () => {
  const work = gate();
  const { url, realtime } = await start({});
  realtime.handle('work', () => work.pass());
  const { socket } = await ask(url);
  await work.reached;
  socket.terminate();
  await expect.poll(() => realtime.activeConnections).toBe(0);
  expect(realtime.isBusy).toBe(true);
  work.open();
  await expect.poll(() => realtime.isBusy).toBe(false);
});
