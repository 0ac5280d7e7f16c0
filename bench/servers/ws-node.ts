/** Raw `ws` on several nodes, as tutorials do it: publish to Redis, and send what comes to each client. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { WebSocket, WebSocketServer } from 'ws';
import { CHANNEL, FIRST } from '../harness/work.js';
import { PAYLOAD } from '../works/across.js';
import type { ServeNode } from './start-node.js';

export const serveWsNode: ServeNode = async (_, redis) => {
  const client = new Redis(redis!);
  const subscriber = client.duplicate();
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const first = JSON.stringify({ type: 'first', payload: FIRST });
  server.on('connection', (socket) => socket.send(first));
  await subscriber.subscribe(CHANNEL);
  subscriber.on('message', (_channel, text) => {
    for (const one of server.clients) if (one.readyState === WebSocket.OPEN) one.send(text);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    port: (http.address() as AddressInfo).port,
    publish: () => void client.publish(CHANNEL, JSON.stringify({ type: 'm', payload: PAYLOAD })),
  };
};
