import { describe, expect, it } from 'vitest';
import { trendOf } from './trend.js';

/** A look each 2 s for so many seconds. */
const looks = (seconds: number, value: (second: number) => number) =>
  Array.from({ length: seconds / 2 + 1 }, (_, index) => ({ at: index * 2_000, value: value(index * 2) }));

/** A heap that is collected every 14 s. */
const breath = (second: number): number => (second % 14) * 0.5;

describe('the trend of a memory', () => {
  it('is flat where it breathes, though it grew at first', () => {
    const trend = trendOf(looks(300, (second) => 100 + Math.min(second, 90) + breath(second)));
    expect(trend).toMatchObject({ isFlat: true, seconds: 200 });
    expect(Math.abs(trend!.slope)).toBeLessThan(1);
  });

  it('is not where it grows for ever, however slowly: 3 a minute on 100, for five minutes', () => {
    const trend = trendOf(looks(300, (second) => 100 + second / 20 + breath(second)));
    expect(trend?.isFlat).toBe(false);
    expect(trend?.slope).toBeCloseTo(3, 0);
  });

  it('is not moved by a look that is far off', () =>
    expect(trendOf(looks(120, (second) => (second === 80 ? 900 : 100)))).toMatchObject({
      slope: 0,
      isFlat: true,
    }));

  it('is flat where it shrinks', () =>
    expect(trendOf(looks(120, (second) => 300 - second))).toMatchObject({ slope: -60, isFlat: true }));

  it('compares no more than some looks of a long time', () =>
    expect(trendOf(looks(40_000, (second) => 100 + second / 100))).toMatchObject({ isFlat: false }));

  it.each([0, 2, 30, 58])('is unknown after %d s', (seconds) =>
    expect(trendOf(looks(seconds, () => 100))).toBeUndefined(),
  );

  it('is unknown where nobody could look', () => expect(trendOf([])).toBeUndefined());
});
