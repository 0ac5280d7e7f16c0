/** PURE. How long things may take here: the times of a policy grow with the round trip, between two bounds. */
import { MARKER_DELAY } from '@iskra/protocol/wire';
import { EARLY } from './attempt.js';
import type { Attempt } from './attempt.js';

/** The moment at which an attempt has had its time. `patience`: to its welcome, ms. */
export const dueOf = (
  { ready, startedAt, welcomeAt, provenAt, role, welcomeBy = Infinity }: Attempt,
  scaled: (times: number, least: number, most: number) => number,
  leniency: number,
  patience: number,
): number => {
  if (!ready) return Infinity;
  if (!welcomeAt) return Math.min(startedAt + scaled(20, patience, 15_000) * leniency, welcomeBy);
  if (!provenAt) return welcomeAt + MARKER_DELAY + scaled(6, 1_500, 10_000);
  return role === 'probe' ? welcomeAt + EARLY : Infinity;
};
