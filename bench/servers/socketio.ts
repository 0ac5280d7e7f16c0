/** Socket.IO with its defaults, one transport allowed where the work is about one: a room, an echo, a first emit. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { CHANNEL, FIRST } from '../harness/work.js';
import type { Transport } from '../harness/work.js';
import type { Serve } from './start.js';

const allowed: Record<Transport, ('websocket' | 'polling')[]> = {
  websocket: ['websocket'],
  sse: [],
  'long-poll': ['polling'],
  polling: ['polling'],
  default: ['polling', 'websocket'],
};

export const serveSocketIo: Serve = async ({ transport }) => {
  const http = createServer();
  const server = new Server(http, { transports: allowed[transport], serveClient: false });
  server.on('connection', (socket) => {
    void socket.join(CHANNEL);
    socket.on('publish', (payload: unknown) => server.to(CHANNEL).emit('m', payload));
    socket.on('echo', (payload: unknown, acknowledge?: () => void) => {
      socket.emit('m', payload);
      acknowledge?.();
    });
    socket.emit('first', FIRST);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return (http.address() as AddressInfo).port;
};
