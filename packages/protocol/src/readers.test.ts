import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wrongEnvelope } from './check.js';
import { parseMessage } from './codec.js';
import { envelopeSchema } from './envelope.js';
import { clientFrameSchema, serverFrameSchema } from './frame.js';
import type { ClientFrame, ServerFrame } from './frame.js';
import { MAX_DEPTH, MAX_FRAMES, MAX_MESSAGE_BYTES, MAX_NUMBER, MIN_ANSWER_BYTES } from './limits.js';
import { readClientFrame } from './read-client.js';
import { readServerFrame } from './read-server.js';

// The schemas are the definition and the readers are what runs. The properties below hold them together: the
// same verdict and the same value, over good frames and over every way in which a frame can be spoiled.

const nested = (count: number, inner: unknown = 1): unknown => {
  let value = inner;
  for (let depth = 0; depth < count; depth++) value = depth % 2 === 0 ? [value] : { a: value };
  return value;
};

// ---------------------------------------------------------------- good frames

type Arb<T> = fc.Arbitrary<T>;
const plain = { noNullPrototype: true } as const;
const json: Arb<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown>(null, 0, 'hi', true, [], {}, { text: 'Привіт' }) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 2 }).map((text): unknown => JSON.parse(text)) },
  { weight: 1, arbitrary: fc.constantFrom(nested(MAX_DEPTH), JSON.parse('{"__proto__":{"a":1}}')) },
);
const text = (max: number): Arb<string> =>
  fc.oneof(fc.string({ minLength: 1, maxLength: 6 }), fc.constantFrom('x'.repeat(max), '\0', 'ї'));
const name = text(128);
const unit = fc.constantFrom(0, 1, 0.5, 0.1, 1e-9);
const whole = (min: number, max: number): Arb<number> =>
  fc.oneof(fc.integer({ min, max: min + 100 }), fc.constantFrom(min, max));
const number = whole(1, MAX_NUMBER);
const offset = whole(0, MAX_NUMBER);
const bytes = whole(MIN_ANSWER_BYTES, MAX_MESSAGE_BYTES);
const moment = fc.constantFrom(0, 1.5, 1e15, 1e308);
const channel = fc.constantFrom('a', 'room:lobby', '7', 'A.b_c~d-e', 'constructor', `c${'x'.repeat(199)}`);
const readable = fc.oneof(channel, fc.constant('@system'));
const log = fc.oneof(readable, fc.constant('@'));
const epoch = fc.constantFrom('e', 'lq3k2a9x', '0'.repeat(32));
const position = fc.tuple(epoch, offset);
const cursors = fc.dictionary(log, position, { maxKeys: 4, ...plain });
const nonce = fc.constantFrom('Zk9vY2Q3c0hVbXhQUWJ0Zw', '-_-_-_-_-_-_-_-_-_-_-_');
const reason = fc.constantFrom('trimmed', 'epoch', 'diverged', 'inbox_overflow', 'too_big', 'denied');

const envelope = fc.record(
  {
    delta: name,
    dimension: whole(0, 255).map((level) => Math.min(level, 255)),
    omega: unit,
    lambda: name,
    payload: json,
    fractal_metadata: fc.record(
      { voice_pain: unit, voice_chaos: unit, voice_trust: unit, seam_id: name },
      plain,
    ),
  },
  { requiredKeys: ['delta', 'dimension', 'omega', 'lambda'], ...plain },
);

const hello = fc.record(
  {
    version: fc.constantFrom(1, 0, -1, 2.5),
    nonce,
    key: text(256),
    probe: fc.boolean(),
    auth: json,
    cursors,
    attempt: name,
    heartbeat: whole(1000, 300_000),
    answer: bytes,
    later: json,
  },
  { requiredKeys: ['version', 'nonce'], ...plain },
);
const continues = fc.record(
  {
    nonce,
    key: text(256),
    generation: number,
    cursors,
    wait: whole(0, 60_000),
    answer: bytes,
    entry: bytes,
    later: json,
  },
  { requiredKeys: ['nonce', 'key', 'generation'], ...plain },
);
const options = fc.record(
  { since: position, last: whole(0, 10_000), presence: json, later: json },
  { requiredKeys: [], ...plain },
);

