import { expect, test } from 'vitest';
import { createMeasure } from '@iskra/protocol/wire';
import { Heartbeats } from './heartbeats.js';

/** A heartbeat for each of these, answered after so many ms or not at all. */
function beating(...answers: (number | undefined)[]): Heartbeats {
  const heartbeats = new Heartbeats();
  for (const answer of answers) {
    heartbeats.sent();
    if (answer !== undefined) heartbeats.answered(answer);
  }
  return heartbeats;
}

const SECOND = 1_000;

test('know nothing before the first answer', () => {
  expect(beating().measured(SECOND)).toBeUndefined();
  expect(beating(undefined, undefined).measured(SECOND)).toBeUndefined();
});

test('measure as the client does', () => {
  const samples = [20, 25, 300, 310, 290, 45, 20, 1_200, 20, 20];
  const measure = createMeasure();
  for (const sample of samples) measure.took(sample);
  const { roundTrip = 0, jitter = 0 } = beating(...samples).measured(SECOND) ?? {};
  expect(roundTrip).toBeCloseTo(measure.roundTrip ?? 0, 0);
  expect(Math.abs(jitter - measure.at(0).jitter)).toBeLessThan(1);
});

test('follow a change of a millisecond or two as well', () => {
  const samples = [1, ...Array.from({ length: 60 }, () => 3)];
  expect(beating(...samples).measured(SECOND)?.roundTrip).toBeCloseTo(3, 0);
});

test('count what had no answer before the next was sent, and not the newest, which may be on its way', () => {
  expect(beating(20, undefined).measured(SECOND)).toMatchObject({ missed: 0 });
  expect(beating(20, undefined, 20).measured(SECOND)).toMatchObject({ missed: 1 });
  expect(beating(20, undefined, undefined, undefined).measured(SECOND)?.missed).toBeCloseTo(2, 0);
});

test('forget half of what was missed in 30 s, and half of what was answered in 5 minutes', () => {
  const four = Array.from({ length: 4 }, () => 20);
  expect(beating(20, undefined, ...four).measured(10_000)?.missed).toBeCloseTo(0.5, 5);
  const thirty = beating(20, undefined, ...Array.from({ length: 40 }, () => 20));
  expect(thirty.measured(20_000)?.missed).toBe(0);
  // The last thirty, one every 20 s.
  expect(thirty.measured(20_000)?.proved).toBeCloseTo(16.6, 1);
});

test('take one answer for each, and none for what was never sent', () => {
  const heartbeats = new Heartbeats();
  expect(heartbeats.answered(5)).toBe(false);
  heartbeats.sent();
  expect(heartbeats.answered(20)).toBe(true);
  expect(heartbeats.answered(5)).toBe(false);
  expect(heartbeats.measured(SECOND)).toMatchObject({ roundTrip: 20, proved: 1 });
});

test('go on for a day without growing out of a small integer', () => {
  const heartbeats = beating(...Array.from({ length: 5_000 }, (_, n) => (n % 7 === 3 ? undefined : 40)));
  const { proved = 0, missed = 0 } = heartbeats.measured(20_000) ?? {};
  expect(proved).toBeGreaterThan(10);
  expect(missed).toBeGreaterThan(0);
  expect(missed).toBeLessThan(1);
});
