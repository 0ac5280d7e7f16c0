/** Iskra on several nodes over one Redis; alone, with its store in memory. */
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { CHANNEL, FIRST } from '../harness/work.js';
import { PAYLOAD } from '../works/across.js';
import { settings } from './iskra.js';
import type { ServeNode } from './start-node.js';

export const serveIskraNode: ServeNode = async (_, redis) => {
  const realtime = createRealtime({
    ...settings,
    ...(redis && {
      store: (await import('@iskra/server/redis')).redisStore({ url: `redis://127.0.0.1:${redis}` }),
    }),
  });
  await realtime.publish(CHANNEL, 'first', FIRST);
  const { port } = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
  return { port, publish: () => void realtime.publish(CHANNEL, 'm', PAYLOAD) };
};