/** A record, so that a new tag without a generator does not compile. */
const client: Record<ClientFrame[0], Arb<unknown[]>> = {
  hello: fc.tuple(fc.constant('hello'), hello),
  continue: fc.tuple(fc.constant('continue'), continues),
  publish: fc.tuple(fc.constant('publish'), number, channel, envelope),
  request: fc.tuple(fc.constant('request'), number, envelope),
  subscribe: fc.tuple(fc.constant('subscribe'), number, readable, options),
  unsubscribe: fc.tuple(fc.constant('unsubscribe'), number, readable),
  skip: fc.tuple(fc.constant('skip'), number, number),
  ack: fc.tuple(fc.constant('ack'), offset),
  auth: fc.tuple(fc.constant('auth'), json),
  ping: fc.tuple(fc.constant('ping'), moment),
  pong: fc.tuple(fc.constant('pong'), moment),
  bye: fc.tuple(fc.constant('bye')),
};
const system = (tag: string): Arb<unknown[]> => fc.tuple(fc.constant(tag), envelope);
const server: Record<ServerFrame[0], Arb<unknown[]>> = {
  welcome: system('welcome'),
  entry: fc.oneof(
    fc.tuple(fc.constant('entry'), log, epoch, offset, envelope),
    fc.tuple(fc.constant('entry'), log, epoch, offset, envelope, number),
  ),
  gap: fc.tuple(fc.constant('gap'), log, reason, position, position),
  acked: fc.tuple(fc.constant('acked'), offset, epoch, offset),
  expect: fc.tuple(fc.constant('expect'), number),
  ping: fc.tuple(fc.constant('ping'), moment),
  pong: fc.tuple(fc.constant('pong'), moment),
  error: system('error'),
  drain: system('drain'),
  close: system('close'),
};
const anyClient = fc.oneof(...Object.values(client));
const anyServer = fc.oneof(...Object.values(server));

// ------------------------------------------------------------- spoiled frames

/** What a field is replaced by: the wrong type, just over a border, or a name with a meaning of its own. */
const nasty: readonly unknown[] = [
  ...[-1, -0, 0, 1, 1.5, 255, 256, 999, 1000, 10_001, 60_001, 300_001],
  ...[2 ** 52, 2 ** 52 + 1, 2 ** 53, 2 ** 53 + 1, 1e308, Infinity, -Infinity, NaN],
  ...[
    '',
    '1',
    '@',
    '@system',
    '@system:a',
    'a',
    'e',
    'E',
    'hello',
    'entry',
    'denied',
    'unknown',
    'binary',
    '__proto__',
    'constructor',
  ],
  ...['a/../b', '{', '}', 'a\n', 'a\r', '\0', '\ud800', ':a', '*', 'кімната', ' a'],
  ...[32, 33, 127, 128, 129, 199, 200, 201, 256, 257].map((length) => 'x'.repeat(length)),
  ...['Zk9vY2Q3c0hVbXhQUWJ0Z', 'Zk9vY2Q3c0hVbXhQUWJ0Zww', 'Zk9vY2Q3c0hVbXhQUWJ0Z\n', 'null'],
  ...[null, true, false, [], {}, [[]], ['e', 1], ['E', 1], ['e', -1], ['e', 1, 1], { length: 2 }],
  ...[nested(MAX_DEPTH - 1), nested(MAX_DEPTH), nested(MAX_DEPTH + 1), nested(300)],
  ...['{"__proto__":1}', '{"__proto__":["e",1]}', '{"a":["e",1],"@":["e",2]}', '{"@a":["e",1]}'].map(
    (source): unknown => JSON.parse(source),
  ),
  Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`c${index}`, ['e', index]])),
  Object.fromEntries(Array.from({ length: 102 }, (_, index) => [`c${index}`, ['e', index]])),
];
const keys = [
  ...['extra', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '0', 'length', '@', 'a'],
  ...[
    'delta',
    'payload',
    'fractal_metadata',
    'key',
    'cursors',
    'wait',
    'since',
    'presence',
    'probe',
    'auth',
    'answer',
    'entry',
  ],
];

const OPERATIONS = ['replace', 'replace', 'retype', 'drop', 'duplicate', 'add', 'swap', 'wrap'] as const;
interface Spoil {
  operation: (typeof OPERATIONS)[number];
  node: number;
  other: number;
}
const spoils = fc.array(
  fc.record({
    operation: fc.constantFrom(...OPERATIONS),
    node: fc.nat(),
    other: fc.nat(),
  }),
  { minLength: 1, maxLength: 2 },
);

