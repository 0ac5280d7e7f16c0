/** A WebSocket of texts, with sockets that the test plays. */
import { manualClock } from '@iskra/protocol/testing';
import { expect, test } from 'vitest';
import type { Socket } from '../environment.js';
import { manualFrames } from './fixture.js';
import { createPlainStore } from './plain.js';

function scene(url = 'http://host/ws/ada', limit = 200) {
  const clock = manualClock();
  const frames = manualFrames();
  const sockets: (Socket & { url: string; sent: string[]; isClosed: boolean })[] = [];
  class Fake implements Socket {
    readyState = 1;
    sent: string[] = [];
    isClosed = false;
    onopen: Socket['onopen'] = null;
    onmessage: Socket['onmessage'] = null;
    onclose: Socket['onclose'] = null;
    onerror: Socket['onerror'] = null;
    constructor(readonly url: string) {
      sockets.push(this);
    }
    send(text: string) {
      this.sent.push(text);
    }
    close() {
      this.isClosed = true;
    }
  }
  const environment = { clock, random: () => 0.5, WebSocket: Fake, base: 'https://page/app/' };
  const store = createPlainStore(url, { limit }, environment, frames.frame);
  const last = () => sockets.at(-1)!;
  return {
    ...frames,
    clock,
    sockets,
    store,
    last,
    hear: (...texts: unknown[]) => {
      for (const data of texts) last().onmessage!({ data });
    },
    lose: () => last().onclose!({ code: 1006, reason: '' }),
    texts: () => store.snapshot().messages.map(({ text }) => text),
    turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
}

test('opens with the first listener, at an address of the page if need be', () => {
  const s = scene('/ws/ada');
  expect(s.sockets).toEqual([]);
  s.store.subscribe(() => {});
  s.store.subscribe(() => {});
  expect(s.sockets.map(({ url }) => url)).toEqual(['wss://page/ws/ada']);
});

test('shows what comes once a frame, bounded, and ignores what is no text', () => {
  const s = scene('http://host/ws/ada', 2);
  s.store.subscribe(() => {});
  s.last().onopen!();
  expect(s.store.snapshot().isConnected).toBe(true);
  s.hear('a', new Uint8Array(1), 'b', 'c', 'd', 'e', 'f');
  expect(s.texts()).toEqual([]);
  s.draw();
  expect(s.store.snapshot().messages).toEqual([
    { id: 5, text: 'e' },
    { id: 6, text: 'f' },
  ]);
});

test('sends at once, or when it is open, and says what it cannot take', () => {
  const s = scene();
  s.store.subscribe(() => {});
  const { sendMessage } = s.store.snapshot();
  for (let n = 1; n <= 100; n++) expect(sendMessage(String(n))).toBe(true);
  expect(sendMessage('101')).toBe(false);
  s.last().onopen!();
  expect(sendMessage('102')).toBe(true);
  expect(s.last().sent).toHaveLength(101);
  expect(s.last().sent.slice(-2)).toEqual(['100', '102']);
});

test('comes again with ever longer pauses, until something was received', () => {
  const s = scene();
  s.store.subscribe(() => {});
  s.last().onopen!();
  const pauses: number[] = [];
  const loseAndWait = (): void => {
    const before = s.clock.now();
    s.lose();
    expect(s.store.snapshot().isConnected).toBe(false);
    const [moment] = s.clock.waiting;
    pauses.push(moment! - before);
    s.clock.advance(moment! - before);
  };
  for (let times = 0; times < 8; times++) loseAndWait();
  s.hear('hi');
  loseAndWait();
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 250]);
  expect(s.sockets).toHaveLength(10);
});

test('closes after the last listener, and opens nothing more', async () => {
  const s = scene();
  s.store.subscribe(() => {})();
  s.store.subscribe(() => {})();
  await s.turn();
  expect(s.sockets.map(({ isClosed }) => isClosed)).toEqual([true]);
  expect(s.clock.waiting).toEqual([]);
  const off = s.store.subscribe(() => {});
  s.lose();
  off();
  await s.turn();
  expect(s.clock.waiting).toEqual([]);
});

test('shows nothing of a connection that was left before the frame', async () => {
  const s = scene();
  const off = s.store.subscribe(() => {});
  s.hear('late');
  off();
  await s.turn();
  s.draw();
  expect(s.texts()).toEqual([]);
});
