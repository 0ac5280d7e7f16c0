/**
 * The floor: what a fan-out costs a server that does nothing else. A handshake,
 * then the same bytes in one write to each socket; of WebSocket it reads no more
 * than it must, and it promises nothing.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FIRST } from '../harness/work.js';
import type { Serve } from './start.js';

/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export const serveNet: Serve = async () => {
  const sockets = new Set<Socket>();
  const first = frame(JSON.stringify({ type: 'first', payload: FIRST }));
  const server = createServer();
  server.on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1')
      .update(request.headers['sec-websocket-key'] + GUID)
      .digest('base64');
    socket.setNoDelay();
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.write(first);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const text of textsIn(chunk)) {
        const message = frame(text);
        for (const other of sockets) other.write(message);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

/** The texts of masked frames under 64 kB; the load never cuts one in two. */
function* textsIn(chunk: Buffer): Generator<string> {
  for (let at = 0; at < chunk.length;) {
    const short = chunk[at + 1]! & 0x7f;
    const head = at + (short === 126 ? 4 : 2);
    const length = short === 126 ? chunk.readUInt16BE(at + 2) : short;
    const text = chunk.subarray(head + 4, head + 4 + length);
    for (let index = 0; index < length; index++) text[index]! ^= chunk[head + (index & 3)]!;
    yield text.toString();
    at = head + 4 + length;
  }
}

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const { length } = body;
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), body]);
}
