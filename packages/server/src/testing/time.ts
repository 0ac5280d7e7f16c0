/** Time as a test moves it: a clock of its own, or the timers of the runtime, which a test runner may have replaced. */
import { setImmediate } from 'node:timers';
import type { Clock } from '@iskra/protocol/wire';
import { manualClock } from '@iskra/protocol/testing';

/** Timers of 2^31 ms overflow in every runtime and fire at once. */
const LONGEST_TIMER = 1e9;
/** Turns of the event loop in which everything happens that needs no time. */
const TURNS = 3;

/**
 * The global timers and `performance.now`, as they are when they are called: `vi.useFakeTimers()` and its like move a
 * world that goes by them. Never early.
 */
export const globalTimers: Clock = {
  now: () => performance.now(),
  at(moment, callback) {
    if (moment === Infinity) return () => {};
    let timer: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const wait = Math.max(0, Math.ceil(moment - performance.now()));
      timer = setTimeout(
        () => (performance.now() < moment ? arm() : callback()),
        Math.min(wait, LONGEST_TIMER),
      );
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** The time of a test server. */
export interface TestTime {
  readonly clock: Clock;
  /** Milliseconds since 1970: that moment at which it was made, and as many more as its clock has moved on. */
  wallClock(): number;
  /**
   * Moves on by so many ms. Timers come at their moments, and what they bring about happens before the next one: promises
   * settle, handlers run, and what is said arrives.
   *
   * @throws RangeError when `ms` is negative or not a number, Error where another clock was given.
   */
  advance(ms: number): Promise<void>;
  /** Lets everything happen that needs no time. */
  settled(): Promise<void>;
  /**
   * Moves on from one timer to the next until this is so.
   *
   * @param within ms of this clock. Default 60,000.
   * @throws Error when it is not so by then, or where another clock was given.
   */
  until(isSo: () => boolean, within?: number): Promise<void>;
}

export function createTime(given: Clock | undefined): TestTime {
  const own = manualClock();
  const clock = given ?? own;
  const began = Date.now() - clock.now();

  const needsOwn = (call: string): void => {
    if (given !== undefined) {
      throw new Error(
        `${call} moves the clock that a test server has of itself; this one was given another. Move that: with ` +
          'globalTimers and vi.useFakeTimers(), await vi.advanceTimersByTimeAsync(ms).',
      );
    }
  };

  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  };

  /** To the next timer that is due by then; false when there is none. */
  const move = (until: number): boolean => {
    const [next = Infinity] = own.waiting;
    if (next > until) return false;
    own.advance(Math.max(0, next - own.now()));
    return true;
  };

  return {
    clock,
    wallClock: () => began + clock.now(),
    settled,
    async advance(ms) {
      needsOwn('advance');
      if (!(ms >= 0)) throw new RangeError(`Time cannot move by ${ms} ms: it only goes on.`);
      const until = own.now() + ms;
      do await settled();
      while (move(until));
      own.advance(until - own.now());
      await settled();
    },
    async until(isSo, within = 60_000) {
      needsOwn('until');
      const last = own.now() + within;
      for (;;) {
        await settled();
        if (isSo()) return;
        if (!move(last)) {
          throw new Error(
            `It is still not so after ${within} ms of this clock: ${isSo.toString()}. Does it wait for something outside, ` +
              'a database say? Nothing here waits for that: give it something that needs no time, or goes by this clock.',
          );
        }
      }
    },
  };
}
