import { describe, expect, test } from 'vitest';
import { compileContract, decodeBody } from '@iskra/protocol/wire';
import type { CodeName, Contract, Envelope, Send, Subscribed, SubscribeOptions } from '@iskra/protocol/wire';
import { manualClock } from '@iskra/protocol/testing';
import { Refusal } from './core.js';
import type { Core, RequestContext, RequestHandler, SessionInfo } from './core.js';
import { createMetrics } from './observe/metrics.js';
import { compileChannels } from './channel-kinds.js';
import { Channels } from './channels.js';
import type { Hooks } from './hooks.js';
import { performSends } from './sends.js';
import { memoryStore } from './stores/memory.js';
import type { NumberedSend } from './uplink.js';

const CLAIM = { id: 'a', redelivered: false, from: { ids: {} } };

const envelope = (delta: string, payload?: unknown): Envelope => ({
  ...{ delta, dimension: 1, omega: 1, lambda: 'continue' },
  ...(payload !== undefined && { payload }),
});

/** A schema of the standard, by hand: gives the value on, or names the path at which it is wrong. */
function schema<T>(read: (value: unknown) => T | undefined, ...path: string[]) {
  const validate = (value: unknown): { value: T } | { issues: { message: string; path: string[] }[] } => {
    const found = read(value);
    return found === undefined ? { issues: [{ message: 'wrong', path }] } : { value: found };
  };
  return { '~standard': { version: 1 as const, vendor: 'test', validate } };
}

const textIn = (field: string) =>
  schema((value) => {
    const text = (value as Record<string, unknown>)[field];
    return typeof text === 'string' ? { [field]: text.trim() } : undefined;
  }, field);

interface Options {
  contract?: Contract;
  authorize?: Core['authorize'];
  hooks?: Hooks;
  handlers?: Record<string, RequestHandler['run'] | RequestHandler>;
}

/** A session on a store of its own, and what its sends come to. */
async function world({ contract, authorize, hooks = {}, handlers = {} }: Options = {}) {
  const store = memoryStore();
  const clock = manualClock();
  const failures: string[] = [];
  const core = {
    ...{ store, clock, authorize, hooks },
    channelKinds: compileChannels({}, 120_000),
    channels: new Channels(() => [], 100, 120_000),
    contract: compileContract(contract),
    limits: { handler: 1_000, channels: 100 },
    metrics: createMetrics(),
    events: { tell() {}, fail: (_name: string, error: unknown) => void failures.push(String(error)) },
    handlers: new Map(
      Object.entries(handlers).map(([name, given]) => [
        name,
        typeof given === 'function' ? { run: given, once: false } : given,
      ]),
    ),
  } as unknown as Core;
  const opened = await store.openSession('n'.repeat(22), { subject: 'ann' });
  if (opened.kind !== 'opened') throw new Error('not opened');
  const session: SessionInfo = { id: opened.state.session, subject: 'ann' };

  return {
    ...{ core, store, clock, failures, session },
    async perform(...sends: (Send | NumberedSend)[]) {
      const batch = sends.map(
        (send) => (Array.isArray(send) ? { number: send[1], send } : send) as NumberedSend,
      );
      const outcomes = await performSends(core, session, batch, CLAIM);
      return outcomes.map((outcome) => (outcome === undefined ? undefined : decodeBody(outcome)));
    },
    async again(send: Send) {
      const [outcome] = await performSends(core, session, [{ number: send[1], send }], {
        ...CLAIM,
        redelivered: true,
      });
      return outcome === undefined ? undefined : decodeBody(outcome);
    },
    async entries(channel: string) {
      const [head] = await store.heads([channel]);
      const read = await store.read(channel, head?.epoch ?? '', 0, 100);
      return read.kind === 'entries' ? read.entries.map(({ body }) => decodeBody(body).envelope) : [];
    },
  };
}

const publish = (number: number, channel: string, what: Envelope): Send => ['publish', number, channel, what];
const request = (number: number, name: string, input?: unknown): Send => [
  'request',
  number,
  envelope(name, input),
];

