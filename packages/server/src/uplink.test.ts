import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Begun, Committed } from './store.js';
import { Uplink } from './uplink.js';
import type { Queued, UplinkEffect } from './uplink.js';

const fast = { perSecond: 1_000, burst: 1_000 };
const envelope = { delta: 'said', dimension: 1, omega: 1, lambda: 'continue' };

const publish = (number: number): Queued => ({ number, send: ['publish', number, 'room', envelope] });
const request = (number: number): Queued => ({ number, send: ['request', number, envelope] });
const refused = (number: number): Queued => ({ number, refusedField: 'omega' });
const skip = (skipFrom: number, number: number): Queued => ({ skipFrom, number });

const run: Begun = { kind: 'run', redelivered: false };
const committed = (acked: number, inbox = 0): Committed => ({
  kind: 'committed',
  acked,
  inbox: ['i', inbox],
});

/** An effect in one word, and its numbers. */
const short = (effect: UplinkEffect): string => {
  switch (effect.type) {
    case 'perform':
      return `perform ${effect.batch.map(({ number }) => number).join(' ')}${effect.redelivered ? ' again' : ''}`;
    case 'commit':
      return `commit ${effect.last}${effect.outcomes.map((outcome) => ` ${outcome}`).join('')}`;
    case 'acknowledge':
      return `acked ${effect.number} at ${effect.inbox[1]}`;
    case 'lost':
      return 'lost';
    default:
      return `${effect.type} ${effect.number}`;
  }
};

function uplink(...queued: Queued[]) {
  const machine = new Uplink(fast, 0);
  for (const item of queued) machine.take(item);
  return {
    machine,
    take: (item: Queued) => machine.take(item),
    next: (now = 0) => machine.next(now).map(short),
    begun: (result: Begun, now = 0) => machine.begun(result, now).map(short),
    performed: (...outcomes: (string | undefined)[]) => machine.performed(outcomes).map(short),
    committed: (result: Committed, now = 0) => machine.committed(result, now).map(short),
  };
}

describe('sends', () => {
  test('are begun, performed, committed, and only then acknowledged (P33)', () => {
    const up = uplink(publish(1));
    expect(up.next()).toEqual(['begin 1']);
    expect(up.begun(run)).toEqual(['perform 1']);
    expect(up.performed(undefined)).toEqual(['commit 1']);
    expect(up.machine.settled).toBe(false);
    expect(up.committed(committed(1))).toEqual(['acked 1 at 0']);
    expect(up.machine.settled).toBe(true);
  });

  test('that wait together are one batch, in their order (P30)', () => {
    const up = uplink(publish(1), publish(2), publish(3));
    expect(up.next()).toEqual(['begin 1']);
    expect(up.begun(run)).toEqual(['perform 1 2 3']);
    expect(up.performed(undefined, 'refused', undefined)).toEqual(['commit 3 refused']);
    expect(up.committed(committed(3, 1))).toEqual(['acked 3 at 1']);
  });

  test('that come while others are under way wait for them, one batch at a time (P30)', () => {
    const up = uplink(publish(1));
    up.next();
    up.take(publish(2));
    expect(up.next()).toEqual([]);
    up.begun(run);
    up.take(publish(3));
    expect(up.next()).toEqual([]);
    up.performed(undefined);
    expect(up.next()).toEqual([]);
    expect(up.committed(committed(1))).toEqual(['acked 1 at 0', 'begin 2']);
    expect(up.begun(run)).toEqual(['perform 2 3']);
  });

  test('of which one is a request are split: a request is a batch of its own (P30)', () => {
    const up = uplink(publish(1), request(2), request(3), publish(4));
    const batches: string[] = [];
    let effects = up.next();
    for (let acked = 0; effects.at(-1)?.startsWith('begin') === true;) {
      const [perform = ''] = up.begun(run);
      batches.push(perform);
      up.performed();
      acked = Number(perform.split(' ').at(-1));
      effects = up.committed(committed(acked));
    }
    expect(batches).toEqual(['perform 1', 'perform 2', 'perform 3', 'perform 4']);
  });

  test('that were refused while they were read keep their place and their number (P5, P35)', () => {
    const up = uplink(publish(1), refused(2), publish(3));
    up.next();
    expect(up.begun(run)).toEqual(['perform 1 2 3']);
    expect(up.performed(undefined, 'bad_frame', undefined)).toEqual(['commit 3 bad_frame']);
  });

  test('that an earlier holder may have run are marked', () => {
    const up = uplink(request(1));
    up.next();
    expect(up.begun({ kind: 'run', redelivered: true })).toEqual(['perform 1 again']);
  });

  test('that were committed before are acknowledged without effect, and those behind them go on (P31)', () => {
    const up = uplink(publish(1), publish(2), publish(3), publish(4));
    up.next();
    expect(up.begun({ kind: 'duplicate', acked: 2, inbox: ['i', 7] })).toEqual(['acked 2 at 7', 'begin 3']);
    expect(up.begun(run)).toEqual(['perform 3 4']);
  });

  test('that are all duplicates leave nothing behind (P31)', () => {
    const up = uplink(publish(1), publish(2));
    up.next();
    expect(up.begun({ kind: 'duplicate', acked: 9, inbox: ['i', 3] })).toEqual(['acked 9 at 3']);
    expect(up.machine.settled).toBe(true);
  });

  test('that come doubled in one message have one effect (P31)', () => {
    const up = uplink(publish(1), publish(1), publish(2));
    up.next();
    expect(up.begun(run)).toEqual(['perform 1']);
    up.performed(undefined);
    expect(up.committed(committed(1))).toEqual(['acked 1 at 0', 'begin 1']);
    expect(up.begun({ kind: 'duplicate', acked: 1, inbox: ['i', 0] })).toEqual(['acked 1 at 0', 'begin 2']);
    expect(up.begun(run)).toEqual(['perform 2']);
  });

  test('above the next number are answered with it, and have no effect (P32)', () => {
    const up = uplink(publish(5), publish(6));
    up.next();
    expect(up.begun({ kind: 'expect', number: 3 })).toEqual(['expect 3']);
    expect(up.machine.settled).toBe(true);
    up.take(publish(3));
    expect(up.next()).toEqual(['begin 3']);
  });

  test('behind a hole in the numbers are not part of the batch before it (P32)', () => {
    const up = uplink(publish(1), publish(2), publish(4));
    up.next();
    expect(up.begun(run)).toEqual(['perform 1 2']);
    up.performed();
    expect(up.committed(committed(2))).toEqual(['acked 2 at 0', 'begin 4']);
  });

  test('of a session that ended meanwhile are lost (P14)', () => {
    const begun = uplink(publish(1));
    begun.next();
    expect(begun.begun({ kind: 'unknown' })).toEqual(['lost']);
    const late = uplink(publish(1));
    late.next();
    late.begun(run);
    late.performed();
    expect(late.committed({ kind: 'unknown' })).toEqual(['lost']);
  });
});

