/**
 * PURE. How voices are rolled up: of many connections to those of a node, of nodes to those of the cluster. What is
 * passed on is a tally and not the result, so the cluster has the same voices as if one node had all connections.
 *
 *   pain   what one connection in ten exceeds or reaches: a few who suffer are not averaged away
 *   chaos, trust, round trip    the mean of all connections
 */
import type { Voices } from '@iskra/protocol/wire';

/** What there is to know of a level. */
export interface Felt extends Voices {
  /** Mean of the smoothed round trips, ms. */
  roundTrip: number;
  /** Connections that were counted: streams whose heartbeats were answered. */
  connections: number;
}

/** Connections, counted. Tallies can be added to each other. */
export interface Tally {
  connections: number;
  /** Sums. */
  chaos: number;
  trust: number;
  roundTrip: number;
  /** How many hurt so much, in steps of 0.05: the first is 0, the second up to 0.05, the last up to 1. */
  pain: number[];
}

const STEPS = 20;
/** The share of connections that are worst off. */
const WORST = 0.1;

export const emptyTally = (): Tally => ({
  connections: 0,
  chaos: 0,
  trust: 0,
  roundTrip: 0,
  pain: Array.from({ length: STEPS + 1 }, () => 0),
});

/** Counts a connection; with a weight, so many that are like it. */
export function count(tally: Tally, { pain, chaos, trust }: Voices, roundTrip: number, weight = 1): void {
  tally.connections += weight;
  tally.chaos += chaos * weight;
  tally.trust += trust * weight;
  tally.roundTrip += roundTrip * weight;
  // A number like 0.7 × 20 may come out a little above 14.
  const step = Math.ceil(pain * STEPS - 1e-9);
  tally.pain[step] = (tally.pain[step] ?? 0) + weight;
}

export function merge(tallies: Iterable<Tally>): Tally {
  const sum = emptyTally();
  for (const one of tallies) {
    sum.connections += one.connections;
    sum.chaos += one.chaos;
    sum.trust += one.trust;
    sum.roundTrip += one.roundTrip;
    sum.pain = sum.pain.map((connections, step) => connections + (one.pain[step] ?? 0));
  }
  return sum;
}

/** The voices of those who were counted; undefined when nobody was. */
export function feltBy({ connections, chaos, trust, roundTrip, pain }: Tally): Felt | undefined {
  if (connections === 0) return undefined;
  let left = Math.ceil(connections * WORST);
  let step = STEPS;
  while (step > 0 && (left -= pain[step] ?? 0) > 0) step--;
  return {
    pain: step / STEPS,
    chaos: hundredths(chaos / connections),
    trust: hundredths(trust / connections),
    roundTrip: Math.round(roundTrip / connections),
    connections,
  };
}

/** How a connection feels on a node that has its own troubles: who is with somebody that hurts, hurts. */
export function together(connection: Voices, node: Voices): Voices {
  return {
    pain: hundredths(1 - (1 - connection.pain) * (1 - node.pain)),
    chaos: hundredths(1 - (1 - connection.chaos) * (1 - node.chaos)),
    // The node's own trust is no proof of this connection.
    trust: hundredths(connection.trust * (1 - node.pain) * (1 - node.chaos / 2)),
  };
}

/** A tally as a text of some 100 bytes, for other nodes. */
export function tallyText(tally: Tally): string {
  const { connections, chaos, trust, roundTrip, pain } = tally;
  return JSON.stringify([connections, hundredths(chaos), hundredths(trust), Math.round(roundTrip), ...pain]);
}

/** Undefined for a text that is none: another version may have written it. */
export function tallyOf(text: string): Tally | undefined {
  let numbers: unknown;
  try {
    numbers = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(numbers) || numbers.length !== STEPS + 5) return undefined;
  if (!numbers.every((one): one is number => typeof one === 'number' && one >= 0)) return undefined;
  const [connections = 0, chaos = 0, trust = 0, roundTrip = 0, ...pain] = numbers;
  return { connections, chaos, trust, roundTrip, pain };
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