/** As JSON.parse does it: also `__proto__` becomes a key. */
const put = (target: object, key: PropertyKey, value: unknown): void => {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
};
const copy = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  const result = {};
  for (const key of Object.keys(value)) put(result, key, copy((value as Record<string, unknown>)[key]));
  return result;
};
const at = <T>(list: readonly T[], index: number): T => list[index % list.length]!;

const retype = (value: unknown): unknown => {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value.length;
  if (typeof value === 'boolean') return Number(value);
  if (Array.isArray(value)) return Object.fromEntries(value.map((item, index) => [index, item as unknown]));
  return value === null ? {} : Object.values(value as object);
};

/** Every place in a value: the container and the key in it. */
const places = (value: unknown, found: [object, string][] = []): [object, string][] => {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value, key]);
    // The depth of a payload is its outer places' affair; a thousand equal ones would only thin the others out.
    if (found.length < 60) places((value as Record<string, unknown>)[key], found);
  }
  return found;
};

const spoil = (good: unknown, steps: readonly Spoil[]): unknown => {
  const root = [copy(good)];
  for (const { operation, node, other } of steps) {
    const all = places(root);
    const [holder, key] = at(all, node);
    const value = (holder as Record<string, unknown>)[key];
    switch (operation) {
      case 'replace':
        put(holder, key, copy(at(nasty, other)));
        break;
      case 'retype':
        put(holder, key, retype(value));
        break;
      case 'drop':
        if (holder === root) break;
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete (holder as Record<string, unknown>)[key];
        break;
      case 'duplicate':
        if (Array.isArray(holder) && holder !== root) holder.splice(Number(key), 0, copy(value));
        else put(holder, Array.isArray(holder) ? key : at(keys, other), copy(value));
        break;
      case 'add':
        if (Array.isArray(value)) value.push(copy(at(nasty, other)));
        else if (typeof value === 'object' && value !== null)
          put(value, at(keys, other), copy(at(nasty, node)));
        break;
      case 'swap': {
        const [donor, from] = at(all, other);
        put(holder, key, copy((donor as Record<string, unknown>)[from]));
        break;
      }
      case 'wrap':
        put(holder, key, [value]);
        break;
    }
  }
  return root[0];
};

// ------------------------------------------------------------------- the pin