describe('a claim', () => {
  test('that another connection holds is asked for again a moment later, not before (P30)', () => {
    const up = uplink(publish(1));
    up.next();
    expect(up.begun({ kind: 'busy' }, 1_000)).toEqual([]);
    expect(up.machine.settled).toBe(false);
    const { deadline } = up.machine;
    expect(deadline).toBeGreaterThan(1_000);
    expect(up.next(deadline - 1)).toEqual([]);
    expect(up.next(deadline)).toEqual(['begin 1']);
    expect(up.machine.heldBack(deadline)).toBe(0);
  });

  test('that was taken over before the commit makes the sends begin again, to learn what became of them (P31)', () => {
    const up = uplink(publish(1), publish(2));
    up.next();
    up.begun(run);
    up.performed();
    expect(up.committed({ kind: 'stale' })).toEqual(['begin 1']);
    expect(up.begun({ kind: 'duplicate', acked: 1, inbox: ['i', 1] })).toEqual(['acked 1 at 1', 'begin 2']);
  });
});

describe('a skip', () => {
  test('is committed in its place, and the sends behind it go on (P40)', () => {
    const up = uplink(skip(4, 5), publish(6), publish(7));
    expect(up.next()).toEqual(['skip 5']);
    expect(up.machine.settled).toBe(false);
    expect(up.committed(committed(5, 2))).toEqual(['acked 5 at 2', 'begin 6']);
    expect(up.begun(run)).toEqual(['perform 6 7']);
    up.performed();
    expect(up.committed(committed(7, 2))).toEqual(['acked 7 at 2']);
    expect(up.machine.settled).toBe(true);
  });

  test('waits for the batch before it, and costs none of the sends behind it (P30, P40)', () => {
    const up = uplink(publish(1), publish(2));
    up.next();
    up.take(skip(3, 4));
    up.take(publish(5));
    expect(up.next()).toEqual([]);
    up.begun(run);
    up.performed();
    expect(up.committed(committed(2))).toEqual(['acked 2 at 0', 'skip 4']);
    expect(up.committed(committed(4))).toEqual(['acked 4 at 0', 'begin 5']);
  });

  test('outlives the expectation that made the client send it (P32, P40)', () => {
    const up = uplink(publish(8));
    up.next();
    for (const item of [skip(4, 5), publish(6), publish(7)]) up.take(item);
    expect(up.begun({ kind: 'expect', number: 4 })).toEqual(['expect 4', 'skip 5']);
    expect(up.committed(committed(5))).toEqual(['acked 5 at 0', 'begin 6']);
    expect(up.begun(run)).toEqual(['perform 6 7']);
  });
});

