import { expect, test } from 'vitest';
import { createTally } from './tally.js';

const listeners = new Map([['a', [1, 2]]]);

test('everything that everybody heard in order is neither lost nor doubled', () => {
  const tally = createTally();
  for (let count = 0; count < 3; count++) {
    const number = tally.next('a', 7);
    for (const listener of [1, 2]) tally.heard(listener, 7, number);
  }
  expect(tally.outstanding(listeners)).toBe(0);
  expect([tally.missed(0), tally.deliveries]).toEqual([{ lost: 0, doubled: 0 }, 6]);
});

test('speakers are counted apart', () => {
  const tally = createTally();
  expect([tally.next('a', 1), tally.next('a', 2), tally.next('a', 1)]).toEqual([1, 1, 2]);
});

test('what was jumped over is lost, what comes again is doubled, what has not come yet is outstanding', () => {
  const tally = createTally();
  for (let count = 0; count < 5; count++) tally.next('a', 7);
  for (const number of [1, 3, 3, 2]) tally.heard(1, 7, number);
  tally.heard(2, 7, 1);
  expect(tally.outstanding(listeners)).toBe(2 + 4);
  expect(tally.missed(6)).toEqual({ lost: 1 + 6, doubled: 2 });
});