/** The same value, key by key in any order, prototypes included. */
const same = (a: unknown, b: unknown): boolean => {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const mine = Object.keys(a);
  return (
    mine.length === Object.keys(b).length &&
    mine.every(
      (key) =>
        Object.hasOwn(b, key) &&
        same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
};

/**
 * Where an object may have keys that nobody knows yet, the schema leaves out one that is called `__proto__`;
 * the reader, which copies nothing, leaves it where it was: a key of the object itself. Neither is a prototype.
 */
const withoutProto = (frame: unknown[]): unknown[] => {
  const loose = frame[0] === 'hello' || frame[0] === 'continue' ? 1 : frame[0] === 'subscribe' ? 3 : 0;
  if (loose === 0 || !Object.hasOwn(frame[loose] as object, '__proto__')) return frame;
  const rest = Object.entries(frame[loose] as object).filter(([key]) => key !== '__proto__');
  return frame.map((part, index) => (index === loose ? Object.fromEntries(rest) : part));
};

const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
};

interface Counts {
  taken: Map<unknown, number>;
  refused: Map<unknown, number>;
}
const counts = (): Counts => ({ taken: new Map(), refused: new Map() });
const count = (into: Map<unknown, number>, value: unknown): void => {
  const tag: unknown = Array.isArray(value) ? value[0] : undefined;
  into.set(tag, (into.get(tag) ?? 0) + 1);
};
/** A property that only ever sees one verdict proves nothing. */
/** Enough of both, far below what chance gives: a property that never met a verdict proves nothing about it. */
const expectBothVerdicts = ({ taken, refused }: Counts, tags: readonly string[], enough = 20): void => {
  for (const tag of tags) {
    expect([tag, taken.get(tag) ?? 0], 'taken').toEqual([tag, expect.toSatisfy((n: number) => n > enough)]);
    expect([tag, refused.get(tag) ?? 0], 'refused').toEqual([
      tag,
      expect.toSatisfy((n: number) => n > enough),
    ]);
  }
};

const differ = (what: string, value: unknown): never => {
  throw new Error(`${what}: ${JSON.stringify(value)}`);
};

/** What a client frame's elements are called in a refusal. */
const elements: Record<ClientFrame[0], readonly string[]> = {
  hello: ['hello'],
  continue: ['continue'],
  publish: ['number', 'channel', 'envelope'],
  request: ['number', 'envelope'],
  subscribe: ['number', 'channel', 'options'],
  unsubscribe: ['number', 'channel'],
  skip: ['number', 'number'],
  ack: ['offset'],
  auth: ['auth'],
  ping: ['moment'],
  pong: ['moment'],
  bye: [],
};
const tuples = new Map<unknown, (typeof clientFrameSchema.options)[number]>(
  clientFrameSchema.options.map((tuple) => [tuple.def.items[0].value, tuple]),
);

/** The paths that the schema of the frame's tag blames, as a refusal would call them. */
const blamed = (value: unknown): string[] => {
  if (!Array.isArray(value)) return ['frame'];
  const tuple = tuples.get(value[0]);
  if (tuple === undefined) return ['tag'];
  return tuple.safeParse(value).error!.issues.flatMap((issue) => {
    const [index, ...path] = issue.path;
    if (index === undefined) return 'frame';
    const extra = issue.code === 'unrecognized_keys' ? issue.keys : [];
    if (extra.length > 0) return extra.map((key) => [...path, key].join('.'));
    return path.join('.') || elements[value[0] as ClientFrame[0]][Number(index) - 1]!;
  });
};

/** One frame past the reader and the schema of both sides. */
const compare = (side: 'client' | 'server', value: unknown, seen = counts()): void => {
  freeze(value);
  const read = side === 'client' ? readClientFrame(value) : undefined;
  const frame = read === undefined ? readServerFrame(value) : read.ok ? read.frame : undefined;
  const parsed = (side === 'client' ? clientFrameSchema : serverFrameSchema).safeParse(value);
  if (frame === undefined) {
    if (parsed.success) differ(`the schema takes what the ${side} reader refuses`, value);
    if (read?.ok === false && !blamed(value).some((path) => `${path}.`.startsWith(`${read.field}.`))) {
      differ(`the schema does not blame ${read.field}`, value);
    }
    count(seen.refused, value);
    return;
  }
  if (!parsed.success) differ(`the ${side} reader takes what the schema refuses`, value);
  if (frame !== value) differ('the reader made another value', value);
  if (!same(withoutProto(frame), parsed.data)) differ('the schema made another value', value);
  count(seen.taken, value);
};

describe('readers and schemas', () => {
  test.each([
    ['client', client, anyClient],
    ['server', server, anyServer],
  ] as const)('agree on every good %s frame, and hand it on as it is (P5, P6)', (side, byTag, any) => {
    const seen = counts();
    fc.assert(
      fc.property(any, (frame) => compare(side, copy(frame), seen)),
      { numRuns: 3_000 },
    );
    expect([...seen.refused]).toEqual([]);
    expect(new Set(seen.taken.keys())).toEqual(new Set(Object.keys(byTag)));
  });

  test.each([
    ['client', client, anyClient],
    ['server', server, anyServer],
  ] as const)('agree on every spoiled %s frame (P5, P6)', { timeout: 60_000 }, (side, byTag, any) => {
    const seen = counts();
    const frames = fc.array(fc.tuple(any, fc.array(spoils, { minLength: 8, maxLength: 8 })), {
      minLength: 1,
      maxLength: 1,
    });
    // One good frame is spoiled in eight ways: making it costs more than comparing it.
    fc.assert(
      fc.property(frames, (list) => {
        for (const [frame, ways] of list) {
          for (const steps of ways) compare(side, spoil(frame, steps), seen);
        }
      }),
      { numRuns: 1_000 },
    );
    expectBothVerdicts(
      seen,
      Object.keys(byTag).filter((tag) => tag !== 'bye'),
    );
  });

  test(
    'agree wherever one value of a frame is another, is missing or is doubled (P5, P6)',
    { timeout: 60_000 },
    () => {
      const least = { delta: 'said', dimension: 1, omega: 1, lambda: 'continue' };
      const whole = {
        ...least,
        payload: { text: 'hi' },
        fractal_metadata: { voice_pain: 0.1, voice_chaos: 0.1, voice_trust: 0.8, seam_id: 'browser' },
      };
      const cursors = { 'room:lobby': ['e', 7], '@': ['e', 1] };
      const nonce = 'Zk9vY2Q3c0hVbXhQUWJ0Zw';
      const hello = {
        version: 1,
        nonce,
        key: 'k',
        probe: true,
        auth: 1,
        cursors,
        attempt: 'a',
        heartbeat: 20_000,
        answer: 4_096,
      };
      const frames: Record<'client' | 'server', unknown[][]> = {
        client: [
          ['hello', hello],
          ['continue', { nonce, key: 'k', generation: 1, cursors, wait: 0, answer: 4_096, entry: 4_096 }],
          ['publish', 1, 'room:lobby', whole],
          ['request', 1, whole],
          ['subscribe', 1, 'room:lobby', { since: ['e', 1], last: 10, presence: {} }],
          ...[
            ['unsubscribe', 1, 'a'],
            ['skip', 1, 1],
            ['ack', 1],
            ['auth', 't'],
            ['ping', 1],
            ['pong', 1],
            ['bye'],
          ],
        ],
        server: [
          ['entry', 'room:lobby', 'e', 1, whole],
          ['entry', '@', 'e', 1, whole, 7],
          ['gap', 'room:lobby', 'trimmed', ['e', 1], ['e', 9]],
          ['gap', 'room:lobby', 'forked', ['e', 1], ['f', 1]],
          ...[
            ['acked', 1, 'e', 1],
            ['expect', 1],
            ['ping', 1],
            ['pong', 1],
          ],
          ['welcome', whole],
          ...['error', 'drain', 'close'].map((tag) => [tag, least]),
        ],
      };
      for (const side of ['client', 'server'] as const) {
        const seen = counts();
        for (const frame of frames[side]) {
          compare(side, copy(frame), seen);
          const count = places([frame]).length;
          const others: Partial<Record<Spoil['operation'], number>> = {
            ...{ replace: nasty.length, add: keys.length, duplicate: keys.length },
          };
          for (let node = 0; node < count; node++) {
            for (const operation of new Set(OPERATIONS)) {
              for (let other = 0; other < (others[operation] ?? 1); other++) {
                compare(side, spoil(frame, [{ operation, node, other }]), seen);
              }
            }
          }
        }
        expect(new Set(seen.taken.keys())).toEqual(new Set(Object.keys(side === 'client' ? client : server)));
      }
    },
  );

  test(
    'agree on every spoiled envelope, and on the field that is wrong (P1, P2, P3)',
    { timeout: 60_000 },
    () => {
      const verdicts = { taken: 0, refused: 0 };
      fc.assert(
        fc.property(envelope, fc.array(spoils, { minLength: 8, maxLength: 8 }), (good, ways) => {
          for (const steps of ways) {
            const value = spoil(good, steps);
            freeze(value);
            const wrong = wrongEnvelope(value);
            const parsed = envelopeSchema.safeParse(value);
            if (parsed.success) {
              verdicts.taken++;
              if (wrong !== undefined) differ(`only the reader objects, to ${wrong}`, value);
              if (!same(value, parsed.data)) differ('the schema made another value', value);
              continue;
            }
            verdicts.refused++;
            const fields = parsed.error.issues.flatMap((issue) =>
              (issue.code === 'unrecognized_keys' ? issue.keys : [undefined]).map((key) =>
                [...issue.path, ...(key === undefined ? [] : [key])].join('.'),
              ),
            );
            if (wrong === undefined) differ(`only the schema objects, to ${fields.join()}`, value);
            if (wrong !== 'envelope' && !fields.includes(wrong!))
              differ(`${wrong} is none of ${fields.join()}`, value);
          }
        }),
        { numRuns: 1_000 },
      );
      expect(Math.min(verdicts.taken, verdicts.refused)).toBeGreaterThan(1_000);
    },
  );

  test('agree on every message whose text was spoiled (P4, P5, P6)', { timeout: 60_000 }, () => {
    const scalars = [
      ...[
        '1e999',
        '-1',
        '1.5',
        '9007199254740993',
        '"1"',
        'null',
        'true',
        '""',
        '[]',
        '{}',
        '-0',
        '1E400',
        '1',
      ],
      ...[
        '"__proto__"',
        '"constructor"',
        '"\\u0000"',
        '"\\ud800"',
        '"a"',
        '{"__proto__":1}',
        '[['.repeat(40),
      ],
    ];
    const others = [
      ...[
        '"__proto__":1,',
        '"constructor":1,',
        '"__proto__":{"delta":"x"},',
        '"delta":"twice",',
        '1,',
        'null,',
      ],
      ...['[', ']', '{', '}', ',', ':', '"', '\\', 'NaN', '\ud800'],
    ];
    const how = fc.constantFrom('delete', 'repeat', 'insert', 'scalar', 'scalar', 'scalar');
    const edit = fc.record({ at: fc.nat(), length: fc.nat(3), how, snippet: fc.nat() });
    const seen = { client: counts(), server: counts() };
    let unreadable = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyClient, anyServer), { minLength: 1, maxLength: 3 }),
        fc.array(fc.array(edit, { minLength: 1, maxLength: 2 }), { minLength: 4, maxLength: 4 }),
        (frames, variants) => {
          const good = JSON.stringify(frames).match(/"(?:[^"\\]|\\.)*"|[-+.\w]+|[^]/g)!;
          for (const edits of variants) {
            const tokens = [...good];
            for (const { at: mark, length, how, snippet } of edits) {
              const index = mark % tokens.length;
              if (how === 'delete') tokens.splice(index, 1 + length);
              else if (how === 'repeat') tokens.splice(index, 0, ...tokens.slice(index, index + 1 + length));
              else if (how === 'insert') tokens.splice(index, 0, at(others, snippet));
              else {
                // The next token that is a value or a key.
                const found = tokens.findIndex((token, place) => place >= index && /["\w]/.test(token));
                if (found >= 0) tokens[found] = at(scalars, snippet);
              }
            }
            const message = parseMessage(tokens.join(''));
            if (message === undefined) unreadable++;
            else expect(message.length).toBeLessThanOrEqual(MAX_FRAMES);
            for (const frame of message ?? []) {
              compare('client', frame, seen.client);
              compare('server', frame, seen.server);
            }
          }
        },
      ),
      { numRuns: 1_000 },
    );
    expect(unreadable).toBeGreaterThan(500);
    expectBothVerdicts(seen.client, ['publish', 'hello', 'subscribe'], 3);
    expectBothVerdicts(seen.server, ['entry', 'gap', 'welcome'], 3);
  });

  test.each([
    [
      'client',
      ['["hello",{"version":1,"nonce":"Zk9vY2Q3c0hVbXhQUWJ0Zw","__proto__":{"probe":true}}]', 1, 'probe'],
    ],
    ['client', ['["subscribe",1,"a",{"__proto__":{"presence":1}}]', 3, 'presence']],
  ] as const)(
    'leave __proto__ inert where a %s frame may have more keys (P5)',
    (_, [source, index, field]) => {
      const value: unknown = JSON.parse(source);
      const read = readClientFrame(value);
      const parsed = clientFrameSchema.safeParse(value);
      expect([read.ok, parsed.success]).toEqual([true, true]);
      for (const frame of [value, parsed.data] as Record<string, unknown>[][]) {
        expect(Object.getPrototypeOf(frame[index])).toBe(Object.prototype);
        expect(frame[index]![field]).toBeUndefined();
      }
    },
  );

  test('refuse __proto__ as the name of a channel (P5)', () => {
    const withCursor =
      '["hello",{"version":1,"nonce":"Zk9vY2Q3c0hVbXhQUWJ0Zw","cursors":{"__proto__":["e",1]}}]';
    expect(readClientFrame(JSON.parse(withCursor))).toEqual({ ok: false, field: 'cursors' });
    expect(clientFrameSchema.safeParse(JSON.parse(withCursor)).success).toBe(false);
    expect(readClientFrame(['unsubscribe', 1, '__proto__'])).toMatchObject({ ok: false, field: 'channel' });
  });
});