const positionOf = (outcome: { envelope: Envelope } | undefined): number | undefined =>
  (outcome?.envelope.payload as Subscribed | undefined)?.position[1];

/** The outcome of a send that was refused. */
const refusal = (number: number, code: CodeName, field?: string) => ({
  envelope: { delta: code, ...(field !== undefined && { payload: { field } }) },
  answers: number,
});

describe('a publish', () => {
  test('is in the log, and its acknowledgement says it all (P34)', async () => {
    const { perform, entries } = await world();
    expect(await perform(publish(1, 'room', envelope('said', { text: 'hi' })))).toEqual([undefined]);
    expect(await entries('room')).toEqual([envelope('said', { text: 'hi' })]);
  });

  test('is in the log once, however often the same number is performed (P39)', async () => {
    const { perform, entries } = await world();
    await perform(publish(1, 'room', envelope('said')));
    await perform(publish(1, 'room', envelope('said')), publish(2, 'room', envelope('said')));
    expect(await entries('room')).toHaveLength(2);
  });

  test('that is not allowed is refused, and those behind it go on (P35, P44)', async () => {
    const asked: unknown[] = [];
    const { perform, entries, session } = await world({
      authorize: (who, action, name) => {
        asked.push([who, action, name]);
        return name !== 'secret';
      },
    });
    const outcomes = await perform(
      publish(1, 'room', envelope('a')),
      publish(2, 'secret', envelope('b')),
      publish(3, 'room', envelope('c')),
    );
    expect(outcomes).toMatchObject([undefined, refusal(2, 'forbidden', 'channel'), undefined]);
    expect((await entries('room')).map(({ delta }) => delta)).toEqual(['a', 'c']);
    expect(await entries('secret')).toEqual([]);
    expect(asked[1]).toEqual([session, 'publish', 'secret']);
  });

  test('that is in the log already is not refused any more when it comes again, whatever became of the permission and the contract (P35, P39)', async () => {
    let isAllowed = true;
    let isValid = true;
    const { perform, again, entries } = await world({
      authorize: () => isAllowed,
      contract: { channels: { room: { a: schema((value) => (isValid ? value : undefined)) } } },
    });
    const [a, b] = [publish(1, 'room', envelope('a', {})), publish(2, 'room', envelope('a', {}))];
    await perform(a);
    isAllowed = false;
    expect(await again(a)).toBeUndefined();
    expect(await perform(a, b)).toMatchObject([undefined, refusal(2, 'forbidden', 'channel')]);
    [isAllowed, isValid] = [true, false];
    expect(await perform(a, b)).toMatchObject([undefined, refusal(2, 'invalid')]);
    expect(await entries('room')).toHaveLength(1);
  });

  test('that is in the log already is not refused where its hook makes more of it the second time (P39)', async () => {
    let made = 'little';
    const { perform, entries } = await world({ hooks: { publish: () => made } });
    const said = publish(1, 'room', envelope('said', 'x'));
    await perform(said);
    made = 'x'.repeat(70_000);
    expect(await perform(said, publish(2, 'room', envelope('said', 'x')))).toMatchObject([
      undefined,
      refusal(2, 'too_big', 'envelope'),
    ]);
    expect(await entries('room')).toHaveLength(1);
  });

  test('cannot pretend that a member came or left (P45)', async () => {
    const { perform, entries } = await world();
    const [joined, left] = await perform(
      publish(1, 'room', envelope('member_joined', { id: 'somebody' })),
      publish(2, 'room', envelope('member_left', { id: 'somebody' })),
    );
    expect([joined, left]).toMatchObject([
      refusal(1, 'forbidden', 'delta'),
      refusal(2, 'forbidden', 'delta'),
    ]);
    expect(await entries('room')).toEqual([]);
  });

  test('is refused when the permission cannot be asked for: a throw is no permission (P44)', async () => {
    const { perform, failures } = await world({
      authorize: () => {
        throw new Error('database is down');
      },
    });
    expect(await perform(publish(1, 'room', envelope('a')))).toMatchObject([
      refusal(1, 'forbidden', 'channel'),
    ]);
    expect(failures).toEqual(['Error: database is down']);
  });

  test('is checked by the contract, which may change what is published', async () => {
    const { perform, entries } = await world({
      contract: { channels: { 'room:{id}': { said: textIn('text') } } },
    });
    const outcomes = await perform(
      publish(1, 'room:1', envelope('said', { text: ' hi ' })),
      publish(2, 'room:1', envelope('said', { text: 3 })),
      publish(3, 'room:1', envelope('sung')),
      publish(4, 'hall', envelope('said', { text: 'x' })),
    );
    expect(outcomes).toMatchObject([
      undefined,
      refusal(2, 'invalid', 'payload.text'),
      refusal(3, 'not_found', 'delta'),
      refusal(4, 'not_found', 'channel'),
    ]);
    expect(await entries('room:1')).toEqual([envelope('said', { text: 'hi' })]);
  });

  test('over 65,536 bytes is refused, counted in bytes (P3)', async () => {
    const { perform, entries } = await world();
    const overhead = JSON.stringify(envelope('said', '')).length;
    const outcomes = await perform(
      publish(1, 'room', envelope('said', 'x'.repeat(65_536 - overhead))),
      publish(2, 'room', envelope('said', 'x'.repeat(65_537 - overhead))),
      publish(3, 'room', envelope('said', 'é'.repeat(40_000))),
    );
    expect(outcomes).toMatchObject([
      undefined,
      refusal(2, 'too_big', 'envelope'),
      refusal(3, 'too_big', 'envelope'),
    ]);
    expect(await entries('room')).toHaveLength(1);
  });

  test('rejects when the store does not answer: nothing may be committed then (P33)', async () => {
    const { perform, store } = await world();
    store.append = () => Promise.reject(new Error('gone'));
    await expect(perform(publish(1, 'room', envelope('a')))).rejects.toThrow('gone');
  });
});

