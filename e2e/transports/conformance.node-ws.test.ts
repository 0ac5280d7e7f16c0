import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { inNode } from '../browser/places.js';
import { startChild } from './child.js';
import { transportConformance } from './conformance.js';
import type { ServeVerbs } from './served.js';

transportConformance('a client in Node, of a server on @hono/node-ws', inNode(), {
  program: 'serve-node-ws',
});

it('a server on @hono/node-ws lives through resets in the middle of an upgrade, and keeps nothing of them', async () => {
  const server = await startChild<ServeVerbs>('transports/serve-node-ws');
  const port = await server.does.port();
  const waiting = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/waiting`)).json();
  const upgrade = (path: string): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    return socket;
  };
  // More than an address may have of those that have not said hello.
  const sockets = Array.from({ length: 120 }, () => upgrade('/late/ws'));
  await expect.poll(waiting).toBe(120);
  for (const socket of sockets) socket.resetAndDestroy();
  await expect.poll(waiting).toBe(0);
  const next = upgrade('/realtime/ws');
  const [answer] = (await once(next, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);
  next.destroy();
  await server.kill();
});
