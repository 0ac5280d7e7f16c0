import { runInNewContext } from 'node:vm';
import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { compileContract, defineContract } from './contract.js';
import type {
  ChannelName,
  Checked,
  Contract,
  DeliveredPayload,
  DeltaName,
  HandledInput,
  HandledOutput,
  PublishPayload,
  RequestInput,
  RequestName,
  RequestOutput,
  Schema,
  Untyped,
} from './contract.js';

const chat = defineContract({
  channels: {
    'room:{id}': {
      said: z.object({ text: z.string().min(1), at: z.coerce.date().optional() }),
      left: z.null(),
    },
    'room:{id}:staff': { noted: z.object({ note: z.string().transform((note) => note.length) }) },
    'news.all': { published: z.string() },
  },
  requests: {
    rename: {
      input: z.object({ to: z.string().default('nobody') }),
      output: z.object({ size: z.string().transform(Number) }),
    },
  },
});
type Chat = typeof chat;

const passed = (value: unknown): Checked => ({ ok: true, value });

/** A Standard Schema by hand, as another library would bring it. */
const schema = (validate: Schema['~standard']['validate']): Schema => ({
  '~standard': { version: 1, vendor: 'test', validate },
});
const one = (by: Schema) => compileContract({ channels: { log: { added: by } } });

describe('pattern', () => {
  const covers = (pattern: string, channel: string): boolean =>
    compileContract({ channels: { [pattern]: {} } }).hasChannel(channel);

  test.each([
    ['room:{id}', 'room:7'],
    ['room:{id}', 'room:a.b_c~d-e'],
    ['room:{id}:{part}', 'room:7:staff'],
    ['{any}', 'news'],
    ['v{major}.{minor}', 'v1.2'],
    ['a.b', 'a.b'],
    ['a~b-c_d', 'a~b-c_d'],
  ])('%s covers %s', (pattern, channel) => {
    expect(covers(pattern, channel)).toBe(true);
  });

  test.each([
    ['room:{id}', 'room:7:staff'],
    ['room:{id}', 'room:'],
    ['room:{id}', 'room'],
    ['room:{id}', 'Room:7'],
    ['room:{id}', 'xroom:7'],
    ['room:{id}', 'room:7\n'],
    ['room:{id}', 'room:a/b'],
    ['room:{id}', 'room:{id}'],
    ['{any}', '@'],
    ['a.b', 'axb'],
  ])('%s does not cover %j', (pattern, channel) => {
    expect(covers(pattern, channel)).toBe(false);
  });

  test.each([
    ...[
      '',
      'room:{}',
      'room:{id',
      'room:id}',
      'room:{1}',
      'room:{a b}',
      'room/{id}',
      'room:*',
      '@',
      'кімната',
    ],
    ...[':room', '.{id}', '-', '_private', `a${'b'.repeat(200)}`],
  ])('%j can never be a channel name, so a contract with it is refused', (pattern) => {
    expect(() => defineContract({ channels: { [pattern]: {} } })).toThrow(TypeError);
    expect(() => compileContract({ channels: { [pattern]: {} } })).toThrow(`"${pattern}"`);
  });

  test('with a part that varies may be as long as the shortest name it covers', () => {
    expect(covers(`${'a'.repeat(199)}{long_name_of_a_part}`, `${'a'.repeat(199)}b`)).toBe(true);
    expect(() => defineContract({ channels: { [`${'a'.repeat(200)}{id}`]: {} } })).toThrow(TypeError);
  });

  test('that comes first wins where two overlap', () => {
    const first = compileContract({
      channels: { 'room:{id}': { said: z.string() }, 'room:lobby': { said: z.number(), opened: z.null() } },
    });
    expect(first.payload('room:lobby', 'said', 'hi')).toEqual(passed('hi'));
    expect(first.payload('room:lobby', 'said', 1)).toMatchObject({ ok: false, code: 'invalid' });
    expect(first.payload('room:lobby', 'opened', null)).toMatchObject({ ok: false, code: 'not_found' });
  });
});