describe('a frame that could not be read', () => {
  test('is refused under its number, with what the field must be (P5, P35)', async () => {
    const { perform } = await world();
    const [known, unknown] = await perform(
      { number: 4, refusedField: 'omega' },
      { number: 5, refusedField: 'mood' },
    );
    expect(known).toMatchObject(refusal(4, 'bad_frame', 'omega'));
    expect(known?.envelope.payload).toMatchObject({ message: 'omega must be a number from 0 to 1.' });
    expect(unknown?.envelope.payload).toMatchObject({
      message: expect.stringContaining('belongs in payload'),
    });
  });
});

describe('a request', () => {
  test('is answered with what its handler returns (P34)', async () => {
    const { perform } = await world({ handlers: { double: (input) => (input as number) * 2 } });
    expect(await perform(request(7, 'double', 21))).toMatchObject([
      { envelope: { delta: 'reply', payload: 42 }, answers: 7 },
    ]);
  });

  test('that nobody handles, or that is not allowed, is refused (P35, P44)', async () => {
    const { perform } = await world({
      handlers: { delete: () => expect.unreachable() },
      authorize: (_, action) => action !== 'request',
    });
    expect(await perform(request(1, 'nothing'), request(2, 'delete'))).toMatchObject([
      refusal(1, 'not_found', 'delta'),
      refusal(2, 'forbidden', 'delta'),
    ]);
  });

  test('is checked by the contract on its way in and on its way out', async () => {
    const { perform, failures } = await world({
      contract: {
        requests: {
          rename: {
            input: textIn('to'),
            output: schema((value) => (typeof value === 'number' ? value : undefined)),
          },
        },
      },
      handlers: { rename: (input) => ((input as { to: string }).to === 'number' ? 1 : 'no number') },
    });
    expect(
      await perform(
        request(1, 'rename', { to: 'number' }),
        request(2, 'rename', { to: 5 }),
        request(3, 'rename', { to: 'text' }),
      ),
    ).toMatchObject([
      { envelope: { delta: 'reply', payload: 1 } },
      refusal(2, 'invalid', 'payload.to'),
      refusal(3, 'internal'),
    ]);
    expect(failures).toHaveLength(1);
  });

  test('whose handler throws or rejects is refused as internal, and the reason stays here (P35)', async () => {
    const { perform, failures } = await world({
      handlers: {
        throws: () => {
          throw new Error('the password is hunter2');
        },
        rejects: () => Promise.reject(new Error('later')),
      },
    });
    const outcomes = await perform(request(1, 'throws'), request(2, 'rejects'));
    expect(outcomes).toMatchObject([refusal(1, 'internal'), refusal(2, 'internal')]);
    expect(JSON.stringify(outcomes)).not.toContain('hunter2');
    expect(failures).toEqual(['Error: the password is hunter2', 'Error: later']);
  });

  test('is refused with the code that its handler chose (P35)', async () => {
    const { perform, failures } = await world({
      handlers: {
        rename: () => {
          throw new Refusal('invalid', 'This name is taken.', 'payload.to');
        },
      },
    });
    expect(await perform(request(1, 'rename'))).toMatchObject([
      { envelope: { delta: 'invalid', payload: { message: 'This name is taken.', field: 'payload.to' } } },
    ]);
    expect(failures).toEqual([]);
  });

  test('whose handler takes too long is refused, and the handler is told to stop', async () => {
    let signal: AbortSignal | undefined;
    const { perform, clock } = await world({
      handlers: {
        slow: (_, context) => {
          signal = context.signal;
          return new Promise(() => {});
        },
      },
    });
    const outcome = perform(request(1, 'slow'));
    while (clock.waiting.length === 0) await Promise.resolve();
    clock.advance(999);
    expect(signal?.aborted).toBe(false);
    clock.advance(1);
    expect(await outcome).toMatchObject([refusal(1, 'internal')]);
    expect(signal?.aborted).toBe(true);
    expect(clock.waiting).toEqual([]);
  });

  test('leaves no timer behind when it was answered in time', async () => {
    const { perform, clock } = await world({ handlers: { quick: () => 1 } });
    await perform(request(1, 'quick'));
    await Promise.resolve();
    expect(clock.waiting).toEqual([]);
  });

  test('whose reply does not fit into an envelope is refused (P3)', async () => {
    const { perform } = await world({ handlers: { big: () => 'x'.repeat(70_000) } });
    expect(await perform(request(1, 'big'))).toMatchObject([refusal(1, 'internal')]);
  });

  test('that may have run before is run again and told so, unless it is to run once', async () => {
    const told: boolean[] = [];
    const run = (_: unknown, { redelivered }: RequestContext): void => void told.push(redelivered);
    const { perform, again } = await world({
      handlers: { often: run, once: { run: () => expect.unreachable(), once: true } },
    });
    await perform(request(1, 'often'));
    expect(await again(request(1, 'often'))).toMatchObject({ envelope: { delta: 'reply' } });
    expect(told).toEqual([false, true]);
    expect(await again(request(2, 'once'))).toMatchObject(refusal(2, 'internal'));
  });

  test('has one key for all its runs, for the application’s own transaction (P39)', async () => {
    const keys: string[] = [];
    const { perform, again, session } = await world({
      handlers: { pay: (_, context) => void keys.push(context.idempotencyKey) },
    });
    await perform(request(3, 'pay'));
    await again(request(3, 'pay'));
    expect(keys).toEqual([`${session.id}:3`, `${session.id}:3`]);
  });

  test('publishes once, in order, however often it runs (P39)', async () => {
    const { perform, again, entries } = await world({
      handlers: {
        move: async (_, { publish: say }) => {
          await say('room', { delta: 'left' });
          await say('room', { delta: 'entered' });
          await say('hall', { delta: 'entered' });
        },
      },
    });
    await perform(request(1, 'move'));
    await again(request(1, 'move'));
    expect((await entries('room')).map(({ delta }) => delta)).toEqual(['left', 'entered']);
    expect(await entries('hall')).toEqual([envelope('entered')]);
  });

  test('cannot publish into an inbox, under a name that is none, or too much (P3)', async () => {
    const { perform, failures, store, session } = await world({
      handlers: {
        tell: (name, { publish: say }) => say(String(name), { delta: 'x', payload: 'y'.repeat(70_000) }),
      },
    });
    await perform(
      request(1, 'tell', `@${session.id}`),
      request(2, 'tell', 'a"b'),
      request(3, 'tell', 'room'),
    );
    expect(failures).toEqual([
      expect.stringContaining('no channel'),
      expect.stringContaining('no channel'),
      expect.stringContaining('65536'),
    ]);
    expect((await store.heads([`@${session.id}`, 'room'])).map(({ offset }) => offset)).toEqual([0, 0]);
  });
});

