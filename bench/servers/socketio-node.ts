/** Socket.IO on several nodes, by its own two ways over Redis: the Redis adapter (pub/sub) and the Streams adapter. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { CHANNEL, FIRST } from '../harness/work.js';
import { PAYLOAD } from '../works/across.js';
import type { ServeNode } from './start-node.js';

export const serveSocketIoNode: ServeNode = async ({ row }, redis) => {
  const client = new Redis(redis!);
  const adapter =
    row === 'streams' ? createStreamsAdapter(client) : createAdapter(client, client.duplicate());
  const http = createServer();
  const server = new Server(http, { transports: ['websocket'], serveClient: false, adapter });
  server.on('connection', (socket) => {
    void socket.join(CHANNEL);
    socket.emit('first', FIRST);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    port: (http.address() as AddressInfo).port,
    publish: () => void server.to(CHANNEL).emit('m', PAYLOAD),
  };
};
