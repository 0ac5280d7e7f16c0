import { expect, test } from 'vitest';
import { createAttempt } from './attempt.js';
import { createBreaker } from './breaker.js';
import type { BreakerLimits } from './breaker.js';

/** The pauses, ms, that come of a server that rejects everything so often; undefined while the breaker is closed. */
function pausesOf(times: number, limits?: BreakerLimits): (number | undefined)[] {
  const breaker = createBreaker(20_000, () => 1, limits);
  return Array.from({ length: times }, () => {
    const one = createAttempt(1, { transport: 'polling', server: 'primary', rank: 0 }, 'race', 0);
    one.cause = { status: 403, detail: '' };
    breaker.ended(one);
    return breaker.pause();
  });
}

test('a server may reject everything five times; then pauses double up to five minutes (P57)', () => {
  expect(pausesOf(5)).toEqual(Array.from({ length: 5 }, () => undefined));
  expect(pausesOf(11).slice(5)).toEqual([40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
});

test('how often, and how long at most, can be set (P57)', () => {
  expect(pausesOf(3, { rejections: 1, pause: 60_000 })).toEqual([undefined, 40_000, 60_000]);
  expect(pausesOf(2, { rejections: 0 })).toEqual([40_000, 80_000]);
  expect(pausesOf(1, { rejections: 0, pause: 1_000 })).toEqual([1_000]);
});
