import { describe, expect, test } from 'vitest';
import { manualClock } from '@iskra/protocol/testing';
import { Message } from '../message.js';
import type { BlockSink, Exchange } from './exchange.js';
import { SseTransport } from './sse.js';
import type { Transport } from './transport.js';
import { WebSocketTransport } from './websocket.js';
import type { NodeSocket } from './websocket.js';

/** A reader that takes nothing until the test lets it: every write finds it full. */
interface Reader {
  readonly transport: Transport;
  readonly written: string[];
  /** Callbacks that wait for room. */
  readonly waiting: (() => void)[];
}

const readers: Record<string, () => Reader> = {
  WebSocket: () => {
    const written: string[] = [];
    const waiting: (() => void)[] = [];
    const socket = {
      writable: true,
      writableLength: 1e9,
      write: (frame: Buffer) => void written.push(frame.toString()),
      once: (_: string, callback: () => void) => void waiting.push(callback),
    };
    const peer = { on() {}, _socket: socket, extensions: '' } as unknown as NodeSocket;
    return { transport: new WebSocketTransport(peer, 1_000, manualClock()), written, waiting };
  },
  'event stream': () => {
    const written: string[] = [];
    const waiting: (() => void)[] = [];
    const sink: BlockSink = {
      queued: 0,
      write(block) {
        written.push(block.toString());
        return false;
      },
      whenWritable: (callback) => void waiting.push(callback),
      end() {},
    };
    const transport = new SseTransport({ stream: () => sink } as unknown as Exchange);
    transport.onWelcome();
    return { transport, written, waiting };
  },
};

describe.each(Object.entries(readers))('a full %s', (_, open) => {
  const ping = Message.of(['ping', 1]);

  test('is written to when it must be, and waits for room once, however often', () => {
    const { transport, written, waiting } = open();
    for (let n = 0; n < 20; n++) expect(transport.write(ping)).toBe(false);
    expect(written).toHaveLength(20);
    expect(waiting).toHaveLength(1);
  });

  test('tells that there is room, and waits again when it is full again', () => {
    const { transport, waiting } = open();
    let told = 0;
    transport.listener = { writable: () => void told++ };
    transport.write(ping);
    waiting.shift()?.();
    expect(told).toBe(1);
    transport.write(ping);
    expect(waiting).toHaveLength(1);
    waiting.shift()?.();
    expect(told).toBe(2);
  });
});
