/** The peer's server of the matrix, as a process of its own, with its defaults: a room of each exchange. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { expose } from '../transports/child.js';
import type { Numbered } from './plan.js';
import { secondPort } from './served.js';
import type { MatrixVerbs } from './served.js';
import { speak } from './speak.js';

const http = createServer();
const io = new Server(http, { serveClient: false });
const heard = new Map<string, number[]>();
const of = (exchange: string): number[] => heard.get(exchange) ?? [];

io.on('connection', (socket) => {
  const { exchange } = socket.handshake.auth as { exchange: string };
  void socket.join(exchange);
  socket.on('said', ({ n }: Numbered) => void of(exchange).push(n));
  socket.emit('said', { n: 0, pad: '' });
});
const say = (exchange: string, message: Numbered): void =>
  void io.to(exchange).emit('said', { ...message, at: Date.now() });

http.listen(0, '127.0.0.1');
await once(http, 'listening');
const first = (http.address() as AddressInfo).port;
const second = await secondPort(http);

expose({
  ports: () => [first, second],
  async prepare(exchange) {
    heard.set(exchange, []);
  },
  async begin(exchange, plan) {
    void speak(plan, (message) => say(exchange, message));
  },
  async say(exchange, n) {
    say(exchange, { n, pad: '' });
  },
  count: async (exchange) => of(exchange).length,
  heard: async (exchange) => of(exchange),
} satisfies MatrixVerbs);
