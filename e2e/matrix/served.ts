/**
 * What a server of the matrix does, ours and the peer's: says a first message to whoever comes, then a plan when it is
 * told to; and keeps the numbers that it hears. It listens on two ports: a box may ask either.
 */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import type { Turn } from './plan.js';

export interface MatrixVerbs {
  ports(): [number, number];
  /** Before anybody comes: the first message is there. */
  prepare(exchange: string): Promise<void>;
  /** Begins to say the plan. */
  begin(exchange: string, plan: readonly Turn[]): Promise<void>;
  /** Says one message now, for what is measured by hand. */
  say(exchange: string, n: number): Promise<void>;
  /** How many messages arrived. */
  count(exchange: string): Promise<number>;
  /** The numbers that arrived, in their order. */
  heard(exchange: string): Promise<number[]>;
}

/** A second port of the same server, as of a balancer's second target: the same process and the same memory. */
export async function secondPort(server: Server): Promise<number> {
  const second = createServer((socket) => server.emit('connection', socket));
  await new Promise<void>((resolve, reject) => {
    second.once('error', reject);
    second.listen(0, '127.0.0.1', resolve);
  });
  return (second.address() as AddressInfo).port;
}
