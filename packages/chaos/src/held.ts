/** PURE. Which pieces of an answer wait, and for what: `buffer`, `hold-first`, `one-behind`. */
import type { Faults } from './faults.js';

/** The pieces that wait. */
export interface Held {
  /** One more came: those that may go on now, in order. */
  take(piece: Buffer): Buffer[];
  /** No more will come. */
  rest(): Buffer[];
}

export function holdBy(faults: Faults): Held {
  const { buffer = 0, 'hold-first': first, 'one-behind': behind } = faults;
  let waiting: Buffer[] = [];
  let bytes = 0;
  let seen = 0;
  const howMany = (): number => {
    if (bytes < buffer) return 0;
    if (behind) return waiting.length - 1;
    return first && seen === 1 ? 0 : waiting.length;
  };
  const rest = (): Buffer[] => {
    const all = waiting;
    waiting = [];
    bytes = 0;
    return all;
  };
  return {
    take(piece) {
      waiting.push(piece);
      bytes += piece.length;
      seen++;
      const going = waiting.splice(0, howMany());
      for (const { length } of going) bytes -= length;
      return going;
    },
    rest,
  };
}
