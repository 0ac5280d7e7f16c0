import { describe, expect, it } from 'vitest';
import { createRandom } from './random.js';

const numbers = (seed: number, name: string, count = 50): number[] => {
  const random = createRandom(seed, name);
  return Array.from({ length: count }, () => random.next());
};

describe('chance that can be repeated', () => {
  it('is the same for the same seed and name', () => {
    expect(numbers(7, 'anna')).toEqual(numbers(7, 'anna'));
  });

  it('is another for another seed, another name, and a seed that runs into its name', () => {
    const all = [
      numbers(7, 'anna'),
      numbers(8, 'anna'),
      numbers(7, 'bo'),
      numbers(1, '1 x'),
      numbers(11, 'x'),
    ];
    expect(new Set(all.map(([first]) => first)).size).toBe(all.length);
  });

  it('is not changed by what others draw', () => {
    const one = createRandom(7, 'anna');
    const other = createRandom(7, 'bo');
    const drawn = numbers(7, 'anna').map(() => {
      other.next();
      return one.next();
    });
    expect(drawn).toEqual(numbers(7, 'anna'));
  });

  it('stays within 0 and 1 and fills the space between', () => {
    const tenths = new Set(numbers(7, 'anna', 1_000).map((number) => Math.floor(number * 10)));
    expect(tenths).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });
});

describe('what is drawn', () => {
  const draw = <Value>(from: (random: ReturnType<typeof createRandom>) => Value): Value[] => {
    const random = createRandom(7, 'anna');
    return Array.from({ length: 500 }, () => from(random));
  };

  it('is a whole number from the least to the most, both included', () => {
    expect(new Set(draw((random) => random.whole(2, 4)))).toEqual(new Set([2, 3, 4]));
  });

  it('is a number from the least to below the most', () => {
    for (const number of draw((random) => random.between(2, 4))) {
      expect(number).toBeGreaterThanOrEqual(2);
      expect(number).toBeLessThan(4);
    }
  });

  it('is true about as often as asked: never, always, or in between', () => {
    const count = (probability: number) =>
      draw((random) => random.chance(probability)).filter(Boolean).length;
    expect(count(0)).toBe(0);
    expect(count(1)).toBe(500);
    expect(count(0.2)).toBeGreaterThan(60);
    expect(count(0.2)).toBeLessThan(140);
  });

  it('is each of the values sometimes; of none there is nothing to pick', () => {
    expect(new Set(draw((random) => random.pick(['a', 'b', 'c']))).size).toBe(3);
    expect(() => createRandom(7, 'anna').pick([])).toThrow(RangeError);
  });

  it('is some of the values, in their order', () => {
    for (const some of draw((random) => random.some([1, 2, 3, 4], 0.5)))
      expect(some).toEqual([1, 2, 3, 4].filter((value) => some.includes(value)));
    expect(createRandom(7, 'anna').some([1, 2, 3], 1)).toEqual([1, 2, 3]);
  });

  it('is as many bytes as asked', () => {
    expect(createRandom(7, 'anna').bytes(16)).toHaveLength(16);
    expect(createRandom(7, 'anna').bytes(16)).toEqual(createRandom(7, 'anna').bytes(16));
  });
});
