/**
 * One timer for a whole node. Thousands of connections each have a deadline
 * that moves with every message; a timer each would cost more than the
 * messages. Callbacks come up to one tick late, never early.
 */
import type { Clock } from '@iskra/protocol/wire';

/** Milliseconds between looks at what is due. */
const TICK = 50;

export interface NodeClock extends Clock {
  stop(): void;
}

export function nodeClock(): NodeClock {
  const buckets = new Map<number, Set<() => void>>();
  let timer: NodeJS.Timeout | undefined;
  let last = Math.floor(performance.now() / TICK);

  const look = (): void => {
    const current = Math.floor(performance.now() / TICK);
    while (last < current) {
      last++;
      const due = buckets.get(last);
      buckets.delete(last);
      for (const callback of due ?? []) callback();
    }
    if (buckets.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };

  return {
    now: () => performance.now(),
    at(moment, callback) {
      if (timer === undefined) {
        last = Math.floor(performance.now() / TICK);
        timer = setInterval(look, TICK).unref();
      }
      const tick = Math.max(last + 1, Math.ceil(moment / TICK));
      let bucket = buckets.get(tick);
      if (bucket === undefined) buckets.set(tick, (bucket = new Set()));
      // One entry a call, also when the same function is given twice.
      const entry = (): void => callback();
      bucket.add(entry);
      return () => {
        bucket.delete(entry);
        if (bucket.size === 0) buckets.delete(tick);
      };
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      buckets.clear();
    },
  };
}