describe('a subscription', () => {
  const subscribe = (number: number, options: SubscribeOptions = {}): Send => [
    'subscribe',
    number,
    'room',
    options,
  ];
  const position = async (options: SubscribeOptions, written = 5) => {
    const { perform } = await world();
    for (let n = 1; n <= written; n++) await perform(publish(n, 'room', envelope('said')));
    const [outcome] = await perform(subscribe(written + 1, options));
    expect(outcome).toMatchObject({ envelope: { delta: 'subscribed', dimension: 3 }, answers: written + 1 });
    return positionOf(outcome);
  };

  test('starts at the head, or as many entries before it as were asked for (P41)', async () => {
    expect(await position({})).toBe(5);
    expect(await position({ last: 2 })).toBe(3);
    expect(await position({ last: 99 })).toBe(0);
    expect(await position({ last: 10 }, 0)).toBe(0);
  });

  test('starts after the position that the client knows, also of another epoch (P41)', async () => {
    expect(await position({ since: ['other', 77], last: 1 })).toBe(77);
  });

  test('that is not allowed, or not in the contract, is refused and enters nothing (P35, P44, P45)', async () => {
    const forbidden = await world({ authorize: () => false });
    expect(await forbidden.perform(subscribe(1, { presence: {} }))).toMatchObject([
      refusal(1, 'forbidden', 'channel'),
    ]);
    expect(await forbidden.store.members('room')).toEqual([]);
    const unknown = await world({ contract: { channels: { hall: {} } } });
    expect(await unknown.perform(subscribe(1))).toMatchObject([refusal(1, 'not_found', 'channel')]);
  });

  test('with presence enters the list, which it is told, itself included (P45)', async () => {
    const { perform, session, entries } = await world();
    const [outcome] = await perform(subscribe(1, { presence: { colour: 'red' } }));
    const member = { id: session.id, subject: 'ann', data: { colour: 'red' } };
    expect(outcome?.envelope.payload).toMatchObject({ channel: 'room', members: [member] });
    expect(await entries('room')).toMatchObject([{ delta: 'member_joined', dimension: 3, payload: member }]);
    // The position is before its own joining: whoever comes later is told by an entry.
    expect(positionOf(outcome)).toBe(0);
  });

  test('without presence is told who is there, and is not one of them (P45)', async () => {
    const { perform } = await world();
    const [outcome] = await perform(subscribe(1));
    expect(outcome?.envelope.payload).not.toHaveProperty('members');
  });

  test('that is allowed no more takes its member from the list, as one before may have entered it (P44)', async () => {
    let allowed = true;
    const { perform, store } = await world({ authorize: () => allowed });
    await perform(subscribe(1, { presence: {} }));
    allowed = false;
    await perform(subscribe(2, { presence: {} }));
    expect(await store.members('room')).toEqual([]);
  });

  test('that ends is told, and leaves the list (P43, P46)', async () => {
    const { perform, store, entries } = await world();
    await perform(subscribe(1, { presence: 1 }));
    expect(await perform(['unsubscribe', 2, 'room'])).toMatchObject([
      { envelope: { delta: 'unsubscribed', payload: { channel: 'room' } }, answers: 2 },
    ]);
    expect(await store.members('room')).toEqual([]);
    expect((await entries('room')).map(({ delta }) => delta)).toEqual(['member_joined', 'member_left']);
  });
});