describe('a refused client frame', () => {
  const envelope = { delta: 'said', dimension: 1, omega: 1, lambda: 'continue' };
  const nonce = 'Zk9vY2Q3c0hVbXhQUWJ0Zw';
  const session = { nonce, key: 'k', generation: 1 };
  const open = { version: 1, nonce };

  /** By tag, frames with one fault and the field that the refusal names. */
  const faults: Record<ClientFrame[0], [frame: unknown[], field: string][]> = {
    hello: [
      [[], 'frame'],
      [[null], 'hello'],
      [[[]], 'hello'],
      [[{ nonce }], 'version'],
      [[{ ...open, version: '1' }], 'version'],
      [[{ version: 1 }], 'nonce'],
      [[{ ...open, nonce: 'short' }], 'nonce'],
      [[{ ...open, nonce: `${nonce}=` }], 'nonce'],
      [[{ ...open, key: '' }], 'key'],
      [[{ ...open, key: 'k'.repeat(257) }], 'key'],
      [[{ ...open, key: null }], 'key'],
      [[{ ...open, probe: 1 }], 'probe'],
      [[{ ...open, auth: nested(MAX_DEPTH + 1) }], 'auth'],
      [[{ ...open, cursors: { '@other': ['e', 1] } }], 'cursors'],
      [[{ ...open, cursors: { a: ['e', '1'] } }], 'cursors'],
      [[{ ...open, cursors: [] }], 'cursors'],
      [[{ ...open, attempt: 'x'.repeat(129) }], 'attempt'],
      [[{ ...open, heartbeat: 999 }], 'heartbeat'],
      [[{ ...open, heartbeat: 300_001 }], 'heartbeat'],
      [[{ ...open, answer: 1_023 }], 'answer'],
      [[{ ...open, answer: 262_145 }], 'answer'],
    ],
    continue: [
      [[session, 1], 'frame'],
      [['x'], 'continue'],
      [[{ ...session, nonce: undefined }], 'nonce'],
      [[{ ...session, key: undefined }], 'key'],
      [[{ ...session, generation: undefined }], 'generation'],
      [[{ ...session, generation: 0 }], 'generation'],
      [[{ ...session, cursors: { a: ['E', 1] } }], 'cursors'],
      [[{ ...session, wait: -1 }], 'wait'],
      [[{ ...session, wait: 60_001 }], 'wait'],
      [[{ ...session, answer: 1_023 }], 'answer'],
      [[{ ...session, entry: 1_023 }], 'entry'],
      [[{ ...session, entry: 262_145 }], 'entry'],
    ],
    publish: [
      [[1, 'a'], 'frame'],
      [[1, 'a', envelope, 1], 'frame'],
      ...[0, -1, 1.5, 2 ** 53, NaN, Infinity, '1', null].map((n): [unknown[], string] => [
        [n, 'a', envelope],
        'number',
      ]),
      ...['@', '@system', '', 'a/../b', '{a}', 'a\r\n', 'a\0', '\ud800', ':a', 'x'.repeat(201), 1].map(
        (channel): [unknown[], string] => [[1, channel, envelope], 'channel'],
      ),
      [[1, 'a', null], 'envelope'],
      [[1, 'a', { ...envelope, omega: 1.2 }], 'omega'],
      [[1, 'a', { ...envelope, fractal_metadata: { voice_pain: 2 } }], 'fractal_metadata.voice_pain'],
    ],
    request: [
      [[1], 'frame'],
      [['1', envelope], 'number'],
      [[1, { ...envelope, lambda: undefined }], 'lambda'],
    ],
    subscribe: [
      [[1, 'a'], 'frame'],
      [[1, '@', {}], 'channel'],
      [[1, '@systems', {}], 'channel'],
      [[1, 'a', null], 'options'],
      [[1, 'a', { since: ['e'] }], 'since'],
      [[1, 'a', { last: 10_001 }], 'last'],
      [[1, 'a', { presence: nested(MAX_DEPTH + 1) }], 'presence'],
    ],
    unsubscribe: [
      [[1], 'frame'],
      [[0, 'a'], 'number'],
      [[1, '@'], 'channel'],
    ],
    skip: [
      [[1], 'frame'],
      [[0, 1], 'number'],
      [[1, MAX_NUMBER + 1], 'number'],
    ],
    ack: [
      [[], 'frame'],
      [[-1], 'offset'],
      [[1.5], 'offset'],
      [['1'], 'offset'],
    ],
    auth: [
      [[], 'frame'],
      [[nested(MAX_DEPTH + 1)], 'auth'],
    ],
    ping: [
      [[-1], 'moment'],
      [[Infinity], 'moment'],
      [['1'], 'moment'],
    ],
    pong: [
      [[NaN], 'moment'],
      [[null], 'moment'],
    ],
    bye: [[[1], 'frame']],
  };

  test.each(Object.entries(faults))('of the tag %s names the field (P5)', (tag, rows) => {
    for (const [rest, field] of rows) {
      expect(readClientFrame([tag, ...rest])).toMatchObject({ ok: false, field });
      expect(clientFrameSchema.safeParse([tag, ...rest]).success).toBe(false);
    }
  });

  test.each([
    ...[
      'binary',
      'Hello',
      'hello ',
      '/publish',
      'publish/',
      'entry',
      'welcome',
      '__proto__',
      'constructor',
      '',
    ],
    ...[0, null, true, undefined, ['hello'], { toString: () => 'bye' }],
  ])('has a tag that is not in the table: %j (P5)', (tag) => {
    for (const rest of [[], [1], [1, 'a'], [1, 'a', envelope]]) {
      expect(readClientFrame([tag, ...rest])).toEqual({ ok: false, field: 'tag' });
    }
  });

  test.each([null, 1, 'bye', {}, { 0: 'bye', length: 1 }])('is not even an array: %j (P5)', (value) => {
    expect(readClientFrame(value)).toEqual({ ok: false, field: 'frame' });
  });

  test('may name @system where a channel is read, and nowhere else (P80)', () => {
    const isGood = (...frame: unknown[]): boolean => readClientFrame(frame).ok;
    expect([isGood('subscribe', 1, '@system', {}), isGood('unsubscribe', 1, '@system')]).toEqual([
      true,
      true,
    ]);
    expect(isGood('publish', 1, '@system', envelope)).toBe(false);
    expect(readServerFrame(['entry', '@system', 'e', 1, envelope])).toBeDefined();
    expect(readServerFrame(['entry', '@systems', 'e', 1, envelope])).toBeUndefined();
  });

  test('has its number told when it is a send, so that the refusal can take its place (P5)', () => {
    expect(readClientFrame(['publish', 7, '@', envelope])).toEqual({
      ok: false,
      field: 'channel',
      number: 7,
    });
    expect(readClientFrame(['publish', 7])).toEqual({ ok: false, field: 'frame', number: 7 });
    expect(readClientFrame(['request', 7, null])).toEqual({ ok: false, field: 'envelope', number: 7 });
    expect(readClientFrame(['subscribe', 7, 'a', 1])).toEqual({ ok: false, field: 'options', number: 7 });
    expect(readClientFrame(['unsubscribe', 7, ''])).toEqual({ ok: false, field: 'channel', number: 7 });
  });

  test('has no number told when it is no send, or its number cannot be read (P5)', () => {
    for (const value of [
      ['skip', 7, 7],
      ['ack', 7, 7],
      ['ping', 7, 7],
      ['binary', 7],
      ['entry', 7],
    ]) {
      expect(readClientFrame(value)).not.toHaveProperty('number');
    }
    for (const number of [0, -1, 1.5, 2 ** 53, '7', null, [7]]) {
      expect(readClientFrame(['publish', number, '@', envelope])).not.toHaveProperty('number');
    }
  });
});

describe('a server frame', () => {
  test.each(['trimmed', 'epoch', 'diverged', 'inbox_overflow', 'too_big', 'denied'])(
    'may tell a gap as %s (P28)',
    (reason) => {
      expect(readServerFrame(['gap', 'a', reason, ['e', 1], ['e', 2]])).toBeDefined();
    },
  );

  test.each(['', 'Trimmed', 'trimmed\n', 'other', 1, null])('may not tell a gap as %j (P28)', (reason) => {
    expect(readServerFrame(['gap', 'a', reason, ['e', 1], ['e', 2]])).toBeUndefined();
  });

  test.each([
    [null],
    [{}],
    [['binary', 'a']],
    [['hello', {}]],
    [['entry', '@other', 'e', 1, {}]],
    [['entry', 'a', 'e', 1, { delta: 'x' }]],
    [['acked', 1]],
    [['expect', 0]],
    [['welcome', null]],
  ])('that cannot be read is ignored, not thrown: %j (P6)', (value) => {
    expect(readServerFrame(value)).toBeUndefined();
  });
});
