import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Distribution } from './distribution.js';

test('counts each value at the first bound that it is not over', () => {
  const seconds = new Distribution([0.1, 1, 10]);
  for (const value of [0, 0.1, 0.11, 1, 9, 10.1]) seconds.observe(value);
  expect([...seconds.counts]).toEqual([2, 2, 1, 1]);
  expect(seconds.count).toBe(6);
  expect(seconds.sum).toBeCloseTo(20.31);
});

test('counts a value as often as it is told', () => {
  const seconds = new Distribution([1]);
  seconds.observe(0.5, 64);
  expect([seconds.counts[0], seconds.sum]).toEqual([64, 32]);
});

test('takes nothing that is no time, so no input can spoil its sum', () => {
  const seconds = new Distribution([1]);
  for (const value of [NaN, -1, Infinity, -Infinity]) seconds.observe(value);
  expect([seconds.count, seconds.sum]).toEqual([0, 0]);
});

test('tells its listener of each value that it takes', () => {
  const seconds = new Distribution([1]);
  const told: [number, number][] = [];
  seconds.listener = (value, times) => void told.push([value, times]);
  seconds.observe(0.5);
  seconds.observe(-1);
  seconds.observe(7, 2);
  expect(told).toEqual([
    [0.5, 1],
    [7, 2],
  ]);
});

test('has every value between its bounds, whatever comes', () => {
  const value = fc.double({ min: 0, max: 100, noNaN: true });
  const bounds = fc.uniqueArray(value, { minLength: 1 }).map((some) => some.sort((a, b) => a - b));
  fc.assert(
    fc.property(bounds, fc.array(value), (given, values) => {
      const distribution = new Distribution(given);
      for (const one of values) distribution.observe(one);
      given.forEach((bound, at) => {
        const below = [...distribution.counts].slice(0, at + 1).reduce((sum, one) => sum + one, 0);
        expect(below).toBe(values.filter((one) => one <= bound).length);
      });
      expect(distribution.count).toBe(values.length);
    }),
  );
});
