// A peer that sends faster than its sends are performed, over a real socket: the server keeps no more of it than it may.

import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { serve } from './node.js';
import { createRealtime } from './realtime.js';
import type { RealtimeOptions } from './realtime.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const MANY = 200;
const envelope = (delta: string) => ({
  ...{ delta, dimension: 1, omega: 1, lambda: 'continue' },
  payload: 'x'.repeat(10_000),
});

/** A server whose handler waits until it is let go; what it keeps of one WebSocket is ten messages. */
async function start(options: RealtimeOptions = {}) {
  let letGo = (): void => {};
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const handled: number[] = [];
  const realtime = createRealtime({
    ...options,
    logger: false,
    limits: { unsettled: 100_000, sendRate: { perSecond: 1e6, burst: 1e6 }, sends: MANY },
  });
  realtime.handle('slow', async () => {
    await gate;
    return handled.push(1);
  });
  const { port } = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
  ends.push(() => realtime.close());
  ends.push(() => letGo());

  const open = async (nonce: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime/ws`, 'iskra.1');
    ends.push(() => socket.terminate());
    const frames: unknown[][] = [];
    socket.on('message', (data: Buffer) => frames.push(...(JSON.parse(data.toString()) as unknown[][])));
    await once(socket, 'open');
    const say = (...given: unknown[]) => socket.send(JSON.stringify(given));
    say(['hello', { version: 1, nonce }]);
    await expect.poll(() => frames[0]?.[0]).toBe('welcome');
    return { socket, frames, say };
  };
  const received = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(/^iskra_messages_received_total\{[^}]*websocket[^}]*\} (\d+)/m.exec(text)?.[1]);
  };
  return { realtime, port, open, received, letGo, handled };
}

test('what is sent faster than it is performed is not read, and comes in order as soon as it can', async () => {
  const { open, received, letGo, handled } = await start();
  const [one, other] = [await open('Zk9vY2Q3c0hVbXhQUWJ0Zw'), await open('Zk9vY2Q3c0hVbXhQUWJ0Zx')];
  for (let number = 1; number <= MANY; number++) one.say(['request', number, envelope('slow')]);
  await expect.poll(() => one.socket.bufferedAmount).toBe(0);
  // Another one is served meanwhile, and by then everything that was to be read has been.
  for (let moment = 1; moment <= 20; moment++) {
    other.say(['ping', moment]);
    await expect.poll(() => other.frames.some(([tag, at]) => tag === 'pong' && at === moment)).toBe(true);
  }
  const kept = (await received()) - 22;
  expect(kept).toBeGreaterThanOrEqual(10);
  // What had come in one piece with it is read still.
  expect(kept).toBeLessThan(30);

  letGo();
  const acked = () => one.frames.filter(([tag]) => tag === 'acked').at(-1)?.[1];
  await expect.poll(acked).toBe(MANY);
  expect(handled).toHaveLength(MANY);
  expect(one.frames.filter(([tag]) => tag === 'close')).toEqual([]);
});

test('a peer that is not read is closed as any other', async () => {
  const { realtime, open, received } = await start();
  const one = await open('Zk9vY2Q3c0hVbXhQUWJ0Zw');
  for (let number = 1; number <= 30; number++) one.say(['request', number, envelope('slow')]);
  await expect.poll(received).toBeGreaterThan(10);
  const closed = once(one.socket, 'close');
  const { session } = (one.frames[0]![1] as { payload: { session: string } }).payload;
  await realtime.disconnect(session);
  expect((await closed)[0]).toBe(4403);
});

test('what came while its session was being opened is held as well, and goes on behind it', async () => {
  let letIn = (): void => {};
  const gate = new Promise<void>((resolve) => (letIn = resolve));
  const { port, received } = await start({ authenticate: () => gate.then(() => ({})) });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime/ws`, 'iskra.1');
  ends.push(() => socket.terminate());
  const frames: unknown[][] = [];
  socket.on('message', (data: Buffer) => frames.push(...(JSON.parse(data.toString()) as unknown[][])));
  await once(socket, 'open');
  const say = (...given: unknown[]) => socket.send(JSON.stringify(given));
  say(['hello', { version: 1, nonce: 'Zk9vY2Q3c0hVbXhQUWJ0Zw', auth: 'ann' }]);
  // Nothing that has to be performed: what waits is settled with the welcome.
  for (let n = 0; n < 30; n++) say(['nonsense', 'x'.repeat(10_000)]);
  await expect.poll(received).toBeGreaterThan(10);
  say(['ping', 7]);
  letIn();
  await expect.poll(() => frames.some(([tag, moment]) => tag === 'pong' && moment === 7)).toBe(true);
});
