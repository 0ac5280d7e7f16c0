/**
 * One of the nodes of a case. Its application publishes whenever a byte arrives
 * at a port of its own, the same for all peers: what a client's publish costs
 * is another work's question.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { answer, cpu } from '../harness/child.js';
import type { Case } from '../harness/work.js';

export interface ServedNode {
  readonly port: number;
  publish(): void;
}
/** Starts one node on a free port of 127.0.0.1; without a Redis it is alone. */
export type ServeNode = (the: Case, redis: number | undefined) => Promise<ServedNode>;

const [the, redis] = [JSON.parse(process.argv[2]!) as Case, Number(process.argv[3]) || undefined];
const { port, publish } = await (await nodeOf(the))(the, redis);

const publisher = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    for (let one = 0; one < bytes.length; one++) publish();
  });
}).listen(0, '127.0.0.1');
await once(publisher, 'listening');

answer({ port: () => port, publisher: () => (publisher.address() as AddressInfo).port, cpu });

async function nodeOf({ peer }: Case): Promise<ServeNode> {
  if (peer === 'iskra') return (await import('./iskra-node.js')).serveIskraNode;
  if (peer === 'socketio') return (await import('./socketio-node.js')).serveSocketIoNode;
  return (await import('./ws-node.js')).serveWsNode;
}
