import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choice, list, size, time, whole, yesOrNo } from './kinds.js';
import type { Kind } from './kinds.js';

/** What a text of an environment comes to; undefined when it is wrong. */
const read = (kind: Kind<never> | Kind, text: string): unknown =>
  (kind as Kind).schema.safeParse((kind as Kind).read(text)).data;

const HOURS = time({ min: 0, max: 86_400_000 });
const BYTES = size({ min: 1, max: 2 ** 34 });

describe('a time', () => {
  it.each([
    ['1800', 1_800_000],
    ['0', 0],
    ['0.5', 500],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['30 s', 30_000],
    ['2m', 120_000],
    ['24h', 86_400_000],
    ['1d', 86_400_000],
  ])('takes "%s" for %i ms', (text, ms) => expect(read(HOURS, text)).toBe(ms));

  it.each(['soon', '', '-1', '1e3', '5 min', '25h', ' 1', '٣', '1s2'])('refuses "%s"', (text) =>
    expect(read(HOURS, text)).toBeUndefined(),
  );

  it('is written as it would be read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 86_400_000 }), (ms) => {
        expect(read(HOURS, HOURS.write(ms))).toBe(ms);
      }),
    );
    expect([0, 150, 1_500, 60_000, 5_400_000, 86_400_000].map(HOURS.write)).toEqual([
      ...['0s', '150ms', '1500ms', '1m', '90m', '1d'],
    ]);
  });
});

describe('a size', () => {
  it.each([
    ['1024', 1_024],
    ['64KiB', 65_536],
    ['64kB', 65_536],
    ['1.5 MiB', 1_572_864],
    ['2GB', 2 ** 31],
    ['7B', 7],
  ])('takes "%s" for %i bytes', (text, bytes) => expect(read(BYTES, text)).toBe(bytes));

  it.each(['0', '17GiB', '1.5', 'much', '1K', '1 TB'])('refuses "%s"', (text) =>
    expect(read(BYTES, text)).toBeUndefined(),
  );

  it('is written as it would be read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (bytes) => {
        expect(read(BYTES, BYTES.write(bytes))).toBe(bytes);
      }),
    );
    expect([1, 1_000, 65_536, 2 ** 20, 3 * 2 ** 30].map(BYTES.write)).toEqual([
      ...['1B', '1000B', '64KiB', '1MiB', '3GiB'],
    ]);
  });
});

describe('the others', () => {
  const port = whole('the number of a port', { min: 0, max: 65_535 });
  const level = choice(['info', 'warn'], 'level');
  const words = list<readonly string[]>({
    must: 'words',
    hint: 'word',
    read: (items) => (items.length > 0 ? items : undefined),
    write: (items) => items.join(','),
  });

  it.each([
    [port, '8000', 8_000],
    [port, '65536', undefined],
    [port, '1.5', undefined],
    [port, '1e3', undefined],
    [level, 'WARN', 'warn'],
    [level, 'loud', undefined],
    [yesOrNo, 'true', true],
    [yesOrNo, 'Off', false],
    [yesOrNo, '1', true],
    [yesOrNo, 'maybe', undefined],
    [words, ' a, b ,', ['a', 'b']],
    [words, ' , ', undefined],
  ] as [Kind, string, unknown][])('%# read "%s" as %j', (kind, text, value) =>
    expect(read(kind, text)).toEqual(value),
  );

  it('takes from a file what has its own type there, and nothing that only looks like it', () => {
    expect(port.schema.safeParse('8000').success).toBe(false);
    expect(yesOrNo.schema.safeParse('true').success).toBe(false);
    expect(words.schema.parse(['a', 'b, c'])).toEqual(['a', 'b', 'c']);
  });
});
