/** Chance that can be repeated: every actor and every fault has a generator of its own, named after it. */

export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number;
  /** A number from `least` to below `most`. */
  between(least: number, most: number): number;
  pick<Value>(values: readonly Value[]): Value;
  /** Some of the values, each with this probability, in their order. */
  some<Value>(values: readonly Value[], probability: number): Value[];
  /** So many random bytes. */
  bytes(count: number): Uint8Array;
}

/** The generator of this seed and name; others of the same seed are independent of it. */
export function createRandom(seed: number, name: string): Random {
  const next = sfc32(...spread(`${seed} ${name}`));
  const random: Random = {
    next,
    chance: (probability) => next() < probability,
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    between: (least, most) => least + next() * (most - least),
    pick(values) {
      const value = values[Math.floor(next() * values.length)];
      if (value === undefined) throw new RangeError('There is nothing to pick from.');
      return value;
    },
    some: (values, probability) => values.filter(() => next() < probability),
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
  };
  return random;
}

/** Four words from a text (FNV-1a with four starts). */
function spread(text: string): [number, number, number, number] {
  const word = (start: number): number => {
    let hash = start;
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  };
  return [word(0x811c9dc5), word(0x9e3779b9), word(0x85ebca6b), word(0xc2b2ae35)];
}

/** Chris Doty-Humphrey's small fast counting generator, of 32 bits. */
function sfc32(a: number, b: number, c: number, d: number): () => number {
  const next = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let turn = 0; turn < 12; turn++) next();
  return next;
}