describe('what a client found out about its way (P85)', () => {
  const say = (number: number, input: unknown): Send => request(number, '@verdicts', input);

  test('is counted by transport and verdict, and what is not known here as other', async () => {
    const { core, perform } = await world({ authorize: () => false });
    const [answer] = await perform(
      say(1, [
        ['websocket', 'ws-refused'],
        ['sse', 'sse-buffered'],
        ['__proto__', 'constructor'],
        ['websocket', 'of-a-later-version'],
      ]),
      say(2, [['websocket', 'ws-refused']]),
      say(3, []),
    );
    expect(answer).toMatchObject({ envelope: { delta: 'reply' }, answers: 1 });
    const { told } = core.metrics;
    expect([told.websocket['ws-refused'], told.sse['sse-buffered']]).toEqual([2, 1]);
    expect([told.websocket.other, told.other.other]).toEqual([1, 1]);
  });

  test.each([
    ['nothing', undefined],
    ['no array', { websocket: 'ws-refused' }],
    ['no pairs', ['websocket', 'ws-refused']],
    ['more than a pair', [['websocket', 'ws-refused', 1]]],
    ['no names', [['websocket', 1006]]],
    ['more than 16', Array.from({ length: 17 }, () => ['websocket', 'ws-refused'])],
  ])('is refused whole where it is %s, and nothing of it is counted or said again', async (_, input) => {
    const { core, perform } = await world();
    const [answer] = await perform(say(1, input));
    expect(answer).toMatchObject({ envelope: { delta: 'invalid', payload: { field: 'payload' } } });
    expect(JSON.stringify(answer)).not.toContain('ws-');
    expect(core.metrics.told.websocket['ws-refused']).toBe(0);
  });
});

