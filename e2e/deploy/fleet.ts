/** Several nodes on one Redis: each can be killed, started again where it was, and told to go. */
import { startRedis } from '../redis/server.js';
import { startChild } from '../transports/child.js';
import type { Child } from '../transports/child.js';
import type { Arrivals, NodeVerbs } from './serve.js';

export interface Fleet {
  readonly ports: readonly number[];
  /** At once, as in a crash. */
  kill(node: number): Promise<void>;
  /** On its old port. */
  start(node: number): Promise<void>;
  /** As whoever deploys does: by SIGTERM. Resolves when it has ended. */
  end(node: number): Promise<void>;
  /** What came to each node since it was asked last; to one that is gone, nothing. */
  arrivals(): Promise<Arrivals[]>;
  connections(node: number): Promise<number>;
  /** The numbers in a channel, as another node than the clients' has them. */
  numbers(channel: string): Promise<number[]>;
  stop(): Promise<void>;
}

const NONE: Arrivals = { requests: 0, addresses: [] };

export async function startFleet(count: number): Promise<Fleet> {
  const redis = await startRedis();
  const nodes: (Child<NodeVerbs> | undefined)[] = [];
  const ports: number[] = [];
  const start = async (node: number): Promise<void> => {
    const config = { redis: redis.url, name: `node-${node + 1}`, port: ports[node] ?? 0 };
    nodes[node] = await startChild<NodeVerbs>('deploy/serve', config);
    ports[node] = await nodes[node].does.port();
  };
  for (let node = 0; node < count; node++) await start(node);
  const take = (node: number): Child<NodeVerbs> => {
    const taken = nodes[node];
    if (taken === undefined) throw new Error(`Node ${node} is not there.`);
    nodes[node] = undefined;
    return taken;
  };
  return {
    ports,
    start,
    kill: (node) => take(node).kill(),
    async end(node) {
      process.kill(nodes[node]!.pid, 'SIGTERM');
      await nodes[node]!.ended;
      take(node);
    },
    arrivals: () =>
      Promise.all(nodes.map(async (node) => (await node?.does.arrivals().catch(() => NONE)) ?? NONE)),
    connections: async (node) => (await nodes[node]?.does.connections()) ?? 0,
    async numbers(channel) {
      const node = nodes.find((one) => one !== undefined);
      return (await node?.does.numbers(channel)) ?? [];
    },
    async stop() {
      await Promise.all(nodes.flatMap((node) => node?.kill() ?? []));
      await redis.end();
    },
  };
}
