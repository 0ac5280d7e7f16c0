/** A deploy of real nodes behind a real balancer, while clients over all transports go on talking (G10, P71). */
import { afterEach, expect, it } from 'vitest';
import type { Fleet } from './fleet.js';
import { memoryFleet } from './memory-fleet.js';
import { redisFleet } from './redis-fleet.js';
import { complaints, rollAll } from './roll.js';
import { KILL, strike, wounds } from './strike.js';
import type { Blow, Struck } from './strike.js';

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

/** Of what a machine that does other things as well can be asked: in how many ms everybody lives again. */
const ALIVE = 20_000;

function expectNobodyHurt(struck: Struck): void {
  expect(
    wounds({ ...struck, tallies: struck.tallies.map((tally) => ({ ...tally, live: [], disconnects: 0 })) }),
  ).toEqual([]);
  expect(struck.sends.acknowledged).toBeGreaterThan(200);
  for (const { live, transport } of struck.tallies) {
    expect(live.length, `${transport}: those who had to come again`).toBeGreaterThan(0);
    expect(live.at(-1), transport).toBeLessThan(ALIVE);
  }
}

it(
  'nothing is lost or doubled, and no member list has a ghost, when one of three processes is killed',
  { timeout: 240_000 },
  async () => {
    const processes = await redisFleet(3);
    fleet = processes;
    expectNobodyHurt(await strike(processes, { each: 15, rooms: 3, every: 50 }, KILL));
  },
);

/** So long that its clients go, and that others take what it had begun; then it goes on, with all that it still has to say. */
const STOP: readonly Blow[] = [
  ['SIGSTOP', 10_000],
  ['SIGCONT', 5_000],
];

it(
  'nothing is lost or doubled when one of three processes is stopped for 10 s, and goes on',
  { timeout: 240_000 },
  async () => {
    const processes = await redisFleet(3);
    fleet = processes;
    expectNobodyHurt(await strike(processes, { each: 5, rooms: 1, every: 50 }, STOP));
  },
);