describe('verdict', () => {
  const contract = compileContract(chat);

  test('takes a payload that fits, and hands on what the schema made of it', () => {
    expect(contract.payload('room:7', 'said', { text: 'hi', extra: 1 })).toEqual(passed({ text: 'hi' }));
    expect(contract.payload('room:7:staff', 'noted', { note: 'four' })).toEqual(passed({ note: 4 }));
    expect(contract.payload('room:7', 'left', null)).toEqual(passed(null));
    expect(contract.input('rename', {})).toEqual(passed({ to: 'nobody' }));
    expect(contract.output('rename', { size: '7' })).toEqual(passed({ size: 7 }));
  });

  test.each([
    [contract.payload('room:7', 'said', { text: '' }), 'payload.text'],
    [contract.payload('room:7', 'said', {}), 'payload.text'],
    [contract.payload('room:7', 'said', null), 'payload'],
    [contract.payload('news.all', 'published', undefined), 'payload'],
    [contract.input('rename', { to: 7 }), 'payload.to'],
    [contract.output('rename', {}), 'payload.size'],
  ])('names the field of a payload that does not fit: %#', (checked, field) => {
    expect(checked).toMatchObject({ ok: false, code: 'invalid', field });
    expect(checked).toHaveProperty('message', expect.stringMatching(/./));
  });

  test('names a field deep inside, also by path segments, numbers and symbols', () => {
    const lines = one(z.object({ lines: z.array(z.object({ price: z.number() })) }));
    expect(lines.payload('log', 'added', { lines: [{ price: 1 }, { price: '2' }] })).toMatchObject({
      field: 'payload.lines.1.price',
    });
    const segments = one(
      schema(() => ({ issues: [{ message: 'no', path: [{ key: 'a' }, 0, Symbol('s')] }] })),
    );
    expect(segments.payload('log', 'added', 1)).toMatchObject({ field: 'payload.a.0.Symbol(s)' });
  });

  test.each([
    ['a channel', contract.payload('room:7:guests', 'said', null), 'channel'],
    ['a channel named like a property', contract.payload('constructor', 'said', null), 'channel'],
    ['a delta', contract.payload('room:7', 'shouted', null), 'delta'],
    ['a delta of another channel', contract.payload('room:7', 'noted', null), 'delta'],
    ['a delta named like a property', contract.payload('room:7', 'toString', null), 'delta'],
    ['a delta named __proto__', contract.payload('room:7', '__proto__', null), 'delta'],
    ['a request', contract.input('delete', null), 'delta'],
    ['a request named like a property', contract.input('constructor', null), 'delta'],
    ['the output of a request', contract.output('__proto__', null), 'delta'],
  ])('does not find %s that the contract does not have', (_, checked, field) => {
    expect(checked).toMatchObject({ ok: false, code: 'not_found', field });
  });

  test('says what the contract does have', () => {
    expect(contract.payload('room:7', 'shouted', null)).toHaveProperty(
      'message',
      expect.stringContaining('said, left'),
    );
    expect(contract.input('delete', null)).toHaveProperty('message', expect.stringContaining('rename'));
    expect(compileContract({ requests: {} }).input('a', null)).toHaveProperty(
      'message',
      expect.stringContaining('none'),
    );
  });

  test('knows the channels', () => {
    expect(contract.hasChannel('room:7')).toBe(true);
    expect(contract.hasChannel('hall:7')).toBe(false);
  });

  test('allows everything without a contract, and in the parts that it does not have', () => {
    for (const open of [compileContract(), compileContract({ requests: chat.requests })]) {
      expect(open.hasChannel('anything')).toBe(true);
      expect(open.payload('anything', 'at_all', 1)).toEqual(passed(1));
    }
    const open = compileContract({ channels: chat.channels });
    expect(open.input('anything', 1)).toEqual(passed(1));
    expect(open.output('anything', 1)).toEqual(passed(1));
  });

  test('allows nothing in a part that is empty', () => {
    const closed = compileContract({ channels: {}, requests: {} });
    expect(closed.hasChannel('anything')).toBe(false);
    expect(closed.payload('anything', 'at_all', 1)).toMatchObject({ code: 'not_found', field: 'channel' });
    expect(closed.input('anything', 1)).toMatchObject({ code: 'not_found', field: 'delta' });
  });
});

