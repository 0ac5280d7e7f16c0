/** Rolls all nodes of a fleet, one after another, while a crowd goes on talking through the balancer. */
import { pause } from '../matrix/speak.js';
import { runBalancer } from './balancer.js';
import { gather } from './crowd.js';
import type { Crowd, Tally } from './crowd.js';
import type { Ended, Fleet } from './fleet.js';
import { CHECK, SPREAD } from './times.js';

export interface Rolled extends Ended {
  /** Until another node was there in its place, ms. */
  readonly took: number;
  /** Clients that came to the other nodes. */
  readonly arrivals: number;
  /** Most that came within a second, and how many that would be if they came evenly. */
  readonly busiest: number;
  readonly even: number;
}

export interface Outcome {
  readonly rolls: readonly Rolled[];
  readonly tallies: readonly Tally[];
  readonly sends: Crowd['sends'];
}

export interface Settings {
  /** Clients of each transport. */
  each: number;
  /** Rooms that they are in, one each. */
  rooms: number;
  /** Ms between two messages. */
  every: number;
  /** Told of each node when it has been rolled. */
  onRolled?: (rolled: Rolled) => void;
}

export async function rollAll(fleet: Fleet, { each, rooms, every, onRolled }: Settings): Promise<Outcome> {
  const balancer = await runBalancer(fleet.ports);
  const rolls: Rolled[] = [];
  try {
    const crowd = await gather(`http://127.0.0.1:${balancer.port}/realtime`, each, rooms);
    crowd.talk(every);
    // What is usual is there before anything happens.
    await pause(2_000);
    for (const node of fleet.ports.keys()) {
      const rolled = await rollOne(fleet, node, crowd);
      rolls.push(rolled);
      onRolled?.(rolled);
    }
    crowd.hush();
    await crowd.rest(15_000);
    const outcome = { rolls, tallies: crowd.tallies(), sends: crowd.sends };
    await crowd.close();
    return outcome;
  } finally {
    await balancer.close();
  }
}

async function rollOne(fleet: Fleet, node: number, crowd: Crowd): Promise<Rolled> {
  const began = performance.now();
  const ended = await fleet.roll(node);
  const took = performance.now() - began;
  // The balancer has seen the new one before the next one goes.
  await pause(3 * CHECK);
  const arrivals = crowd.arrivals.filter((at) => at >= began).sort((one, other) => one - other);
  const busiest = Math.max(
    0,
    ...arrivals.map((from) => arrivals.filter((at) => at >= from && at < from + 1_000).length),
  );
  return { ...ended, took, arrivals: arrivals.length, busiest, even: (arrivals.length / SPREAD) * 1_000 };
}

/** What must not be, in words; none when nobody noticed. */
export function complaints({ rolls, tallies, sends }: Outcome): string[] {
  const sum = (name: 'lost' | 'doubled' | 'gaps' | 'disconnects'): number =>
    tallies.reduce((total, tally) => total + tally[name], 0);
  return inWords({
    'messages lost': sum('lost'),
    'messages doubled or out of order': sum('doubled'),
    gaps: sum('gaps'),
    'visible disconnects': sum('disconnects'),
    'sends rejected': sends.rejected,
    'sends whose outcome is unknown': sends.unknown,
    'sends that did not come to an end': sends.open,
    'clients closed': rolls.reduce((total, { closed }) => total + closed, 0),
  });
}

export function inWords(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
}
