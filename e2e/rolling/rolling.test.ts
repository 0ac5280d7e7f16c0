/** A deploy of real nodes behind a real balancer, while clients over all transports go on talking (G10, P71). */
import { afterEach, expect, it } from 'vitest';
import type { Fleet } from './fleet.js';
import { memoryFleet } from './memory-fleet.js';
import { redisFleet } from './redis-fleet.js';
import { complaints, rollAll } from './roll.js';

let fleet: Fleet | undefined;
afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
});

it.each([
  { fleetOf: memoryFleet, where: 'servers on one memory' },
  { fleetOf: redisFleet, where: 'processes on one Redis' },
])(
  'nobody notices that all $where are replaced, one after another',
  { timeout: 150_000 },
  async ({ fleetOf }) => {
    fleet = await fleetOf(3);
    const outcome = await rollAll(fleet, { each: 4, rooms: 1, every: 50 });
    expect(complaints(outcome)).toEqual([]);
    expect(outcome.sends.acknowledged).toBeGreaterThan(100);
    // 8 of them have a stream, and each of those had to move at least once.
    const moved = outcome.rolls.reduce((sum, { arrivals }) => sum + arrivals, 0);
    expect(moved).toBeGreaterThanOrEqual(8);
  },
);
