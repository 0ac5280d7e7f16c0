import { describe, expect, test } from 'vitest';
import { wrongEnvelope } from './check.js';
import { completeEnvelope, encodeEnvelope } from './codec.js';
import { envelopeSchema } from './envelope.js';
import type { Envelope } from './envelope.js';
import { byteLength, depthWithin } from './json.js';
import { MAX_DEPTH, MAX_ENVELOPE_BYTES } from './limits.js';

const good = {
  delta: 'message_sent',
  dimension: 1,
  omega: 1,
  lambda: 'continue',
  payload: { text: 'Привіт' },
  fractal_metadata: { voice_pain: 0.1, voice_chaos: 0.1, voice_trust: 0.8, seam_id: 'browser' },
};

/** `count` arrays in one another. */
const nested = (count: number): unknown => {
  let value: unknown = [];
  for (let depth = 1; depth < count; depth++) value = [value];
  return value;
};

/** The field that each of the two definitions names; undefined when it has no objection. */
const bySchema = (value: unknown): string | undefined => {
  const issue = envelopeSchema.safeParse(value).error?.issues[0];
  if (issue === undefined) return undefined;
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  return [...issue.path, ...extra].join('.') || 'envelope';
};
const verdicts = (value: unknown) => ({ hand: wrongEnvelope(value), schema: bySchema(value) });
const both = (field: string | undefined) => ({ hand: field, schema: field });

type Field = keyof Envelope;
type Voice = keyof NonNullable<Envelope['fractal_metadata']>;
interface Border {
  taken: readonly unknown[];
  refused: readonly unknown[];
}

const name: Border = {
  taken: ['x', ' ', '\0', '__proto__', 'ї'.repeat(128), '\ud800'],
  refused: ['', 'x'.repeat(129), 1, null, true, ['x'], {}],
};
const unit: Border = {
  taken: [0, 1, 0.5, -0, 1e-300],
  refused: [-0.001, 1.2, 1e308, Infinity, NaN, '0.5', null, true, [0.5]],
};

