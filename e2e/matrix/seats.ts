/** So many may speak at a time; who only waits for the rest has left its seat. */
export interface Seats {
  /** Resolves when there is one; the answer gives it back, once. */
  take(): Promise<() => void>;
}

export function createSeats(count: number): Seats {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    async take() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
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
