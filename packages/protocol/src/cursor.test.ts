import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeEntry, samePosition } from './cursor.js';
import type { Position } from './cursor.js';

/** Where a frame's offset stands to the cursor's. */
type Offset = 'far behind' | 'at' | 'next' | 'beyond';
type Epoch = 'same epoch' | 'other epoch';

const cursor: Position = ['e1', 7];
const offsets: Record<Offset, number> = { 'far behind': 1, at: 7, next: 8, beyond: 9 };
const epochs: Record<Epoch, string> = { 'same epoch': 'e1', 'other epoch': 'e0' };

const each = <Row extends string, Column extends string, Verdict>(
  table: Record<Row, Record<Column, Verdict>>,
): [Row, Column, Verdict][] =>
  (Object.entries(table) as [Row, Record<Column, Verdict>][]).flatMap(([row, columns]) =>
    (Object.entries(columns) as [Column, Verdict][]).map(([column, verdict]): [Row, Column, Verdict] => [
      row,
      column,
      verdict,
    ]),
  );

describe('entry', () => {
  const table: Record<Epoch, Record<Offset, ReturnType<typeof judgeEntry>>> = {
    'same epoch': { 'far behind': 'ignore', at: 'ignore', next: 'next', beyond: 'resync' },
    'other epoch': { 'far behind': 'resync', at: 'resync', next: 'resync', beyond: 'resync' },
  };

  test.each(each(table))('in the %s, %s the cursor, is: %s (P20, P21, P22)', (epoch, offset, verdict) => {
    expect(judgeEntry(cursor, epochs[epoch], offsets[offset])).toBe(verdict);
  });

  test('takes the first entry of a log from the cursor before it (P20)', () => {
    expect(judgeEntry(['e1', 0], 'e1', 1)).toBe('next');
    expect(judgeEntry(['e1', 0], 'e1', 0)).toBe('ignore');
  });
});

describe('gap', () => {
  const table: Record<Epoch, Record<Offset, boolean>> = {
    'same epoch': { 'far behind': false, at: true, next: false, beyond: false },
    'other epoch': { 'far behind': false, at: false, next: false, beyond: false },
  };

  test.each(each(table))('from the %s, %s the cursor, is for it: %s (P23)', (epoch, offset, isForIt) => {
    expect(samePosition(cursor, [epochs[epoch], offsets[offset]])).toBe(isForIt);
  });
});

describe('a reader', () => {
  type Frame =
    | { type: 'entry'; epoch: string; offset: number }
    | { type: 'gap'; isFork?: boolean; was: Position; now: Position };

  /** A log over several epochs, as the frames of one reader that misses nothing: between the epochs stands a gap in which nothing is missing. */
  const logOf = (lengths: readonly number[]): Frame[] => {
    let offset = 0;
    return lengths.flatMap((length, index): Frame[] => [
      ...(index === 0
        ? []
        : [
            {
              type: 'gap',
              isFork: true,
              was: [`e${index - 1}`, offset],
              now: [`e${index}`, offset],
            } as const,
          ]),
      ...Array.from({ length }, () => ({ type: 'entry', epoch: `e${index}`, offset: ++offset }) as const),
    ]);
  };

  /** The cursor after the first `count` frames of the log. */
  const cursorAfter = (log: readonly Frame[], count: number): Position => {
    let at: Position = ['e0', 0];
    for (const frame of log.slice(0, count))
      at = frame.type === 'entry' ? [frame.epoch, frame.offset] : frame.now;
    return at;
  };

  /** What a client does with a frame: the cursor after it, and whether an entry was handed on. */
  const take = (at: Position, frame: Frame): { at: Position; deliver?: number } => {
    switch (frame.type) {
      case 'entry':
        return judgeEntry(at, frame.epoch, frame.offset) === 'next'
          ? { at: [frame.epoch, frame.offset], deliver: frame.offset }
          : { at };
      case 'gap':
        return { at: samePosition(at, frame.was) ? frame.now : at };
    }
  };

  const lengths = fc.array(fc.nat(6), { minLength: 1, maxLength: 4 });
  const noise = fc.array(fc.nat(), { maxLength: 80 });
  const pick = (log: readonly Frame[], order: readonly number[]): Frame[] =>
    log.length === 0 ? [] : order.map((index) => log[index % log.length]!);

  test('delivers every entry exactly once and in order from any mixture of connections (P20, P21, P22, P24)', () => {
    fc.assert(
      fc.property(lengths, noise, (counts, order) => {
        const log = logOf(counts);
        const delivered: number[] = [];
        let at: Position = ['e0', 0];
        const run = (frames: readonly Frame[]): void => {
          for (const frame of frames) {
            const next = take(at, frame);
            at = next.at;
            if (next.deliver !== undefined) delivered.push(next.deliver);
          }
        };
        // Duplicates, reorders and holes; then the connection that resumes with the cursor, and sends what follows it.
        run(pick(log, order));
        const resumed = Array.from({ length: log.length + 1 }, (_, count) => count).find((count) =>
          samePosition(cursorAfter(log, count), at),
        );
        expect(resumed).toBeDefined();
        run(log.slice(resumed));
        const total = counts.reduce((sum, count) => sum + count, 0);
        expect(delivered).toEqual(Array.from({ length: total }, (_, index) => index + 1));
      }),
      { numRuns: 3_000 },
    );
  });

  test('misses only what a gap told, whatever else arrives late (P20, P21, P22, P23, P24)', () => {
    const gaps = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 });
    fc.assert(
      fc.property(lengths, gaps, noise, (counts, spans, order) => {
        const log = logOf(counts);
        const told = spans.map(([a, b]): Frame => {
          const [first, last] = [a % (log.length + 1), b % (log.length + 1)].sort((x, y) => x - y);
          return { type: 'gap', was: cursorAfter(log, first!), now: cursorAfter(log, last!) };
        });
        let at: Position = ['e0', 0];
        let covered = 0;
        for (const frame of pick([...log, ...told], order)) {
          const before = at;
          const next = take(at, frame);
          at = next.at;
          if (next.deliver === undefined) {
            // Without a gap the cursor never passes an entry that was not handed on.
            if (frame.type === 'gap' && !frame.isFork) covered = at[1];
            else expect(at[1]).toBe(before[1]);
          } else {
            expect(next.deliver).toBe(covered + 1);
            covered = next.deliver;
          }
          expect(at[1]).toBeGreaterThanOrEqual(before[1]);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