describe('a member list', () => {
  const ask = (number: number, input: unknown): Send => request(number, '@members', input);

  /** A room full of members that take 1 kB each, and the ids of all of them. */
  async function crowd(count: number, options: Options = {}) {
    const self = await world(options);
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const opened = await self.store.openSession(`${n}`.padStart(22, '0'), {});
      if (opened.kind !== 'opened') throw new Error('not opened');
      const id = opened.state.session;
      await self.core.store.enter(id, 'room', { id, data: 'x'.repeat(1_000) }, 1);
      ids.push(id);
    }
    return { ...self, ids };
  }

  test('that is over the size of an envelope comes in pages that are not (P3, P48)', async () => {
    const { core, session, perform, ids } = await crowd(150);
    const [first] = await performSends(
      core,
      session,
      [{ number: 1, send: ['subscribe', 1, 'room', {}] }],
      CLAIM,
    );
    expect(Buffer.byteLength(first ?? '')).toBeGreaterThan(60_000);
    expect(Buffer.byteLength(first ?? '')).toBeLessThanOrEqual(65_536);
    let { members, more } = decodeBody(first ?? '').envelope.payload as Subscribed;
    const found = members?.map(({ id }) => id) ?? [];
    for (let number = 2; more !== undefined; number++) {
      const [answer] = await perform(ask(number, { channel: 'room', after: more }));
      expect(answer).toMatchObject({ envelope: { delta: 'reply' }, answers: number });
      ({ members, more } = answer!.envelope.payload as Subscribed);
      found.push(...(members ?? []).map(({ id }) => id));
    }
    expect(found).toEqual(ids);
  });

  test('is told from its first page with a position, behind which entries tell who comes and goes (P48)', async () => {
    const { perform, ids } = await crowd(3);
    const [answer] = await perform(ask(1, { channel: 'room' }));
    expect(answer?.envelope.payload).toMatchObject({ channel: 'room', members: ids.map((id) => ({ id })) });
    expect(positionOf(answer)).toBe(3);
    expect(answer?.envelope.payload).not.toHaveProperty('more');
    const [empty] = await perform(ask(2, { channel: 'hall' }));
    expect(empty?.envelope.payload).not.toHaveProperty('members');
  });

  test('is for those who may subscribe, and for what is asked rightly (P44, P48)', async () => {
    const { perform } = await crowd(1, {
      authorize: (_, action, name) => !(action === 'subscribe' && name === 'room'),
      contract: { channels: { room: {} } },
    });
    expect(
      await perform(
        ask(1, { channel: 'room' }),
        ask(2, { channel: 'hall' }),
        ask(3, { channel: '@inbox' }),
        ask(4, { channel: 'room', after: -1 }),
        ask(5, { channel: 'room', after: 'x' }),
        ask(6, null),
        request(7, '@other'),
      ),
    ).toMatchObject([
      refusal(1, 'forbidden', 'payload.channel'),
      refusal(2, 'not_found', 'payload.channel'),
      refusal(3, 'invalid', 'payload.channel'),
      refusal(4, 'invalid', 'payload.after'),
      refusal(5, 'invalid', 'payload.after'),
      refusal(6, 'invalid', 'payload.channel'),
      refusal(7, 'not_found', 'delta'),
    ]);
  });

  test('takes a member of 16,384 bytes at most, and one in as many lists as a session may have channels (P45)', async () => {
    const { perform, store, session, core } = await world();
    const enter = (number: number, channel: string, presence: unknown): Send => [
      ...(['subscribe', number, channel, { presence }] as const),
    ];
    expect(await perform(enter(1, 'room', 'x'.repeat(16_384)))).toMatchObject([
      refusal(1, 'too_big', 'options.presence'),
    ]);
    for (let n = 1; n <= 100; n++) await perform(enter(n + 1, `room:${n}`, n));
    // The channels of a connection are those of its cursors; the lists that the session entered before remain.
    core.channels.forget(session.id);
    expect(await perform(enter(102, 'room:101', 1))).toMatchObject([refusal(102, 'rate_limited', 'channel')]);
    expect(await store.members('room:101')).toEqual([]);
    const again: Send[] = [['unsubscribe', 103, 'room:1'], enter(104, 'room:101', 1)];
    expect((await perform(...again))[1]?.envelope.delta).toBe('subscribed');
  });
});

