/** PURE. How long things may take here: the times of a policy grow with the round trip, between two bounds. */
import { MARKER_DELAY } from '@iskra/protocol/wire';
import { EARLY } from './attempt.js';
import type { Attempt } from './attempt.js';

/** How long a probe may wait until nothing is unsettled, ms: a server keeps it for 30 s. */
const MOST = 25_000;

/**
 * The moment at which an attempt has had its time. `patience`: to its welcome, ms. `waits`: it is a probe that would end
 * something if it was followed now.
 */
export const dueOf = (
  { ready, startedAt, welcomeAt, provenAt, role, welcomeBy = Infinity }: Attempt,
  scaled: (times: number, least: number, most: number) => number,
  leniency: number,
  patience: number,
  waits: boolean,
): number => {
  if (!ready) return Infinity;
  if (!welcomeAt) return Math.min(startedAt + scaled(20, patience, 15_000) * leniency, welcomeBy);
  if (!provenAt) return welcomeAt + MARKER_DELAY + scaled(6, 1_500, 10_000);
  return role === 'probe' ? welcomeAt + (waits ? MOST : EARLY) : Infinity;
};
