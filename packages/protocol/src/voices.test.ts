import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMeasure, raisedBy, THRESHOLDS, voicesOf } from './voices.js';
import type { Experience, Measured, Raised } from './voices.js';

const CALM: Measured = { roundTrip: 20, jitter: 0, missed: 0, failed: 0, switched: 0, proved: 0 };

/** A way over which so many heartbeats went, one a second, in these times. */
function way(...samples: number[]) {
  const measure = createMeasure();
  samples.forEach((sample, second) => {
    measure.took(sample);
    measure.count('proved', second * 1_000);
  });
  return measure;
}

describe('voices', () => {
  test('follow the formula of the documentation', () => {
    expect(voicesOf({ ...CALM, proved: 3 })).toEqual({ pain: 0, chaos: 0, trust: 0.75 });
    expect(voicesOf({ ...CALM, missed: 1 }).pain).toBe(0.63);
    expect(voicesOf({ ...CALM, failed: 1 })).toEqual({ pain: 0.39, chaos: 0.22, trust: 0 });
    expect(voicesOf({ ...CALM, switched: 1 }).chaos).toBe(0.39);
    expect(voicesOf({ ...CALM, roundTrip: 1_100 }).pain).toBe(0.63);
    expect(voicesOf({ ...CALM, roundTrip: 50, jitter: 100 }).chaos).toBe(0.63);
    expect(voicesOf({ ...CALM, proved: 9, missed: 1, switched: 1 }).trust).toBe(0.27);
  });

  test('trust nothing before a proof', () => {
    expect(voicesOf({ ...CALM, roundTrip: undefined }).trust).toBe(0);
  });

  test('stay within 0 and 1, whatever is measured', () => {
    const event = fc.record({
      what: fc.constantFrom('missed', 'failed', 'switched', 'proved', 'took'),
      value: fc.nat(100_000),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const measure = createMeasure();
        let now = 0;
        for (const { what, value } of events) {
          now += value % 1_000;
          if (what === 'took') measure.took(value);
          else measure.count(what as Experience, now);
          for (const voice of Object.values(voicesOf(measure.at(now)))) {
            expect(voice).toBeGreaterThanOrEqual(0);
            expect(voice).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });
});

describe('each threshold', () => {
  const sides: Record<Raised, { below: Measured; above: Measured; raised: 'below' | 'above' }> = {
    Alarm: { below: { ...CALM, missed: 1.2 }, above: { ...CALM, missed: 1.24 }, raised: 'above' },
    Concern: { below: { ...CALM, proved: 0.41 }, above: { ...CALM, proved: 0.43 }, raised: 'below' },
    Celebration: { below: { ...CALM, proved: 2.3 }, above: { ...CALM, proved: 2.5 }, raised: 'above' },
    Curiosity: { below: { ...CALM, switched: 1.38 }, above: { ...CALM, switched: 1.42 }, raised: 'above' },
  };

  test.each(Object.keys(THRESHOLDS) as Raised[])('raises %s on one side of it only', (name) => {
    const { raised, ...measured } = sides[name];
    for (const side of ['below', 'above'] as const) {
      const heard = raisedBy(voicesOf(measured[side]));
      if (side === raised) expect(heard).toContain(name);
      else expect(heard).not.toContain(name);
    }
  });

  test('is one that the voice has to pass: to reach it is not enough', () => {
    expect(raisedBy({ pain: 0.7, chaos: 0.5, trust: 0.3 })).toEqual([]);
    expect(raisedBy({ pain: 0.7, chaos: 0.5, trust: 0.7 })).toEqual([]);
    expect(raisedBy({ pain: 0.71, chaos: 0.51, trust: 0.29 })).toEqual(['Alarm', 'Concern', 'Curiosity']);
    expect(raisedBy({ pain: 0, chaos: 0, trust: 0.71 })).toEqual(['Celebration']);
  });
});

describe('a measure', () => {
  test('follows the round trip as it changes, smoothed', () => {
    const line = way(...Array.from({ length: 30 }, () => 300));
    expect(line.roundTrip).toBe(300);
    for (let n = 0; n < 30; n++) line.took(100);
    expect(line.roundTrip).toBeGreaterThan(100);
    expect(line.roundTrip).toBeLessThan(110);
  });

  test('is curious at the first heartbeat that takes 300 ms where all took 2', () => {
    const line = way(...Array.from({ length: 20 }, () => 2));
    expect(raisedBy(voicesOf(line.at(20_000)))).toEqual(['Celebration']);
    line.took(300);
    expect(raisedBy(voicesOf(line.at(20_000)))).toContain('Curiosity');
  });

  test('knows a line of 300 ms, 100 ms more or less, within 15 %', () => {
    // The drawn times of one line, both ways of it: between 200 and 400 ms.
    const line = way(...Array.from({ length: 60 }, (_, n) => 300 + 100 * Math.sin(n * 2.4)));
    expect(line.roundTrip).toBeGreaterThan(255);
    expect(line.roundTrip).toBeLessThan(345);
    const { pain, chaos } = voicesOf(line.at(60_000));
    expect(pain).toBeGreaterThan(0.13);
    expect(pain).toBeLessThan(0.25);
    expect(chaos).toBeLessThan(0.3);
  });

  test('alarms when two heartbeats are missed, and has forgotten it after five minutes', () => {
    const line = way(20, 20, 20);
    line.count('missed', 3_000);
    line.count('missed', 3_000);
    expect(raisedBy(voicesOf(line.at(3_000)))).toContain('Alarm');
    expect(voicesOf(line.at(33_000)).pain).toBe(0.63);
    expect(voicesOf(line.at(303_000)).pain).toBeLessThan(0.01);
  });

  test('forgets what proved it ten times as slowly', () => {
    const line = way(20, 20, 20);
    expect(line.at(302_000).proved).toBeCloseTo(1.5, 1);
  });
});
