import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  completeEnvelope,
  decodeBody,
  encodeBody,
  encodeEntry,
  encodeEnvelope,
  encodeFrame,
  joinFrames,
  parseMessage,
} from './codec.js';
import type { EnvelopeInput } from './envelope.js';
import { MAX_FRAMES, MAX_MESSAGE_BYTES, MAX_NUMBER } from './limits.js';
import { readServerFrame } from './read-server.js';

/** From JSON.parse, so that `__proto__` is a key like any other. */
const jsonValue = fc.json().map((text): unknown => JSON.parse(text));
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
const unit = fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs);

const input: fc.Arbitrary<EnvelopeInput> = fc.record(
  {
    delta: name,
    dimension: fc.nat(255),
    omega: unit,
    lambda: name,
    payload: jsonValue,
    fractal_metadata: fc.record(
      { voice_pain: unit, voice_chaos: unit, voice_trust: unit, seam_id: name },
      { noNullPrototype: true },
    ),
  },
  { requiredKeys: ['delta'], noNullPrototype: true },
);
const channel = fc.oneof(fc.constant('@'), fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9:._~-]{0,30}$/));
const epoch = fc.stringMatching(/^[0-9a-z]{1,32}$/);
const whole = fc.maxSafeNat().map((number) => 1 + (number % MAX_NUMBER));

describe('message', () => {
  test('has at most 512 frames (P4)', () => {
    const frames = (count: number): string => joinFrames(Array.from({ length: count }, () => '["bye"]'));
    expect(MAX_FRAMES).toBe(512);
    expect(parseMessage(frames(512))).toHaveLength(512);
    expect(parseMessage(frames(513))).toBeUndefined();
  });

  test('has at most 262,144 bytes from a client (P4)', () => {
    expect(MAX_MESSAGE_BYTES).toBe(262_144);
  });

  test.each([
    ...['', ' ', 'null', '1', '"[]"', '{}', '{"0":["bye"],"length":1}', '[', '[["bye"]', '[["bye"],]'],
    ...["['bye']", '[["bye"]][]', '[undefined]', '[NaN]', '\u0000', '[["bye"\n"x"]]'],
  ])('is not %j (P4)', (text) => {
    expect(parseMessage(text)).toBeUndefined();
  });

  test('may be empty, and may have white space between its parts (P4)', () => {
    expect(parseMessage('[]')).toEqual([]);
    expect(parseMessage(' [ ["bye"] , ["ping", 1] ]\n')).toEqual([['bye'], ['ping', 1]]);
  });

  test('is joined from frames that come back as they were (P4)', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constant('ping' as const), whole), { maxLength: 20 }), (frames) => {
        expect(parseMessage(joinFrames(frames.map(encodeFrame)))).toEqual(frames);
      }),
      { numRuns: 500 },
    );
  });

  test('is parsed however deep it nests (P4)', () => {
    const depth = 100_000;
    expect(parseMessage('['.repeat(depth) + ']'.repeat(depth))).toHaveLength(1);
  });
});

describe('entry', () => {
  test('made from its body is the frame that JSON makes, for any envelope (P4)', () => {
    fc.assert(
      fc.property(channel, epoch, whole, input, fc.option(whole, { nil: undefined }), (...parts) => {
        const [log, inEpoch, offset, envelope, answers] = parts;
        const whole = completeEnvelope(envelope);
        const text = encodeEntry(log, inEpoch, offset, encodeBody(envelope, answers));
        const end = answers === undefined ? [] : [answers];
        expect(text).toBe(JSON.stringify(['entry', log, inEpoch, offset, whole, ...end]));
        const [frame, ...more] = parseMessage(joinFrames([text]))!;
        expect(more).toEqual([]);
        expect(readServerFrame(frame)).toStrictEqual(['entry', log, inEpoch, offset, whole, ...end]);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('body', () => {
  test('comes back as the envelope and the number that went in (P4)', () => {
    fc.assert(
      fc.property(input, fc.option(whole, { nil: undefined }), (envelope, answers) => {
        const whole = completeEnvelope(envelope);
        expect(decodeBody(encodeBody(envelope, answers))).toStrictEqual(
          answers === undefined ? { envelope: whole } : { envelope: whole, answers },
        );
      }),
      { numRuns: 3_000 },
    );
  });

  test('of an entry that answers no send is the envelope alone', () => {
    expect(encodeBody({ delta: 'said' })).toBe(encodeEnvelope({ delta: 'said' }));
    expect(Object.keys(decodeBody(encodeBody({ delta: 'said' })))).toEqual(['envelope']);
  });

  test('keeps a payload apart from the number behind it', () => {
    const envelope = completeEnvelope({ delta: 'x', payload: '},7' });
    expect(decodeBody(encodeBody(envelope, 7))).toEqual({ envelope, answers: 7 });
    expect(decodeBody(encodeBody(envelope))).toEqual({ envelope });
  });
});
