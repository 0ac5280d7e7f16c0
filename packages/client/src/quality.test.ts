import { expect, test } from 'vitest';
import { createQuality } from './quality.js';

/** A connection whose heartbeats took these times, one a second. */
const taking = (...samples: number[]) => {
  const quality = createQuality();
  samples.forEach((sample, second) => quality.measured(sample, second * 1_000));
  return quality;
};

test('is poor before anything was measured', () => {
  expect(createQuality().class(0)).toBe('poor');
});

test('is good after a few heartbeats on a quick line', () => {
  const quality = taking(20, 20, 20);
  expect(quality.class(2_000)).toBe('good');
  expect(quality.voices(2_000)).toEqual({ pain: 0, chaos: 0, trust: 0.75 });
});

test('is fair from the first heartbeat that a good line is late with, for as long as it is', () => {
  const line = taking(...Array.from({ length: 20 }, () => 2));
  expect(line.class(20_000)).toBe('good');
  for (let n = 0; n < 60; n++) {
    line.measured(300 + (n % 2 === 0 ? 70 : -70), 20_000 + n * 1_000);
    expect(line.class(20_000 + n * 1_000)).toBe('fair');
  }
});

test('is good again when the line is quick again', () => {
  const line = taking(...Array.from({ length: 20 }, () => 300));
  expect(line.class(20_000)).toBe('fair');
  for (let n = 0; n < 30; n++) line.measured(20, 20_000 + n * 1_000);
  expect(line.class(50_000)).toBe('good');
});

test('is poor when heartbeats are missed', () => {
  const quality = taking(20, 20, 20);
  quality.count('missed', 3_000);
  expect(quality.class(3_000)).toBe('fair');
  quality.count('missed', 3_000);
  expect(quality.class(3_000)).toBe('poor');
  expect(quality.class(300_000)).not.toBe('poor');
});

test('is not good while transports change', () => {
  const quality = taking(20, 20, 20);
  quality.count('switched', 3_000);
  quality.count('switched', 3_000);
  expect(quality.voices(3_000).chaos).toBeGreaterThan(0.5);
  expect(quality.class(3_000)).toBe('fair');
});
