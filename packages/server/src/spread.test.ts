import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delaysOf, placeOf, spreadOf } from './spread.js';

/** The most that fall into any window of this length. */
function mostWithin(window: number, moments: readonly number[]): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let first = 0;
  return sorted.reduce((most, moment, last) => {
    while (moment - sorted[first]! >= window) first++;
    return Math.max(most, last - first + 1);
  }, 0);
}

describe('the moments at which clients leave (P71)', () => {
  test('stay under twice the even spread, in every window whose share is two clients or more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 1_000, max: 600_000 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (clients, spread, share) => {
          const window = share * spread;
          const even = clients * share;
          // Of fewer than two, one more is twice as many; and a moment is a whole millisecond.
          fc.pre(even >= 2 && window >= 50);
          expect(mostWithin(window, delaysOf(clients, spread))).toBeLessThan(2 * even);
        },
      ),
    );
  });

  test('are one for each client, none beyond the spread', () => {
    const delays = delaysOf(1_000, 5_000);
    expect(delays).toHaveLength(1_000);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(5_000);
    // 200 a second are even.
    expect(mostWithin(1_000, delays)).toBeLessThanOrEqual(201);
  });

  test('are even too for those who are met one after another, however many come', () => {
    for (const count of [1, 7, 64, 500]) {
      const places = Array.from({ length: count }, (_, place) => placeOf(place));
      expect(new Set(places).size).toBe(count);
      for (const share of [0.1, 0.25, 0.5]) {
        const even = share * count;
        if (even >= 8) expect(mostWithin(share, places)).toBeLessThan(2 * even);
      }
    }
  });
});

test('few clients take five seconds, many are sent away 200 a second, and never more than half the time is used', () => {
  expect(spreadOf(1, 1_800_000)).toBe(5_000);
  expect(spreadOf(1_000, 1_800_000)).toBe(5_000);
  expect(spreadOf(100_000, 1_800_000)).toBe(500_000);
  expect(spreadOf(100_000, 30_000)).toBe(15_000);
  expect(spreadOf(3, 0)).toBe(0);
});
