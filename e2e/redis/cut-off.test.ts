/** A node that does not reach Redis, while clients reach it: balancers send nobody there, and its clients go to the others. */
import { connect } from '@iskra/client';
import type { Client, TransportName } from '@iskra/client';
import { afterEach, expect, test } from 'vitest';
import { compiled, endAll, serving, start } from '../programs.js';
import { runBalancer } from '../rolling/balancer.js';
import { until } from './server.js';
import { doorTo, redisFor } from './world.js';

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await endAll();
});

test(
  'a node that is cut off from Redis is not ready until it is back, and nobody who listens misses anything',
  { timeout: 120_000 },
  async () => {
    const redis = await redisFor();
    const door = await doorTo(redis);
    const startNode = (name: string, url: string) =>
      serving(start(process.execPath, [compiled('rolling/serve-redis'), name], { REDIS_URL: url }));
    const nodes = [await startNode('cut off', door.url), await startNode('whole', redis.url)] as const;
    const ready = (): Promise<number[]> =>
      Promise.all(nodes.map(async ({ url }) => (await fetch(`${url}/ready`)).status));
    const balancer = await runBalancer(nodes.map(({ port }) => port));
    try {
      // Of each transport one for each node, by turns.
      const listeners = [...TRANSPORTS, ...TRANSPORTS].map((transport) => open(balancer.port, transport));
      for (const { room } of listeners) await room.subscribe();
      const speaker = open(nodes[1].port, 'websocket');
      await speaker.room.publish('said', 'before').settled;
      await until(() => listeners.every(({ seen }) => seen.length === 1));
      expect(await ready()).toEqual([200, 200]);

      door.letIn(0);
      await speaker.room.publish('said', 'meanwhile').settled;
      await until(async () => (await ready())[0] === 503);
      await until(() => listeners.every(({ seen }) => seen.length === 2));
      expect(await ready()).toEqual([503, 200]);

      door.open();
      await until(async () => (await ready())[0] === 200);
      await speaker.room.publish('said', 'after').settled;
      await until(() => listeners.every(({ seen }) => seen.length === 3));
      for (const { seen, gaps } of listeners)
        expect([seen, gaps]).toEqual([['before', 'meanwhile', 'after'], []]);
    } finally {
      await balancer.close();
    }
  },
);

function open(port: number, transport: TransportName) {
  const client = connect(`http://127.0.0.1:${port}/realtime`, { transports: [transport] });
  clients.push(client);
  const room = client.channel('room');
  const seen: unknown[] = [];
  const gaps: unknown[] = [];
  room.on('said', (text) => void seen.push(text));
  room.onGap((gap) => void gaps.push(gap));
  return { client, room, seen, gaps };
}