describe('envelope', () => {
  const fields: Record<Field, Border> = {
    delta: name,
    lambda: name,
    omega: unit,
    dimension: {
      taken: [0, 1, 255],
      refused: [-1, 256, 1.5, 2 ** 53, Infinity, NaN, 'two', '1', null, true],
    },
    payload: {
      taken: [null, 0, '', false, [], {}, nested(MAX_DEPTH), { a: nested(MAX_DEPTH - 1) }],
      refused: [nested(MAX_DEPTH + 1), { a: nested(MAX_DEPTH) }, nested(10_000)],
    },
    fractal_metadata: { taken: [good.fractal_metadata], refused: [null, [], 'calm', 1] },
  };
  const voices: Record<Voice, Border> = {
    voice_pain: unit,
    voice_chaos: unit,
    voice_trust: unit,
    seam_id: name,
  };

  test('is taken whole, and with only what it must have (P1)', () => {
    const { payload: _, fractal_metadata: __, ...least } = good;
    for (const value of [good, least]) {
      expect(verdicts(value)).toEqual(both(undefined));
      expect(envelopeSchema.parse(value)).toStrictEqual(value);
    }
  });

  test.each(Object.entries(fields))('has borders for %s, and names it (P1, P2, P3)', (field, border) => {
    for (const value of border.taken) {
      expect(verdicts({ ...good, [field]: value })).toEqual(both(undefined));
    }
    for (const value of border.refused) expect(verdicts({ ...good, [field]: value })).toEqual(both(field));
  });

  test.each(Object.entries(voices))(
    'has borders for fractal_metadata.%s, and names it (P1, P2)',
    (voice, border) => {
      const felt = (value: unknown) => ({
        ...good,
        fractal_metadata: { ...good.fractal_metadata, [voice]: value },
      });
      for (const value of border.taken) expect(verdicts(felt(value))).toEqual(both(undefined));
      for (const value of border.refused) {
        expect(verdicts(felt(value))).toEqual(both(`fractal_metadata.${voice}`));
      }
    },
  );

  test.each(['delta', 'dimension', 'omega', 'lambda'])(
    'is refused without %s, which is named (P1, P2)',
    (field) => {
      const value: Record<string, unknown> = { ...good };
      delete value[field];
      expect(verdicts(value)).toEqual(both(field));
    },
  );

  test.each(Object.keys(voices))(
    'is refused without fractal_metadata.%s, which is named (P1, P2)',
    (voice) => {
      const metadata: Record<string, unknown> = { ...good.fractal_metadata };
      delete metadata[voice];
      expect(verdicts({ ...good, fractal_metadata: metadata })).toEqual(both(`fractal_metadata.${voice}`));
    },
  );

  test.each(['extra', 'Delta', '', 'constructor', 'toString', '__proto__', 'length'])(
    'is refused with the field "%s", which is named (P2)',
    (key) => {
      const text = (value: object): string =>
        JSON.stringify(value).replace(/\}$/, `,${JSON.stringify(key)}:{"delta":"x"}}`);
      const extra = JSON.parse(text(good)) as unknown;
      expect(wrongEnvelope(extra)).toBe(key);
      expect(envelopeSchema.safeParse(extra).error?.issues).toMatchObject([
        { code: 'unrecognized_keys', path: [], keys: [key] },
      ]);
      const deeper = { ...good, fractal_metadata: JSON.parse(text(good.fractal_metadata)) as unknown };
      expect(wrongEnvelope(deeper)).toBe(`fractal_metadata.${key}`);
      expect(envelopeSchema.safeParse(deeper).error?.issues).toMatchObject([
        { code: 'unrecognized_keys', path: ['fractal_metadata'], keys: [key] },
      ]);
    },
  );

  test('takes no field from a prototype (P1)', () => {
    const inherits = JSON.parse(`{"__proto__":${JSON.stringify(good)}}`) as unknown;
    expect(wrongEnvelope(inherits)).toBe('__proto__');
    expect(envelopeSchema.safeParse(inherits).success).toBe(false);
  });

  test.each([null, undefined, 1, 'envelope', true, [], [good]])('is refused when it is %j (P1)', (value) => {
    expect(verdicts(value)).toEqual(both('envelope'));
  });

  test('carries a payload with the key __proto__ as plain data (P1)', () => {
    const value: unknown = JSON.parse(
      '{"delta":"a","dimension":1,"omega":1,"lambda":"b","payload":{"__proto__":{"admin":true}}}',
    );
    expect(wrongEnvelope(value)).toBeUndefined();
    const { payload } = envelopeSchema.parse(value);
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
    expect(Object.keys(payload as object)).toEqual(['__proto__']);
    expect((payload as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('depth', () => {
  test('is counted in arrays and objects alike, and stops at the limit however deep the value is (P3)', () => {
    expect(depthWithin('flat', 0)).toBe(true);
    expect(depthWithin([], 0)).toBe(false);
    expect(depthWithin([{ a: [] }, null], 3)).toBe(true);
    expect(depthWithin([{ a: [] }], 2)).toBe(false);
    expect(depthWithin(JSON.parse('['.repeat(130_000) + ']'.repeat(130_000)), MAX_DEPTH)).toBe(false);
  });
});

describe('size', () => {
  test('is counted in bytes of UTF-8, not in characters (P3)', () => {
    expect(MAX_ENVELOPE_BYTES).toBe(65_536);
    expect(byteLength('aї🐚')).toBe(1 + 2 + 4);
    const text = encodeEnvelope({ delta: 'a', payload: 'ї' });
    expect(byteLength(text)).toBe(text.length + 1);
  });
});

describe('defaults', () => {
  test('make a whole envelope of a delta (P1)', () => {
    expect(completeEnvelope({ delta: 'said' })).toEqual({
      delta: 'said',
      dimension: 1,
      omega: 1,
      lambda: 'continue',
    });
  });

  test('never replace what is given, not even a zero (P1)', () => {
    const given = { ...good, dimension: 0, omega: 0, lambda: 'wait', payload: null };
    expect(completeEnvelope(given)).toStrictEqual(given);
  });

  test('also stand in for a field that is given as undefined (P1)', () => {
    const input = { delta: 'said', dimension: undefined, omega: undefined, lambda: undefined };
    expect(wrongEnvelope(JSON.parse(encodeEnvelope(input)))).toBeUndefined();
  });
});
