/** So many may speak at a time; who only waits for the rest has left its seat. They sit down one after the other. */
import { pause } from './speak.js';

export interface Seats {
  /** Resolves when there is one; the answer gives it back, once. */
  take(): Promise<() => void>;
}

/** Between two who sit down, ms: what they open would be in each other's way, and be measured with it. */
const APART = 120;

export function createSeats(count: number): Seats {
  let nextAt = 0;
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    async take() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      const now = performance.now();
      nextAt = Math.max(now, nextAt + APART);
      await pause(nextAt - now);
      let taken = true;
      return () => {
        if (!taken) return;
        taken = false;
        const next = waiting.shift();
        if (next) next();
        else free++;
      };
    },
  };
}
