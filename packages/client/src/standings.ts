/**
 * PURE. What is held against each rung of the ladder, and until when. A rung is judged only by its own evidence, and only
 * once another attempt has shown that its server is there: until then failures are mere suspicions. Every verdict expires.
 */
import type { Attempt } from './attempt.js';

/** What is held against a transport, and until when. */
export interface Standing {
  strikes: number;
  until: number;
  /** The last attempt that was held against it. */
  attempt: Attempt;
}

/** Verdicts expire after this time, so that a wrong one costs a minute at most, ms. */
export const VERDICT_LIFE = 50_000;

/** A poll that was welcome once, so that polls as such are let through. */
export const wasCut = (attempt?: Attempt): boolean => !!attempt?.welcomeAt && attempt.polls;

/** A stream that came through and was then closed. */
export const diedEarly = (attempt?: Attempt): boolean =>
  !!attempt?.openedAt && !attempt.polls && attempt.cause!.status !== undefined;

/** `suspects`: attempts that failed, though nobody of their server has answered since. */
export const isDoubted = (
  rank: number,
  standings: ReadonlyMap<number, Standing>,
  suspects: readonly Attempt[],
  now: number,
): boolean => {
  const { attempt, strikes = 0, until = 0 }: Partial<Standing> = standings.get(rank) ?? {};
  const suspect = suspects.find((one) => one.rank === rank);
  // One poll that was cut may be an accident; two are a habit of the network.
  if (wasCut(suspect ?? attempt) && strikes + (suspect ? 1 : 0) < 2) return false;
  return !!suspect || until > now;
};

/** To the next look at what is better, after so many; `held`: what is held against the next better rung. */
export const pauseOf = (
  schedule: readonly number[],
  looks: number,
  { attempt, strikes = 0 }: Partial<Standing> = {},
): number => {
  const usual = schedule[Math.min(looks, schedule.length - 1)]!;
  // No probe shows that a poll will be held: each look is another switch, so there are ever fewer.
  return Math.min(Math.max(usual, VERDICT_LIFE), wasCut(attempt) ? usual * 2 ** strikes : usual);
};
