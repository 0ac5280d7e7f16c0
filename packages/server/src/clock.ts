/**
 * One timer for a whole node. Thousands of connections each have a deadline
 * that moves with every message; a timer each would cost more than the
 * messages. Callbacks come up to one tick late, those of far moments up to ten,
 * and never early.
 */
import type { Clock } from '@iskra/protocol/wire';

/** Milliseconds of a tick. */
const TICK = 10;
/** Ticks among which the next bucket is looked for one by one. */
const NEAR = 1_000;
/** Milliseconds of the longest timer: Node takes one over 2^31 for 1, and a look passes every tick since the last. */
const LONGEST = 60_000;
/** Moments further away than this many ms share buckets ten times as wide: fewer and fuller. */
const FAR = 1_000;
const FAR_TICKS = 10;

export interface NodeClock extends Clock {
  stop(): void;
}

export function nodeClock(): NodeClock {
  const buckets = new Map<number, Set<() => void>>();
  let timer: NodeJS.Timeout | undefined;
  /** The tick for which the timer is set; Infinity for none. */
  let armedFor = Infinity;
  /** The last tick that was looked at. */
  let last = Math.floor(performance.now() / TICK);
  /** No bucket is later. */
  let furthest = last;

  const arm = (tick: number): void => {
    if (tick >= armedFor) return;
    clearTimeout(timer);
    armedFor = tick;
    const wait = Math.ceil(tick * TICK - performance.now());
    timer = setTimeout(look, Math.min(LONGEST, Math.max(1, wait))).unref();
  };

  const look = (): void => {
    armedFor = Infinity;
    const current = Math.floor(performance.now() / TICK);
    while (last < current) {
      last++;
      const due = buckets.get(last);
      if (due === undefined) continue;
      buckets.delete(last);
      for (const callback of due) callback();
    }
    // The next one is near as a rule; a far one is not worth a look at every tick before it.
    const near = Math.min(furthest, last + NEAR);
    for (let tick = last + 1; tick <= near; tick++) {
      if (buckets.has(tick)) return arm(tick);
    }
    if (buckets.size > 0) arm([...buckets.keys()].reduce((a, b) => Math.min(a, b)));
  };

  return {
    // Whole milliseconds: a fraction would cost each stored moment a box of its own.
    now: () => Math.floor(performance.now()),
    at(moment, callback) {
      if (moment === Infinity) return () => {};
      const now = performance.now();
      if (buckets.size === 0) last = Math.floor(now / TICK);
      const grain = moment - now > FAR ? FAR_TICKS : 1;
      const tick = Math.max(last + 1, Math.ceil(moment / TICK / grain) * grain);
      furthest = Math.max(furthest, tick);
      let bucket = buckets.get(tick);
      if (bucket === undefined) buckets.set(tick, (bucket = new Set()));
      // One entry a call, also when the same function is given twice.
      const entry = bucket.has(callback) ? () => callback() : callback;
      bucket.add(entry);
      arm(tick);
      return () => {
        bucket.delete(entry);
        if (bucket.size === 0 && buckets.get(tick) === bucket) buckets.delete(tick);
      };
    },
    stop() {
      clearTimeout(timer);
      armedFor = Infinity;
      buckets.clear();
    },
  };
}
