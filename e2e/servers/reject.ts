/**
 * A server that opens every connection and then rejects it without a code, as an application does whose middleware
 * throws behind the upgrade: WebSockets are closed with 1011 after their first message, requests get a 500.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { expose } from '../transports/child.js';

const server = createServer((request, response) => {
  attempts.push(Date.now());
  request.resume().once('end', () => response.writeHead(500).end());
});
/** When each was made, ms since 1970. */
const attempts: number[] = [];

const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  attempts.push(Date.now());
  socket.on('error', () => undefined);
  socket.once('message', () => socket.close(1011));
});
server.listen(0, '127.0.0.1', () => expose(verbs));

const verbs = {
  port: () => (server.address() as AddressInfo).port,
  /** Those since the last time that somebody asked. */
  attempts: () => attempts.splice(0).length,
};
export type RejectVerbs = typeof verbs;
