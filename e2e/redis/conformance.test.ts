/** What the memory store promises, the Redis store promises too: on one Redis, and on a cluster of three masters. */
import { redisStore } from '@iskra/server/redis';
import { storeConformance } from '@iskra/server/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startCluster, startRedis } from './server.js';

let runs = 0;

function conformance(name: string, start: () => Promise<{ url: string; end(): Promise<void> }>): void {
  describe(name, () => {
    let redis: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => void (redis = await start()));
    afterAll(() => redis.end());
    storeConformance(
      'the Redis store',
      ({ window, presenceWindow, entries }) => {
        let now = 1_764_000_000_000;
        const options = {
          ...{ url: redis.url, prefix: `test${++runs}`, window, presenceWindow },
          ...{ retention: { entries }, inbox: { entries }, now: () => now },
        };
        return {
          store: redisStore(options),
          peer: redisStore(options),
          advance: (ms) => void (now += ms),
        };
      },
      { describe, it },
    );
  });
}

conformance('on one Redis', () => startRedis());
conformance('on a cluster', () => startCluster());
