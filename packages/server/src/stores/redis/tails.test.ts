import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../store.js';
import { Tails } from './tails.js';

const entry = (offset: number, epoch = 'e1'): Entry => ({ epoch, offset, body: `${epoch}:${offset}` });
const upTo = (top: number, from = 0): Extract<ReturnType<Tails['read']>, { kind: 'entries' }> => ({
  kind: 'entries',
  entries: Array.from({ length: top - from }, (_, n) => entry(from + 1 + n)),
  head: ['e1', top],
});

/** What a read answers that nothing has overtaken. */
const learn = (tails: Tails, log: string, read: ReturnType<typeof upTo>): void =>
  tails.learn(log, read, tails.asked(log));

describe('a tail', () => {
  test('answers what follows a position that it reaches back to', () => {
    const tails = new Tails();
    expect(tails.read('log', 'e1', 0, 10)).toBeUndefined();
    learn(tails, 'log', upTo(3));
    expect(tails.read('log', 'e1', 0, 2)).toEqual({
      kind: 'entries',
      entries: [entry(1), entry(2)],
      head: ['e1', 3],
    });
    expect(tails.read('log', 'e1', 3, 10)).toEqual({ kind: 'entries', entries: [], head: ['e1', 3] });
    tails.hinted('log', entry(4));
    expect(tails.read('log', 'e1', 3, 10)).toEqual({ kind: 'entries', entries: [entry(4)], head: ['e1', 4] });
    for (const [epoch, offset] of [
      ['e1', 5],
      ['e0', 3],
    ] as const)
      expect(tails.read('log', epoch, offset, 10)).toBeUndefined();
  });

  test('does not begin in the middle of a log, and keeps the newest entries only', () => {
    const tails = new Tails();
    learn(tails, 'log', { ...upTo(3), head: ['e1', 9] });
    expect(tails.read('log', 'e1', 3, 10)).toBeUndefined();
    learn(tails, 'log', upTo(3));
    for (let offset = 4; offset <= 1_000; offset++) tails.hinted('log', entry(offset));
    expect(tails.read('log', 'e1', 800, 10)).toBeUndefined();
    expect(tails.read('log', 'e1', 999, 10)).toMatchObject({ entries: [entry(1_000)] });
  });

  test('does not begin with a read that was overtaken: what was heard meanwhile is not in it', () => {
    const overtaken: [by: string, act: (tails: Tails) => void][] = [
      ['a hint', (tails) => tails.hinted('log', entry(4))],
      ['a hint of another epoch', (tails) => tails.hinted('log', entry(2, 'e2'))],
      ['a hint, and a late one', (tails) => [4, 2].forEach((offset) => tails.hinted('log', entry(offset)))],
      ['a change', (tails) => tails.forget('log')],
      ['a change, and another read', (tails) => (tails.forget('log'), void tails.asked('log'))],
    ];
    for (const [by, act] of overtaken) {
      const tails = new Tails();
      const asked = tails.asked('log');
      act(tails);
      tails.learn('log', upTo(3), asked);
      expect(tails.read('log', 'e1', 3, 10), by).toBeUndefined();
    }
  });

  test('begins with a read that has all that was heard meanwhile', () => {
    const tails = new Tails();
    const asked = tails.asked('log');
    tails.hinted('log', entry(3));
    tails.learn('log', upTo(3), asked);
    expect(tails.read('log', 'e1', 2, 10)).toMatchObject({ entries: [entry(3)] });
  });

  test('ends with a hint that is no successor, and with a head that it does not know', () => {
    const tails = new Tails();
    for (const end of [
      () => tails.hinted('log', entry(5)),
      () => tails.hinted('log', entry(4, 'e2')),
      () => tails.compare('log', { epoch: 'e1', offset: 4 }),
      () => tails.compare('log', { epoch: 'e2', offset: 3 }),
      () => tails.forget('log'),
    ]) {
      learn(tails, 'log', upTo(3));
      tails.hinted('log', entry(2));
      tails.compare('log', { epoch: 'e1', offset: 2 });
      expect(tails.read('log', 'e1', 2, 10)).toMatchObject({ entries: [entry(3)] });
      end();
      expect(tails.read('log', 'e1', 2, 10)).toBeUndefined();
    }
  });

  test('is let go when all of them are too much', () => {
    const tails = new Tails(100);
    const long = (offset: number): Entry => ({ epoch: 'e1', offset, body: 'x'.repeat(40) });
    for (const log of ['a', 'b', 'c'])
      learn(tails, log, { kind: 'entries', entries: [long(1)], head: ['e1', 1] });
    const kept = () => ['a', 'b', 'c'].filter((log) => tails.read(log, 'e1', 0, 1) !== undefined);
    expect(kept()).toEqual(['b', 'c']);
    tails.hinted('c', long(2));
    expect(kept()).toEqual(['c']);
    for (let offset = 3; offset < 10; offset++) tails.hinted('c', long(offset));
    expect(kept()).toEqual([]);
    learn(tails, 'a', { kind: 'entries', entries: [long(1)], head: ['e1', 1] });
    expect(kept()).toEqual(['a']);
  });

  test('whatever comes, late, lost, doubled or out of order, says nothing that the log does not', () => {
    const event = fc.oneof(
      fc.record({ type: fc.constant('hint' as const), offset: fc.integer({ min: 1, max: 30 }) }),
      fc.record({
        type: fc.constant('read' as const),
        top: fc.integer({ min: 0, max: 30 }),
        from: fc.nat(30),
      }),
      fc.record({ type: fc.constant('head' as const), offset: fc.integer({ min: 0, max: 30 }) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.nat(30), (events, from) => {
        const tails = new Tails();
        for (const one of events) {
          if (one.type === 'hint') tails.hinted('log', entry(one.offset));
          else if (one.type === 'head') tails.compare('log', { epoch: 'e1', offset: one.offset });
          else learn(tails, 'log', upTo(one.top, Math.min(one.top, one.from)));
          const read = tails.read('log', 'e1', from, 100);
          if (read?.kind !== 'entries') continue;
          expect(read.entries).toEqual(upTo(read.head[1], from).entries);
        }
      }),
    );
  });
});
