import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { raisedBy } from '@iskra/protocol/wire';
import type { Voices } from '@iskra/protocol/wire';
import { count, emptyTally, feltBy, merge, tallyOf, tallyText, together } from './voices.js';
import type { Tally } from './voices.js';

const WELL: Voices = { pain: 0, chaos: 0.06, trust: 0.9 };
const HURT: Voices = { pain: 0.9, chaos: 0.4, trust: 0.05 };

function tally(...connections: Voices[]): Tally {
  const made = emptyTally();
  for (const one of connections) count(made, one, 40);
  return made;
}
const times = (number: number, voices: Voices): Voices[] => Array.from({ length: number }, () => voices);

const unit = fc.integer({ min: 0, max: 100 }).map((hundredth) => hundredth / 100);
const someVoices = fc.record({ pain: unit, chaos: unit, trust: unit });

describe('a roll-up', () => {
  test('is silent where nobody was counted', () => {
    expect(feltBy(emptyTally())).toBeUndefined();
  });

  test('of one connection is that connection', () => {
    expect(feltBy(tally({ pain: 0.7, chaos: 0.5, trust: 0.3 }))).toEqual({
      ...{ pain: 0.7, chaos: 0.5, trust: 0.3 },
      ...{ roundTrip: 40, connections: 1 },
    });
  });

  test('has the pain of the worst tenth, and the mean of the rest', () => {
    const nine = feltBy(tally(...times(90, WELL), ...times(10, HURT)));
    expect(nine).toMatchObject({ pain: 0.9, chaos: 0.09, trust: 0.82, connections: 100 });
    expect(feltBy(tally(...times(91, WELL), ...times(9, HURT)))?.pain).toBe(0);
  });

  test('alarms on the same side of 0.7 as the connection itself', () => {
    for (const pain of [0.69, 0.7, 0.71, 0.75]) {
      const voices = { pain, chaos: 0, trust: 0.5 };
      expect(raisedBy(feltBy(tally(...times(3, voices)))!)).toEqual(raisedBy(voices));
    }
  });

  test('of nodes is the same as of all their connections, however they are spread', () => {
    fc.assert(
      fc.property(fc.array(fc.array(someVoices, { maxLength: 20 }), { maxLength: 5 }), (nodes) => {
        const cluster = feltBy(merge(nodes.map((node) => tally(...node))));
        const whole = feltBy(tally(...nodes.flat()));
        expect(cluster?.pain).toBe(whole?.pain);
        expect(cluster?.connections).toBe(whole?.connections);
        expect(Math.abs((cluster?.trust ?? 0) - (whole?.trust ?? 0))).toBeLessThanOrEqual(0.011);
        expect(Math.abs((cluster?.chaos ?? 0) - (whole?.chaos ?? 0))).toBeLessThanOrEqual(0.011);
      }),
    );
  });

  test('weighs nodes by their connections', () => {
    const cluster = feltBy(merge([tally(...times(99, WELL)), tally(HURT)]));
    expect(cluster).toMatchObject({ pain: 0, trust: 0.89, connections: 100 });
  });

  test('stays within 0 and 1, and pain is never less than what the worst tenth feels', () => {
    fc.assert(
      fc.property(fc.array(someVoices, { minLength: 1, maxLength: 60 }), (connections) => {
        const felt = feltBy(tally(...connections))!;
        for (const voice of [felt.pain, felt.chaos, felt.trust]) {
          expect(voice).toBeGreaterThanOrEqual(0);
          expect(voice).toBeLessThanOrEqual(1);
        }
        const worst = connections.map(({ pain }) => pain).sort((a, b) => b - a);
        const tenth = worst[Math.ceil(worst.length / 10) - 1]!;
        expect(felt.pain).toBeGreaterThanOrEqual(tenth - 1e-9);
        expect(felt.pain).toBeLessThan(tenth + 0.05);
      }),
    );
  });
});

describe('the text of a tally', () => {
  test('is read as what was written', () => {
    const made = tally(WELL, HURT, { pain: 1, chaos: 1, trust: 1 });
    expect(feltBy(tallyOf(tallyText(made))!)).toEqual(feltBy(made));
    expect(tallyText(tally(...times(100_000, HURT))).length).toBeLessThan(120);
  });

  test('is none when anything else was written', () => {
    for (const text of ['', '{', '{}', '[]', '[1,2]', 'null', JSON.stringify(Array(25).fill('1'))]) {
      expect(tallyOf(text)).toBeUndefined();
    }
    expect(tallyOf(JSON.stringify([-1, ...Array(24).fill(0)]))).toBeUndefined();
  });
});

test('a connection feels what its node feels', () => {
  expect(together(WELL, { pain: 0, chaos: 0, trust: 0.2 })).toEqual(WELL);
  expect(together(WELL, { pain: 0.8, chaos: 0, trust: 0 })).toEqual({ pain: 0.8, chaos: 0.06, trust: 0.18 });
  expect(together(HURT, { pain: 0.5, chaos: 0, trust: 0 }).pain).toBe(0.95);
});
