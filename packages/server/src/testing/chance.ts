/** Chance that can be repeated: every part of a test server has a generator of its own, named after it. */

export interface Chance {
  /** 0 ≤ x < 1. */
  next(): number;
  bytes(count: number): Uint8Array;
}

/** The generator of this seed and name; others of the same seed are independent of it. */
export function createChance(seed: number, name: string): Chance {
  let state = 0x811c9dc5;
  // FNV-1a: near seeds and names must not give near numbers.
  for (const character of `${seed} ${name}`) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
  };
}
