/** Chance that a seed repeats. */
export interface Chance {
  /** 0 ≤ x < 1. */
  next(): number;
  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** True in this share of the cases, 0..1. */
  happens(share: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
  shuffled<Value>(values: readonly Value[]): Value[];
}

/** mulberry32; the same seed gives the same numbers. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    between,
    happens: (share) => next() < share,
    pick: (values) => values[between(0, values.length - 1)]!,
    shuffled(values) {
      const all = [...values];
      for (let at = all.length - 1; at > 0; at--) {
        const other = between(0, at);
        [all[at], all[other]] = [all[other]!, all[at]!];
      }
      return all;
    },
  };
}

/** A seed of its own for each part, so that one does not shift the chances of another. */
export function seedFor(seed: number, part: string): number {
  let mixed = seed | 0;
  for (const char of part) mixed = Math.imul(mixed ^ char.codePointAt(0)!, 0x01000193);
  return mixed >>> 0;
}