describe('a hook', () => {
  const refuses = (): never => {
    throw new Refusal('rate_limited', 'Say it tomorrow.', 'payload.text');
  };

  test('is told who publishes what, after the contract, and what it gives back is published', async () => {
    const told: unknown[] = [];
    const { perform, entries, session } = await world({
      contract: { channels: { room: { said: textIn('text') } } },
      hooks: {
        async publish(context) {
          told.push({ ...context, signal: undefined });
          return { by: context.session.subject, ...(context.payload as object) };
        },
      },
    });
    await perform(publish(1, 'room', envelope('said', { text: ' hi ' })));
    expect(told).toEqual([{ session, channel: 'room', delta: 'said', payload: { text: 'hi' } }]);
    expect((await entries('room')).map(({ payload }) => payload)).toEqual([{ by: 'ann', text: 'hi' }]);
  });

  test('that gives nothing back leaves what is published as it is', async () => {
    const { perform, entries } = await world({ hooks: { publish() {} } });
    await perform(publish(1, 'room', envelope('said', 0)), publish(2, 'room', envelope('left')));
    expect(await entries('room')).toEqual([envelope('said', 0), envelope('left')]);
  });

  test('refuses with a code of its own, and what follows goes on (P35)', async () => {
    const { perform, entries, failures } = await world({
      hooks: { publish: ({ payload }) => void (payload === 'bad' && refuses()) },
    });
    const outcomes = await perform(
      publish(1, 'room', envelope('said', 'bad')),
      publish(2, 'room', envelope('said', 'good')),
    );
    expect(outcomes[0]).toMatchObject(refusal(1, 'rate_limited', 'payload.text'));
    expect(outcomes[0]).toMatchObject({ envelope: { payload: { message: 'Say it tomorrow.' } } });
    expect(outcomes[1]).toBeUndefined();
    expect((await entries('room')).map(({ payload }) => payload)).toEqual(['good']);
    expect(failures).toEqual([]);
  });

  test('cannot refuse what is in the log already: its acknowledgement was lost (P39)', async () => {
    let isOpen = true;
    const { again, perform, entries } = await world({ hooks: { publish: () => void (isOpen || refuses()) } });
    await perform(publish(1, 'room', envelope('said', 1)));
    isOpen = false;
    expect(await again(publish(1, 'room', envelope('said', 1)))).toBeUndefined();
    expect(await entries('room')).toHaveLength(1);
  });

  test('that throws anything else refuses with internal, and is told as a failure', async () => {
    const throws = (): never => {
      throw new Error('no database');
    };
    const { perform, failures } = await world({
      hooks: { publish: throws, subscribe: throws, request: throws },
      handlers: { ask: () => 1 },
    });
    const outcomes = await perform(
      publish(1, 'room', envelope('said')),
      ['subscribe', 2, 'room', {}],
      request(3, 'ask'),
    );
    expect(outcomes).toMatchObject([refusal(1, 'internal'), refusal(2, 'internal'), refusal(3, 'internal')]);
    expect(failures).toEqual(Array.from({ length: 3 }, () => 'Error: no database'));
  });

  test('that hangs refuses when its time is over, and its signal says so', async () => {
    let hung: AbortSignal | undefined;
    const { perform, clock, failures } = await world({
      hooks: {
        publish({ signal }) {
          hung = signal;
          return new Promise(() => {});
        },
      },
    });
    const outcomes = perform(publish(1, 'room', envelope('said')));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hung?.aborted).toBe(false);
    clock.advance(1_000);
    expect(await outcomes).toMatchObject([refusal(1, 'internal')]);
    expect(hung?.aborted).toBe(true);
    expect(failures).toEqual(['Error: no answer within 1000 ms']);
  });

  test('is asked before a subscription, which it refuses, and which then is in no list (P44)', async () => {
    const told: unknown[] = [];
    const { perform, store, session } = await world({
      hooks: {
        subscribe({ channel }) {
          told.push(channel);
          if (channel === 'attic') refuses();
        },
      },
    });
    // Entered by a subscription whose outcome the client never had.
    await store.enter(session.id, 'attic', { id: session.id }, 9);
    const outcomes = await perform(
      ['subscribe', 1, 'room', { presence: 1 }],
      ['subscribe', 2, 'attic', { presence: 1 }],
    );
    expect(told).toEqual(['room', 'attic']);
    expect(outcomes).toMatchObject([
      { envelope: { delta: 'subscribed' } },
      refusal(2, 'rate_limited', 'payload.text'),
    ]);
    expect(await store.members('room')).toMatchObject([{ id: session.id }]);
    expect(await store.members('attic')).toEqual([]);
  });

  test('is asked before a handler, with the input that it is given, and refuses in its place', async () => {
    const ran: unknown[] = [];
    const { perform } = await world({
      hooks: { request: ({ name, input }) => void (name === 'pay' && input === 0 && refuses()) },
      handlers: { pay: (input) => ran.push(input) },
    });
    const outcomes = await perform(request(1, 'pay', 0), request(2, 'pay', 5));
    expect(outcomes).toMatchObject([
      refusal(1, 'rate_limited', 'payload.text'),
      { envelope: { delta: 'reply', payload: 1 } },
    ]);
    expect(ran).toEqual([5]);
  });
});

test('authorize that hangs is no permission when its time is over', async () => {
  const { perform, clock, entries } = await world({ authorize: () => new Promise(() => {}) });
  const outcomes = perform(publish(1, 'room', envelope('said')));
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_000);
  expect(await outcomes).toMatchObject([refusal(1, 'forbidden', 'channel')]);
  expect(await entries('room')).toEqual([]);
});
