/**
 * PURE. Beside the core: whether something on the way keeps what came last until more comes. Each `pong` on such an event
 * stream is late, and what it pushes out comes before it (P58).
 */
import type { Attempt } from './attempt.js';

/** In a pause of so long a busy stream is asked whether it stays one behind, ms; and if it does not, its `pong` is not so late. */
export const PAUSE = 100;
/** With so much against it a stream stays one behind: each late `pong` is two, and each in time takes one away. */
const ENOUGH = 9;
/** What is against it to begin with. */
const UNKNOWN = 3;

export interface Behind {
  /** Whether it is to be asked in the next pause: it is not known to be in time, and brought something since it was judged. */
  doubts(attempt: Attempt): boolean;
  /** A `pong` came down it. Whether it stays one behind. */
  echoed(attempt: Attempt, moment: number, now: number): boolean;
}

export const createBehind = (): Behind => ({
  doubts: ({ behind = UNKNOWN, entryAt = 0, judgedAt = Infinity }) => behind > 0 && entryAt > judgedAt,
  echoed(one, moment, now) {
    const { behind = UNKNOWN, entryAt = 0, echo, echoAt = 0 } = one;
    // What the stream brings before the answer has waited for nothing.
    if (moment !== echo) return false;
    one.judgedAt = now;
    const isLate = entryAt >= moment && now - Math.max(entryAt, echoAt) > PAUSE;
    one.behind = Math.max(0, behind + (isLate ? 2 : -1));
    return one.behind >= ENOUGH;
  },
});