describe('Standard Schema', () => {
  test('may answer later', async () => {
    const later = one(z.string().refine((text) => Promise.resolve(text !== 'taken'), 'taken already'));
    await expect(later.payload('log', 'added', 'free')).resolves.toEqual(passed('free'));
    await expect(later.payload('log', 'added', 'taken')).resolves.toEqual({
      ok: false,
      code: 'invalid',
      field: 'payload',
      message: 'taken already',
    });
  });

  test('may answer with a promise of another realm, which is not taken for a yes', async () => {
    const foreign: unknown = runInNewContext('Promise.resolve({ issues: [{ message: "no" }] })');
    expect(foreign).not.toBeInstanceOf(Promise);
    const checked = await one(schema(() => foreign as Promise<{ issues: [] }>)).payload('log', 'added', 1);
    expect(checked).toMatchObject({ ok: false, message: 'no' });
  });

  test('that lists no issue refuses all the same', () => {
    const refused = one(schema(() => ({ issues: [] }))).payload('log', 'added', 1);
    expect(refused).toMatchObject({ ok: false, code: 'invalid', field: 'payload' });
    expect(refused).toHaveProperty('message', expect.stringMatching(/./));
  });

  test('that takes undefined hands it on', () => {
    expect(one(schema(() => ({ value: undefined }))).payload('log', 'added', undefined)).toEqual(
      passed(undefined),
    );
  });
});

