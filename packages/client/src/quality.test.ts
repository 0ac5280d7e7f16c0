import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createQuality } from './quality.js';

const proved = (times = 3) => {
  const quality = createQuality();
  for (let n = 0; n < times; n++) quality.count('proved', 0);
  return quality;
};

test('is good after a few heartbeats on a quick line', () => {
  const quality = proved();
  quality.measured(20);
  expect(quality.class(0)).toBe('good');
  expect(quality.voices(0)).toEqual({ pain: 0, chaos: 0, trust: 0.75 });
});

test('follows the round trip as it changes, smoothed', () => {
  const quality = proved();
  for (let n = 0; n < 30; n++) quality.measured(300);
  expect(quality.roundTrip).toBe(300);
  for (let n = 0; n < 30; n++) quality.measured(100);
  expect(quality.roundTrip).toBeGreaterThan(100);
  expect(quality.roundTrip).toBeLessThan(110);
});

test('hurts when heartbeats are missed, until the alarm, and heals', () => {
  const quality = proved();
  quality.count('missed', 0);
  quality.count('missed', 0);
  expect(quality.voices(0).pain).toBeGreaterThan(0.7);
  expect(quality.class(0)).toBe('poor');
  expect(quality.voices(300_000).pain).toBeLessThan(0.01);
});

test('is chaotic when the round trip jitters or transports change', () => {
  const jitters = proved();
  for (let n = 0; n < 40; n++) jitters.measured(n % 2 ? 50 : 450);
  expect(jitters.voices(0).chaos).toBeGreaterThan(0.4);
  const switches = proved();
  switches.count('switched', 0);
  switches.count('switched', 0);
  expect(switches.voices(0).chaos).toBeGreaterThan(0.5);
});

test('trusts nothing before a proof', () => {
  expect(createQuality().voices(0).trust).toBe(0);
});

test('keeps every voice within 0 and 1, whatever is measured', () => {
  const event = fc.record({
    what: fc.constantFrom('missed', 'failed', 'switched', 'proved', 'measured'),
    value: fc.nat(100_000),
  });
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const quality = createQuality();
      let now = 0;
      for (const { what, value } of events) {
        now += value % 1_000;
        if (what === 'measured') quality.measured(value);
        else quality.count(what as 'missed', now);
        for (const voice of Object.values(quality.voices(now))) {
          expect(voice).toBeGreaterThanOrEqual(0);
          expect(voice).toBeLessThanOrEqual(1);
        }
      }
    }),
  );
});
