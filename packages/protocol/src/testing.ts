/**
 * Time that a test moves by hand. Nothing sleeps and nothing depends on how
 * fast the machine is: an hour of heartbeats takes as long as its callbacks.
 */
import type { Clock } from './machine.js';

/** A clock that stands still until it is moved, and never goes back. */
export interface ManualClock extends Clock {
  /**
   * Moves on by `ms` and calls back on the way, each callback at its own moment and in the order of the moments
   * (of the same moment: in the order of arming). A moment that has passed already is due at the next move,
   * also at `advance(0)`; nothing ever calls back from within `at`.
   *
   * @throws RangeError when `ms` is negative or not a number.
   */
  advance(ms: number): void;
  /** The moments that are waited for, soonest first. */
  readonly waiting: readonly number[];
}

/** More callbacks than this at one moment are a callback that arms itself again for ever. */
const MOST_AT_ONE_MOMENT = 100_000;

/** A {@link ManualClock} that starts at `start`, by default an odd moment, so that nobody takes 0 for "never". */
export function manualClock(start = 1_000): ManualClock {
  let now = start;
  let armed: { readonly moment: number; readonly callback: () => void }[] = [];

  const takeDue = (until: number): (() => void) | undefined => {
    const next = armed[0];
    if (next === undefined || next.moment > until) return undefined;
    armed.shift();
    now = Math.max(now, next.moment);
    return next.callback;
  };

  return {
    now: () => now,
    at(moment, callback) {
      if (Number.isNaN(moment)) throw new RangeError('The moment of a timer is not a number.');
      const timer = { moment, callback };
      const later = armed.findIndex((other) => other.moment > moment);
      armed.splice(later < 0 ? armed.length : later, 0, timer);
      return () => {
        armed = armed.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`The clock cannot move by ${ms} ms: time only goes on.`);
      const until = now + ms;
      let count = 0;
      let moment = now;
      for (let callback = takeDue(until); callback !== undefined; callback = takeDue(until)) {
        count = now === moment ? count + 1 : 0;
        moment = now;
        if (count > MOST_AT_ONE_MOMENT) {
          throw new Error(`A callback arms itself again and again at ${now} ms, so time cannot go on.`);
        }
        callback();
      }
      now = Math.max(now, until);
    },
    get waiting() {
      return armed.map(({ moment }) => moment);
    },
  };
}
