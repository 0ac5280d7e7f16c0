import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { wrongEnvelope } from './check.js';
import { CODES, Dimension, faultEnvelope } from './codes.js';
import type { Code, CodeName } from './codes.js';
import { byteLength } from './json.js';
import { MAX_ENVELOPE_BYTES } from './limits.js';

const names = Object.keys(CODES) as CodeName[];

/** The rows of the table of PROTOCOL.md, section 9. */
const documented = [
  ...readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8').matchAll(
    /^\| `(\w+)` \| (\d+) \| (\d+) \| `(\w+)` \|$/gm,
  ),
].map(([, name, code, status, advice]) => ({ name, code: Number(code), status: Number(status), advice }));

describe('codes', () => {
  test('are the table of PROTOCOL.md, row by row: name, number, HTTP status, advice (P70)', () => {
    expect(names.map((name) => ({ name, ...(CODES[name] satisfies Code), sentence: undefined }))).toEqual(
      documented.map((row) => ({ ...row, sentence: undefined })),
    );
  });

  test('have a number of their own each, that a WebSocket may close with (P70)', () => {
    const numbers = names.map((name) => CODES[name].code);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) {
      expect([1000, 1009, 1012, 1013].includes(number) || (number >= 4000 && number <= 4999)).toBe(true);
    }
  });

  test.each(names)('%s says what happened in constant sentences, short enough for a close reason', (name) => {
    const { sentence } = CODES[name];
    expect(sentence).toMatch(/^[A-Z][^{}<>$%`[\]\\]+\.$/);
    expect(byteLength(sentence)).toBeLessThanOrEqual(123);
  });
});

describe('fault', () => {
  test.each(names)('%s travels as an envelope: name as delta, advice as lambda (P1, P70)', (name) => {
    for (const dimension of Object.values(Dimension)) {
      const envelope = faultEnvelope(name, dimension);
      expect(wrongEnvelope(envelope)).toBeUndefined();
      const { code, advice, sentence } = CODES[name];
      expect(envelope).toEqual({
        delta: name,
        dimension,
        omega: 1,
        lambda: advice,
        payload: { code, message: sentence },
      });
    }
  });

  test('carries the field, a message of its own and the delay (P2)', () => {
    const detail = { field: 'payload.text', message: 'Too long.', retryAfter: 250 };
    expect(faultEnvelope('invalid', 1, detail).payload).toEqual({ code: 4422, ...detail });
  });

  test('fits in an envelope, however long the name that it repeats (P3)', () => {
    const long = 'ї'.repeat(200_000);
    const { payload } = faultEnvelope('bad_frame', 1, { field: long, message: long });
    expect(byteLength(JSON.stringify(payload))).toBeLessThan(MAX_ENVELOPE_BYTES / 8);
    expect(long.startsWith(payload!.field!)).toBe(true);
  });
});

describe('levels of dimension', () => {
  test('are those of PROTOCOL.md (P1)', () => {
    expect(Dimension).toEqual({ message: 1, connection: 2, session: 3, node: 4, cluster: 5 });
  });
});
