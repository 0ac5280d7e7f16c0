import { describe, expect, test } from 'vitest';
import { Rates } from './rates.js';

describe('a rate', () => {
  test('lets a burst through, then tells how long to wait', () => {
    const rates = new Rates({ perSecond: 10, burst: 3 });
    expect([1, 2, 3, 4].map(() => rates.take('a', 0))).toEqual([0, 0, 0, 100]);
    expect(rates.take('a', 60)).toBe(40);
    expect(rates.take('a', 100)).toBe(0);
    expect(rates.take('a', 100)).toBe(100);
  });

  test('earns as much as a burst, not more', () => {
    const rates = new Rates({ perSecond: 10, burst: 3 });
    rates.take('a', 0);
    expect([1, 2, 3, 4].map(() => rates.take('a', 3_600_000))).toEqual([0, 0, 0, 100]);
  });

  test('counts every key for itself', () => {
    const rates = new Rates({ perSecond: 1, burst: 1 });
    expect(rates.take('a', 0)).toBe(0);
    expect(rates.take('b', 0)).toBe(0);
    expect(rates.take('a', 0)).toBe(1_000);
  });

  test('is not forgotten for a crowd of others while it still holds somebody back', () => {
    const rates = new Rates({ perSecond: 1, burst: 2 });
    for (let n = 0; n < 49_999; n++) rates.take(`early ${n}`, 0);
    rates.take('busy', 5_000);
    rates.take('busy', 5_000);
    // The crowd makes room: those who are whole again go, the busy one stays.
    expect(rates.take('newcomer', 5_000)).toBe(0);
    expect(rates.take('busy', 5_000)).toBe(1_000);
  });

  test('goes on when everybody is busy: the oldest are forgotten', () => {
    const rates = new Rates({ perSecond: 1, burst: 1 });
    for (let n = 0; n < 50_001; n++) expect(rates.take(`${n}`, 0)).toBe(0);
    expect(rates.take('50000', 0)).toBe(1_000);
    expect(rates.take('0', 0)).toBe(0);
  });
});
