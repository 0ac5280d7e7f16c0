/** Raw `ws`, written the way its README does: parse, stringify once, one send per client. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { FIRST } from '../harness/work.js';
import type { Serve } from './start.js';

export const serveWs: Serve = async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const first = JSON.stringify({ type: 'first', payload: FIRST });

  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string };
      const text = JSON.stringify(message);
      if (message.type === 'echo') {
        socket.send(text);
        return;
      }
      for (const client of server.clients) if (client.readyState === WebSocket.OPEN) client.send(text);
    });
    socket.send(first);
  });

  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return (http.address() as AddressInfo).port;
};