// What follows is checked by the compiler; at run time it does nothing.
describe('types', () => {
  const contract = compileContract(chat);
  const publish = <C extends ChannelName<Chat>, D extends DeltaName<Chat, C>>(
    _channel: C,
    _delta: D,
    _payload: PublishPayload<Chat, C, D>,
  ): void => {};
  const request = <N extends RequestName<Chat>>(_name: N, _input: RequestInput<Chat, N>): void => {};

  test('refuse a wrong channel, delta or payload', () => {
    const id = String(7);
    publish('room:7', 'said', { text: 'hi' });
    publish(`room:${id}`, 'said', { text: 'hi' });
    publish('news.all', 'published', 'hi');
    // @ts-expect-error: no pattern covers it
    publish('hall:7', 'said', { text: 'hi' });
    // @ts-expect-error: the inbox is not a channel
    publish('@', 'said', { text: 'hi' });
    // @ts-expect-error: any string may be any channel
    publish(id, 'said', { text: 'hi' });
    // @ts-expect-error: no such delta
    publish('room:7', 'shouted', { text: 'hi' });
    // @ts-expect-error: a delta of another channel
    publish('news.all', 'said', { text: 'hi' });
    // @ts-expect-error: a wrong field
    publish('room:7', 'said', { text: 7 });
    // @ts-expect-error: a missing field
    publish('room:7', 'said', {});
    // @ts-expect-error: not null
    publish('room:7', 'left', {});
    expectTypeOf<DeltaName<Chat, 'room:7'>>().toEqualTypeOf<'said' | 'left'>();
    expectTypeOf<DeltaName<Chat, `room:${string}`>>().toEqualTypeOf<'said' | 'left'>();
    expectTypeOf<ChannelName<Chat>>().toEqualTypeOf<`room:${string}` | `room:${string}:staff` | 'news.all'>();
    expect(contract).toBeDefined();
  });

  test('tell what is published from what arrives', () => {
    expectTypeOf<PublishPayload<Chat, 'news.all', 'published'>>().toEqualTypeOf<string>();
    expectTypeOf<DeliveredPayload<Chat, 'room:7', 'said'>>().toEqualTypeOf<{
      text: string;
      at?: Date | undefined;
    }>();
    expectTypeOf<DeliveredPayload<Chat, 'room:7', 'left'>>().toEqualTypeOf<null>();
  });

  test('infer the input and the output of a request on both sides', () => {
    request('rename', {});
    request('rename', { to: 'z' });
    // @ts-expect-error: no such request
    request('delete', {});
    // @ts-expect-error: a wrong field
    request('rename', { to: 7 });
    expectTypeOf<RequestName<Chat>>().toEqualTypeOf<'rename'>();
    expectTypeOf<RequestInput<Chat, 'rename'>>().toEqualTypeOf<{ to?: string | undefined }>();
    expectTypeOf<HandledInput<Chat, 'rename'>>().toEqualTypeOf<{ to: string }>();
    expectTypeOf<HandledOutput<Chat, 'rename'>>().toEqualTypeOf<{ size: string }>();
    expectTypeOf<RequestOutput<Chat, 'rename'>>().toEqualTypeOf<{ size: number }>();
  });

  test('of no contract are string and unknown', () => {
    expectTypeOf<ChannelName<Untyped>>().toEqualTypeOf<string>();
    expectTypeOf<DeltaName<Untyped, 'room:7'>>().toEqualTypeOf<string>();
    expectTypeOf<PublishPayload<Untyped, 'room:7', 'said'>>().toEqualTypeOf<unknown>();
    expectTypeOf<DeliveredPayload<Untyped, 'room:7', 'said'>>().toEqualTypeOf<unknown>();
    expectTypeOf<RequestName<Untyped>>().toEqualTypeOf<string>();
    expectTypeOf<RequestInput<Untyped, 'rename'>>().toEqualTypeOf<unknown>();
    expectTypeOf<RequestOutput<Untyped, 'rename'>>().toEqualTypeOf<unknown>();
  });

  test('of a part that a contract does not have are never', () => {
    expectTypeOf<ChannelName<{ requests: Chat['requests'] }>>().toEqualTypeOf<never>();
    expectTypeOf<RequestName<{ channels: Chat['channels'] }>>().toEqualTypeOf<never>();
  });

  test('let a part end at its colon, as the patterns do at run time', () => {
    publish('room:7:staff', 'noted', { note: 'four' });
    // @ts-expect-error: a delta of `room:{id}`, which does not cover this channel
    publish('room:7:staff', 'said', { text: 'hi' });
    // @ts-expect-error: a delta of `room:{id}:staff`
    publish('room:7', 'noted', { note: 'four' });
    expectTypeOf<DeltaName<Chat, 'room:7:staff'>>().toEqualTypeOf<'noted'>();
    expectTypeOf<DeltaName<Chat, `room:${string}:staff`>>().toEqualTypeOf<'noted'>();
    expectTypeOf<DeliveredPayload<Chat, 'room:7:staff', 'noted'>>().toEqualTypeOf<{ note: number }>();
  });

  test('where two patterns overlap allow the deltas that both have, and either payload', () => {
    const two = defineContract({
      channels: {
        'room:{id}': { said: z.string(), left: z.null() },
        'room:lobby': { said: z.number(), opened: z.null() },
      },
    });
    type Two = typeof two;
    expectTypeOf<DeltaName<Two, 'room:lobby'>>().toEqualTypeOf<'said'>();
    expectTypeOf<PublishPayload<Two, 'room:lobby', 'said'>>().toEqualTypeOf<string | number>();
    expectTypeOf<DeltaName<Two, 'room:7'>>().toEqualTypeOf<'said' | 'left'>();
    expectTypeOf<PublishPayload<Two, 'room:7', 'said'>>().toEqualTypeOf<string>();
  });

  test('take any Standard Schema', () => {
    const own = defineContract({
      channels: { log: { added: schema(() => ({ value: 1 })) as Schema<string, number> } },
    });
    expectTypeOf<PublishPayload<typeof own, 'log', 'added'>>().toEqualTypeOf<string>();
    expectTypeOf<DeliveredPayload<typeof own, 'log', 'added'>>().toEqualTypeOf<number>();
    // @ts-expect-error: not a schema
    defineContract({ channels: { log: { added: (value: unknown) => value } } });
    expectTypeOf<Chat>().toExtend<Contract>();
  });
});
