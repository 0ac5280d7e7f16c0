import { expect, test } from 'vitest';
import { Setbacks } from './setbacks.js';

test('count what befell a session, and forget half of it in 30 s', () => {
  const setbacks = new Setbacks();
  setbacks.count('s', 'failed', 0);
  setbacks.count('s', 'failed', 0);
  setbacks.count('s', 'switched', 30_000);
  expect(setbacks.of('s', 30_000)).toEqual({ failed: 1, switched: 1 });
  expect(setbacks.of('s', 60_000)).toEqual({ failed: 0.5, switched: 0.5 });
  expect(setbacks.of('other', 0)).toBeUndefined();
});

test('are swept when they have faded', () => {
  const setbacks = new Setbacks();
  setbacks.count('s', 'failed', 0);
  setbacks.sweep(60_000);
  expect(setbacks.of('s', 60_000)?.failed).toBe(0.25);
  setbacks.sweep(180_000);
  expect(setbacks.of('s', 180_000)).toBeUndefined();
});

test('of 100,000 sessions keep those whom something befell last', () => {
  const setbacks = new Setbacks();
  for (let n = 0; n < 100_000; n++) setbacks.count(`s${n}`, 'failed', n);
  expect(setbacks.of('s0', 100_000)).toBeUndefined();
  expect(setbacks.of('s94999', 100_000)).toBeUndefined();
  expect(setbacks.of('s95000', 100_000)?.failed).toBeGreaterThan(0.8);
});
