/** What a plain Node program gets from `@iskra/client`. */
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { connect } from './node.js';

test('speaks WebSocket without being handed one, also where Node has none of its own', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.on('listening', resolve));
  const opened = new Promise<unknown[]>((resolve) =>
    server.on('connection', (socket, { url }) =>
      socket.on('message', (data: Buffer) => resolve([url, socket.protocol, JSON.parse(data.toString())])),
    ),
  );
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}/realtime`);
  expect(await opened).toMatchObject(['/realtime/ws', 'iskra.1', [['hello', {}]]]);
  await client.close();
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
});
