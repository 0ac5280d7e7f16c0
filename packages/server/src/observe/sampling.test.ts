import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { networkOf, Sampler } from './sampling.js';

const LIMITS = { window: 1_000, each: 3, all: 5, senders: 8 };

describe('of a flood', () => {
  test('the first of each sender are taken', () => {
    const sampler = new Sampler(LIMITS);
    const taken = Array.from({ length: 6 }, () => sampler.takes('x', 'a', 0));
    expect(taken).toEqual([true, true, true, false, false, false]);
    expect(sampler.takes('x', 'b', 0)).toBe(true);
    expect(sampler.takes('y', 'a', 0)).toBe(true);
  });

  test('whoever comes when there were many already has one', () => {
    const sampler = new Sampler(LIMITS);
    for (const sender of 'aaabb') expect(sampler.takes('x', sender, 0)).toBe(true);
    expect([sampler.takes('x', 'c', 0), sampler.takes('x', 'c', 0)]).toEqual([true, false]);
  });

  test('senders beyond the limit are counted only', () => {
    const sampler = new Sampler(LIMITS);
    for (const sender of 'abcdefgh') sampler.takes('x', sender, 0);
    expect(sampler.takes('x', 'i', 0)).toBe(false);
    expect(sampler.over(1_000)).toEqual([{ kind: 'x', count: 1, senders: 0, worst: '', window: 1_000 }]);
  });

  test('what was left out is told once, when the window is over, with the one of whom it was most', () => {
    const sampler = new Sampler(LIMITS);
    for (const sender of 'aaaaabbbbbbbc') sampler.takes('x', sender, 0);
    expect(sampler.over(999)).toEqual([]);
    expect(sampler.over(1_000)).toEqual([{ kind: 'x', count: 7, senders: 2, worst: 'b', window: 1_000 }]);
    expect(sampler.over(9_000)).toEqual([]);
    expect(sampler.takes('x', 'a', 9_000)).toBe(true);
  });

  test('nothing is told where nothing was left out', () => {
    const sampler = new Sampler(LIMITS);
    sampler.takes('x', 'a', 0);
    expect(sampler.over(5_000)).toEqual([]);
  });

  test('whatever comes: each is taken or counted, and no window has more than its bound', () => {
    const coming = fc.array(
      fc.record({ sender: fc.integer({ min: 0, max: 20 }), wait: fc.integer({ min: 0, max: 300 }) }),
    );
    fc.assert(
      fc.property(coming, (all) => {
        const sampler = new Sampler(LIMITS);
        let now = 0;
        let taken = 0;
        let out = 0;
        for (const { sender, wait } of all) {
          now += wait;
          for (const { count } of sampler.over(now)) out += count;
          if (sampler.takes('x', `${sender}`, now)) taken++;
        }
        for (const { count } of sampler.over(Infinity)) out += count;
        expect(taken + out).toBe(all.length);
        expect(taken).toBeLessThanOrEqual((LIMITS.all + LIMITS.senders) * (1 + now / LIMITS.window));
      }),
    );
  });
});

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s is of the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