test('a skip that came too late is answered with what is expected, and the sends behind it are not taken (P40)', () => {
  const up = uplink(skip(5, 6), publish(7), skip(3, 6), publish(8));
  up.next();
  expect(up.committed({ kind: 'expect', number: 3 })).toEqual(['expect 3', 'skip 6']);
  expect(up.committed(committed(6))).toEqual(['acked 6 at 0', 'begin 8']);
});

describe('the rate', () => {
  const slow = { perSecond: 10, burst: 3 };
  const afterBurst = (): Uplink => {
    const up = new Uplink(slow, 0);
    for (const number of [1, 2, 3, 4, 5]) up.take(publish(number));
    expect(up.next(0).map(short)).toEqual(['begin 1']);
    expect(up.begun(run, 0).map(short)).toEqual(['perform 1 2 3']);
    up.performed([]);
    expect(up.committed(committed(3), 0).map(short)).toEqual(['acked 3 at 0']);
    return up;
  };

  test('slows sends down and refuses none', () => {
    const up = afterBurst();
    expect(up.settled).toBe(false);
    expect(up.deadline).toBe(100);
    expect(up.heldBack(0)).toBe(100);
    expect(up.next(99)).toEqual([]);
    expect(up.next(100).map(short)).toEqual(['begin 4']);
    expect(up.begun(run, 100).map(short)).toEqual(['perform 4']);
    up.performed([]);
    expect(up.committed(committed(4), 100).map(short)).toEqual(['acked 4 at 0']);
    expect(up.next(200).map(short)).toEqual(['begin 5']);
  });

  test('earns no more than a burst, however long it was quiet', () => {
    const up = afterBurst();
    for (const number of [6, 7, 8, 9]) up.take(publish(number));
    expect(up.next(1e9).map(short)).toEqual(['begin 4']);
    expect(up.begun(run, 1e9).map(short)).toEqual(['perform 4 5 6']);
  });

  test('holds nothing back while there is nothing to send', () => {
    const up = new Uplink(slow, 0);
    expect([up.deadline, up.heldBack(0), up.settled]).toEqual([Infinity, 0, true]);
  });
});

/** What a store does about sends, synchronously: numbers, a claim by each connection, and what was run. */
class Book {
  acked = 0;
  readonly ran: number[] = [];

  begin(number: number): Begun {
    if (number <= this.acked) return { kind: 'duplicate', acked: this.acked, inbox: ['i', 0] };
    return number > this.acked + 1 ? { kind: 'expect', number: this.acked + 1 } : run;
  }
}

test('runs every send once and in order, whatever is doubled, reordered, busy or taken over (P30, P31, P32)', () => {
  const troubles = fc.array(fc.constantFrom('none', 'busy', 'stale', 'double', 'reorder'), { maxLength: 30 });
  fc.assert(
    fc.property(troubles, fc.integer({ min: 1, max: 20 }), (script, count) => {
      const book = new Book();
      const up = new Uplink(fast, 0);
      const trouble = [...script];
      let now = 0;
      for (let round = 0; book.acked < count; round++) {
        expect(round).toBeLessThan(200);
        // The client repeats what is not acknowledged.
        const unsettled = Array.from({ length: count - book.acked }, (_, n) => book.acked + 1 + n);
        const what = trouble.shift() ?? 'none';
        if (what === 'double') unsettled.unshift(...unsettled);
        if (what === 'reorder') unsettled.reverse();
        for (const number of unsettled) up.take(number % 4 === 0 ? request(number) : publish(number));
        const work = up.next((now += 100));
        for (let effect = work.shift(); effect !== undefined; effect = work.shift()) {
          if (effect.type === 'begin') {
            const how = trouble.shift() ?? 'none';
            work.push(...up.begun(how === 'busy' ? { kind: 'busy' } : book.begin(effect.number), now));
          } else if (effect.type === 'perform') {
            const isStale = trouble.shift() === 'stale';
            const last = effect.batch.at(-1)?.number ?? 0;
            if (!isStale) {
              book.ran.push(...effect.batch.map(({ number }) => number));
              book.acked = last;
            }
            up.performed([]);
            work.push(...up.committed(isStale ? { kind: 'stale' } : committed(last), now));
          } else if (effect.type === 'acknowledge') {
            expect(effect.number).toBeLessThanOrEqual(book.acked);
          }
        }
      }
      expect(book.ran).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    }),
  );
});
