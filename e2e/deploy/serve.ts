/** A node as a process of its own: on a Redis that others share, behind a proxy, and with a count of what comes to it. */
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { redisStore } from '@iskra/server/redis';
import { expose } from '../transports/child.js';

export interface NodeConfig {
  redis: string;
  name: string;
  /** 0 for a free one. */
  port: number;
}

/** What came to a node at the path of the transports. */
export interface Arrivals {
  requests: number;
  /** Of clients, as the proxy told them. */
  addresses: string[];
}

/** More entries than any test says. */
const LOG = 20_000;

const config = JSON.parse(process.argv[2] ?? '{}') as NodeConfig;
const realtime = createRealtime({
  store: redisStore({ url: config.redis, retention: { entries: LOG } }),
  node: config.name,
  secret: 'the same for all of them',
  trustedProxies: 1,
  logger: false,
});
const { server, port } = await serve(realtime, {
  port: config.port,
  hostname: '127.0.0.1',
  signals: true,
  // As `.env.example` has it.
  shutdownNotice: 3_000,
});

let arrivals: Arrivals = { requests: 0, addresses: [] };
for (const event of ['request', 'upgrade']) {
  server.prependListener(event, ({ url, headers }: { url: string; headers: NodeJS.Dict<string> }) => {
    if (!url.startsWith('/realtime/')) return;
    arrivals.requests++;
    arrivals.addresses.push(headers['x-forwarded-for'] ?? '');
  });
}

const verbs = {
  port: () => port,
  connections: () => realtime.activeConnections,
  /** Since it was asked last. */
  arrivals() {
    const came = arrivals;
    arrivals = { requests: 0, addresses: [] };
    return came;
  },
  /** The numbers in a channel, oldest first. */
  numbers: async (channel: string) =>
    (await realtime.history(channel, LOG)).map(({ envelope }) => (envelope.payload as { n: number }).n),
};
export type NodeVerbs = typeof verbs;
expose(verbs);
