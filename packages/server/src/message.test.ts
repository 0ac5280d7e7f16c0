import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockReader, parseMessage } from '@iskra/protocol/wire';
import { Gathering, Message, Run, entriesMessage, wireName } from './message.js';
import type { Entry } from './store.js';

const envelope = { delta: 'said', dimension: 1, omega: 1, lambda: 'continue' };
const bodyOf = (text: string): string => JSON.stringify({ ...envelope, payload: text });
const entry = (offset: number, body = bodyOf('x'), epoch = 'e'): Entry => ({ epoch, offset, body });

/** Several messages as one. */
function gathered(...messages: Message[]): Message {
  const gathering = new Gathering();
  for (const message of messages) gathering.add(message);
  return gathering.message;
}

/** A message whose text has exactly so many bytes. */
function ofLength(bytes: number, letter = 'x'): Message {
  const empty = Buffer.byteLength(Message.of(['error', { ...envelope, payload: '' }]).text);
  const each = Buffer.byteLength(letter);
  const letters = letter.repeat(Math.floor((bytes - empty) / each));
  const rest = 'x'.repeat((bytes - empty) % each);
  const message = Message.of(['error', { ...envelope, payload: letters + rest }]);
  expect(Buffer.byteLength(message.text)).toBe(bytes);
  return message;
}

describe('the WebSocket frame of a message', () => {
  // The library's own client reads it, so that no reader of ours stands on both sides.
  let server: Server;
  let frame = Buffer.alloc(0);

  beforeAll(async () => {
    server = createServer().on('upgrade', (request, socket) => {
      const magic = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(magic).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(frame);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const readBack = (message: Message): Promise<string> => {
    frame = Buffer.concat([message.webSocket, message.webSocket]);
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return new Promise((resolve, reject) => {
      const texts: string[] = [];
      socket.on('error', reject);
      socket.on('message', (data: Buffer, isBinary) => {
        texts.push(isBinary ? 'binary' : data.toString());
        if (texts.length < 2) return;
        socket.terminate();
        // The second one proves that the first one's length was right.
        resolve(texts[0] === texts[1] ? (texts[0] ?? '') : 'two different messages');
      });
    });
  };

  test.each([100, 125, 126, 127, 65_535, 65_536, 200_000])(
    'of %i bytes is read by another library as it was written',
    async (bytes) => {
      const message = ofLength(bytes);
      expect(await readBack(message)).toBe(message.text);
    },
  );

  test.each([126, 65_536, 65_537])('counts %i bytes, not characters', async (bytes) => {
    const message = ofLength(bytes, '👋');
    expect(await readBack(message)).toBe(message.text);
  });
});

describe('a message', () => {
  test('is one JSON array of its frames, in every form (P4)', () => {
    const message = Message.of(['expect', 3], ['acked', 2, 'e', 0]);
    expect(parseMessage(message.text)).toEqual([
      ['expect', 3],
      ['acked', 2, 'e', 0],
    ]);
    const blocks: string[] = [];
    blockReader((data) => blocks.push(data))(message.block.toString());
    expect(blocks).toEqual([message.text]);
    expect(message.body.toString()).toBe(message.text);
  });

  test('is encoded once, whoever receives it', () => {
    const message = Message.of(['expect', 3]);
    expect(message.webSocket).toBe(message.webSocket);
    expect(message.block).toBe(message.block);
    expect(message.body).toBe(message.body);
  });

  test('of several is one array again, in their order (P4)', () => {
    const joined = gathered(Message.of(['expect', 1], ['expect', 2]), Message.of(['expect', 3]));
    expect(joined.count).toBe(3);
    expect(parseMessage(joined.text)).toEqual([
      ['expect', 1],
      ['expect', 2],
      ['expect', 3],
    ]);
    expect(parseMessage(gathered().text)).toEqual([]);
  });

  test('of a single one keeps the bytes that others share', () => {
    const one = Message.of(['expect', 1]);
    expect(gathered(one)).toBe(one);
  });

  test('of entries carries each with its place, and the send that it answers (P34)', () => {
    const message = entriesMessage('room', [entry(4, bodyOf('é "quoted"\n')), entry(5, `${bodyOf('y')},12`)]);
    expect(parseMessage(message.text)).toEqual([
      ['entry', 'room', 'e', 4, { ...envelope, payload: 'é "quoted"\n' }],
      ['entry', 'room', 'e', 5, { ...envelope, payload: 'y' }, 12],
    ]);
  });

  test('of an inbox does not say whose it is', () => {
    expect(wireName('@secret-session')).toBe('@');
    expect(wireName('room:7')).toBe('room:7');
    expect(entriesMessage('@secret-session', [entry(1)]).text).not.toContain('secret');
  });
});

describe('a run', () => {
  test('takes the successor only', () => {
    const run = new Run('room', entry(4));
    expect(run.extend(entry(4))).toBe(false);
    expect(run.extend(entry(6))).toBe(false);
    expect(run.extend(entry(5, bodyOf('x'), 'other'))).toBe(false);
    expect(run.extend(entry(5))).toBe(true);
    expect([run.first, run.last, run.entries.map(({ offset }) => offset)]).toEqual([4, 5, [4, 5]]);
  });

  test('ends after 64 entries, so that one message stays readable at once', () => {
    const run = new Run('room', entry(1));
    let offset = 2;
    while (run.extend(entry(offset))) offset++;
    expect(run.last).toBe(64);
    expect(parseMessage(run.message.text)).toHaveLength(64);
  });

  test('ends after 64 KiB', () => {
    const big = bodyOf('x'.repeat(40_000));
    const run = new Run('room', entry(1, big));
    expect(run.extend(entry(2, big))).toBe(true);
    expect(run.extend(entry(3, big))).toBe(false);
  });

  test('has one message for all its readers', () => {
    const run = new Run('room', entry(1));
    run.extend(entry(2));
    expect(run.message).toBe(run.message);
    expect(parseMessage(run.message.text)).toHaveLength(2);
  });
});
