import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { continueFrom, headOf, parseForks } from './continuity.js';
import type { LogState } from './continuity.js';
import { sessionOf, slotOf, Keys } from './keys.js';

const plain: LogState = { epoch: 'e1', top: 5, first: 3, forks: [] };
const forked: LogState = { epoch: 'e3', top: 9, first: 1, forks: parseForks('e1:4;e2:6') };

describe('a log', () => {
  test.each([
    ['e1', 2, { kind: 'entries', head: ['e1', 5] }],
    ['e1', 5, { kind: 'entries', head: ['e1', 5] }],
    ['e1', 1, { kind: 'gap', reason: 'trimmed', now: ['e1', 2] }],
    ['e1', 6, { kind: 'gap', reason: 'diverged', now: ['e1', 5] }],
    ['e0', 4, { kind: 'gap', reason: 'epoch', now: ['e1', 2] }],
  ] as const)('that never forked, from %s %i', (epoch, offset, expected) => {
    expect(continueFrom(plain, [epoch, offset], [], false)).toMatchObject(expected);
  });

  test('says of an inbox that it overflowed', () => {
    expect(continueFrom(plain, ['e1', 1], [], true)).toMatchObject({ reason: 'inbox_overflow' });
  });

  test.each([
    ['e1', 3, { kind: 'entries', entries: [{ epoch: 'e1', offset: 4, body: 'a' }] }],
    ['e1', 4, { kind: 'fork', base: 4, next: 'e2' }],
    ['e1', 5, { kind: 'gap', reason: 'diverged', now: ['e2', 4] }],
    ['e2', 6, { kind: 'fork', base: 6, next: 'e3' }],
    ['e2', 8, { kind: 'gap', reason: 'diverged', now: ['e3', 6] }],
    ['e3', 9, { kind: 'entries', entries: [] }],
    ['e0', 2, { kind: 'gap', reason: 'epoch', now: ['e1', 0] }],
  ] as const)('that forked twice, from %s %i', (epoch, offset, expected) => {
    const bodies = offset < 9 ? ['a', 'b', 'c'] : [];
    expect(continueFrom(forked, [epoch, offset], bodies, false)).toMatchObject(expected);
  });

  test('that was rewound below an earlier base parts there', () => {
    const log: LogState = { epoch: 'e3', top: 5, first: 1, forks: parseForks('e1:3;e2:3') };
    expect(continueFrom(log, ['e2', 5], [], false)).toMatchObject({ reason: 'diverged', now: ['e3', 3] });
    expect(continueFrom(log, ['e1', 3], [], false)).toEqual({ kind: 'fork', base: 3, next: 'e2' });
    expect(continueFrom(log, ['e2', 3], [], false)).toEqual({ kind: 'fork', base: 3, next: 'e3' });
  });

  test('offers only what is there under its newest epoch to begin with', () => {
    expect(headOf(plain)).toEqual({ epoch: 'e1', offset: 5, first: 3 });
    expect(headOf(forked)).toEqual({ epoch: 'e3', offset: 9, first: 7 });
  });

  test('brings whoever follows it to its head, from wherever, and never twice the same', () => {
    const state = fc
      .record({
        bases: fc.array(fc.nat(12), { maxLength: 4 }),
        more: fc.nat(6),
        first: fc.integer({ min: 1, max: 12 }),
      })
      .map(({ bases, more, first }): LogState => {
        const sorted = [...bases].sort((a, b) => a - b);
        const top = (sorted[sorted.length - 1] ?? 0) + more;
        const forks = sorted.map((base, era) => [`e${era}`, base] as const);
        return { epoch: `e${forks.length}`, top, first: Math.min(first, top + 1), forks };
      });
    fc.assert(
      fc.property(state, fc.nat(5), fc.nat(20), fc.integer({ min: 1, max: 5 }), (log, era, from, max) => {
        let [epoch, offset] = [`e${era}`, from];
        const seen: number[] = [];
        for (let turns = 0; turns < 60; turns++) {
          const bodies = Array.from({ length: Math.max(0, Math.min(max, log.top - offset)) }, () => 'x');
          const isKept = offset + 1 >= log.first;
          const read = continueFrom(log, [epoch, offset], isKept ? bodies : [], false);
          if (read.kind === 'gap') [epoch, offset] = read.now;
          else if (read.kind === 'fork') epoch = read.next;
          else if (read.entries.length === 0) {
            expect([epoch, offset]).toEqual([log.epoch, log.top]);
            expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
            return;
          } else {
            for (const entry of read.entries) {
              expect(entry.offset).toBe(offset + 1);
              ({ epoch, offset } = entry);
              seen.push(offset);
            }
          }
        }
        throw new Error('no end of it');
      }),
    );
  });
});

describe('names in Redis', () => {
  test('of one log or session are all in one slot', () => {
    const keys = new Keys('iskra');
    const { meta, entries, hints } = keys.log('room:1');
    const lists = Object.values(keys.members('room:1'));
    const all = [meta, entries, hints, keys.last('room:1', 'ann'), ...lists];
    expect(new Set(all.map(slotOf)).size).toBe(1);
    expect(new Set(Object.values(keys.session('ann')).map(slotOf)).size).toBe(1);
    expect(keys.session('ann').meta).toBe(keys.log('@ann').meta);
  });

  test('lead back to the log, whatever prefix they have', () => {
    for (const prefix of ['iskra', 'a:b', ''])
      for (const log of ['room:1', '@ann', 'c', 's:x']) {
        const keys = new Keys(prefix);
        expect(keys.logOf(keys.log(log).hints)).toBe(log);
      }
  });

  test('have the slots that Redis gives them', () => {
    // As CLUSTER KEYSLOT says.
    expect(['foo', 'somekey', 'foo{hash_tag}', '{}a', 'iskra:{c:room}:m'].map(slotOf)).toEqual([
      ...[12182, 11058, 2515, 10875, 9696],
    ]);
  });

  test('say nothing of the nonce that opened a session', () => {
    const nonce = 'n'.repeat(22);
    expect(sessionOf(nonce)).toMatch(/^[\w-]{22}$/);
    expect(sessionOf(nonce)).not.toBe(sessionOf(`${nonce}x`));
  });
});
