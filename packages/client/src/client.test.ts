/** The public object over a scripted WebSocket, and what the contract makes of its types. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { manualClock } from '@iskra/protocol/testing';
import { defineContract } from '@iskra/protocol/wire';
import type { Schema } from '@iskra/protocol/wire';
import { envelope } from './testing.js';
import { connect } from './connect.js';
import type { Client, ConnectOptions } from './client.js';
import type { PageSignal, Socket } from './environment.js';
import { ClosedError, MisuseError, OutcomeUnknown, QueueFull, RequestTimeout, SendError } from './errors.js';

const schema = <T>() => ({}) as Schema<T>;
const contract = defineContract({
  channels: {
    'room:{id}': { said: schema<{ text: string }>(), left: schema<undefined>() },
    news: { item: schema<number>() },
  },
  requests: { rename: { input: schema<{ to: string }>(), output: schema<{ was: string }>() } },
});

/** A client over a WebSocket that the test plays. */
async function scene(options: ConnectOptions = {}) {
  const clock = manualClock();
  const sockets: (Socket & { sent: unknown[][][] })[] = [];
  class Fake implements Socket {
    readyState = 1;
    sent: unknown[][][] = [];
    onopen: Socket['onopen'] = null;
    onmessage: Socket['onmessage'] = null;
    onclose: Socket['onclose'] = null;
    onerror: Socket['onerror'] = null;
    constructor() {
      sockets.push(this);
    }
    send(text: string) {
      this.sent.push(JSON.parse(text));
    }
    close() {}
  }
  const errors: unknown[] = [];
  const client = connect<typeof contract>('http://host/realtime', {
    transports: ['websocket'],
    ...options,
    environment: {
      clock,
      random: () => 0.5,
      WebSocket: Fake,
      onPage: () => () => {},
      ...options.environment,
    },
  });
  client.on('error', (error) => errors.push(error));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const hear = (...frames: unknown[]) => sockets.at(-1)!.onmessage!({ data: JSON.stringify(frames) });
  const limits = { message: 262_144, envelope: 65_536, sends: 256, channels: 100 };
  await turn();
  return {
    client,
    clock,
    sockets,
    errors,
    turn,
    hear,
    welcome() {
      sockets.at(-1)!.onopen!();
      const payload = {
        session: 's',
        key: 'k',
        generation: sockets.length,
        inbox: ['e', 0],
        acked: 0,
        heartbeat: 20_000,
        node: 'n',
        limits,
      };
      hear(['welcome', envelope('connection_established', payload)], ['ping', 1]);
    },
  };
}

test('delivers to handlers of the delta and of every delta, with the entry', async () => {
  const s = await scene();
  const room = s.client.channel('room:1');
  const heard: unknown[] = [];
  room.on('said', (payload, entry) => heard.push([payload.text, entry.position]));
  room.on('*', (_, entry) => heard.push(entry.envelope.delta));
  const done = room.subscribe();
  s.welcome();
  s.hear(
    [
      'entry',
      '@',
      'e',
      1,
      envelope('subscribed', { channel: 'room:1', position: ['r', 4], members: [{ id: 'a' }] }),
      1,
    ],
    ['acked', 1, 'e', 1],
  );
  await done;
  s.hear(['entry', 'room:1', 'r', 5, envelope('said', { text: 'hi' })]);
  expect(heard).toEqual([['hi', ['r', 5]], 'said']);
  expect(room.position).toEqual(['r', 5]);
  expect(room.members).toEqual([{ id: 'a' }]);
});

test('keeps the member list by the entries of the channel (P45)', async () => {
  const s = await scene();
  const room = s.client.channel('room:1');
  const lists: string[][] = [];
  room.onMembers((members) => lists.push(members.map(({ id }) => id)));
  void room.subscribe();
  s.welcome();
  s.hear(
    [
      'entry',
      '@',
      'e',
      1,
      envelope('subscribed', { channel: 'room:1', position: ['r', 0], members: [{ id: 'a' }] }),
      1,
    ],
    ['acked', 1, 'e', 1],
  );
  const change = (offset: number, delta: string, id: string) => [
    'entry',
    'room:1',
    'r',
    offset,
    { ...envelope(delta, { id }), dimension: 3 },
  ];
  s.hear(change(1, 'member_joined', 'b'), change(2, 'member_joined', 'b'), change(3, 'member_left', 'a'));
  expect(lists).toEqual([['a'], ['a', 'b'], ['a', 'b'], ['b']]);
});

describe('a member list', () => {
  type Page = { members?: { id: string; data?: unknown }[]; more?: number };

  /** A room of which the subscription has begun with this page, and whoever reads its list. */
  async function room(first: Page) {
    const s = await scene();
    const channel = s.client.channel('room:1');
    let inbox = 0;
    let offset = 0;
    const outcome = (number: number, delta: string, payload: object): void =>
      s.hear(['entry', '@', 'e', ++inbox, envelope(delta, payload), number], ['acked', number, 'e', inbox]);
    const subscribed = (number: number, page: Page): void =>
      outcome(number, 'subscribed', { channel: 'room:1', position: ['r', 0], ...page });
    void channel.subscribe();
    s.welcome();
    subscribed(1, first);
    return {
      ...s,
      subscribed,
      channel,
      ids: () => channel.members.map(({ id }) => id),
      change: (delta: string, id: string) =>
        s.hear(['entry', 'room:1', 'r', ++offset, { ...envelope(delta, { id }), dimension: 3 }]),
      gap: () => s.hear(['gap', 'room:1', 'trimmed', ['r', offset], ['r', (offset += 10)]]),
      /** What was asked for, and not answered yet. */
      asked: () =>
        s.sockets
          .flatMap(({ sent }) => sent.flat())
          .filter(([tag]) => tag === 'request')
          .map(([, number, asked]) => {
            const { delta, payload } = asked as { delta: string; payload: { after: number } };
            return [number, delta, payload.after];
          }),
      async answer(number: number, page: Page | undefined) {
        if (page) outcome(number, 'reply', { channel: 'room:1', position: ['r', offset], ...page });
        else outcome(number, 'forbidden', { code: 4403, message: 'no' });
        await s.turn();
      },
    };
  }

  test('that is longer than a page is read to its end (P48)', async () => {
    const r = await room({ members: [{ id: 'a' }, { id: 'b' }], more: 2 });
    expect(r.ids()).toEqual(['a', 'b']);
    expect(r.asked()).toEqual([[2, '@members', 2]]);
    await r.answer(2, { members: [{ id: 'c' }], more: 3 });
    expect(r.asked().at(-1)).toEqual([3, '@members', 3]);
    await r.answer(3, { members: [{ id: 'd' }] });
    expect(r.ids()).toEqual(['a', 'b', 'c', 'd']);
    expect(r.asked()).toHaveLength(2);
  });

  test('is read anew after a gap: who went and who came in it is known then, and not before (P49)', async () => {
    const r = await room({ members: [{ id: 'a' }, { id: 'b' }] });
    r.gap();
    expect(r.ids()).toEqual(['a', 'b']);
    expect(r.asked()).toEqual([[2, '@members', 0]]);
    await r.answer(2, { members: [{ id: 'b' }], more: 7 });
    await r.answer(3, { members: [{ id: 'c' }] });
    expect(r.ids()).toEqual(['b', 'c']);
  });

  test('believes an entry before a page that was asked for earlier (P49)', async () => {
    const r = await room({ members: [{ id: 'a' }, { id: 'b' }] });
    r.gap();
    r.change('member_left', 'b');
    r.change('member_joined', 'c');
    await r.answer(2, { members: [{ id: 'a' }, { id: 'b' }] });
    expect(r.ids()).toEqual(['a', 'c']);
  });

  test('that is being read when another gap comes is read from its beginning again', async () => {
    const r = await room({ members: [{ id: 'a' }] });
    r.gap();
    r.gap();
    expect(r.asked()).toHaveLength(2);
    await r.answer(2, { members: [{ id: 'x' }], more: 9 });
    expect(r.ids()).toEqual(['a']);
    await r.answer(3, { members: [{ id: 'b' }] });
    expect(r.ids()).toEqual(['b']);
  });

  test('of a channel that is subscribed to once more is read anew: entries may have gone past the page', async () => {
    const r = await room({ members: [{ id: 'a' }] });
    void r.channel.subscribe();
    r.change('member_joined', 'b');
    r.subscribed(2, { members: [{ id: 'a' }] });
    expect(r.ids()).toEqual(['a', 'b']);
    await r.answer(3, { members: [{ id: 'a' }, { id: 'b' }] });
    expect(r.ids()).toEqual(['a', 'b']);
  });

  test('may take its time, longer than a request of the application may', async () => {
    const r = await room({ members: [{ id: 'a' }] });
    r.gap();
    r.clock.advance(15_000);
    await r.answer(2, { members: [{ id: 'b' }] });
    expect(r.ids()).toEqual(['b']);
  });

  test('that is being read when the session is lost is read anew in the next one', async () => {
    const r = await room({ members: [{ id: 'a' }] });
    r.gap();
    r.hear(['close', { ...envelope('session_unknown', { code: 4404 }), lambda: 'open_session' }]);
    await r.turn();
    r.clock.advance(1_000);
    await r.turn();
    r.welcome();
    expect(r.asked().at(-1)).toEqual([1, '@members', 0]);
    const page = { channel: 'room:1', position: ['r', 10], members: [{ id: 'b' }] };
    r.hear(['entry', '@', 'e', 1, envelope('reply', page), 1], ['acked', 1, 'e', 1]);
    await r.turn();
    expect(r.ids()).toEqual(['b']);
  });

  test('stays as it was when it is refused, and is not asked for where nobody keeps one', async () => {
    const r = await room({ members: [{ id: 'a' }] });
    r.gap();
    await r.answer(2, undefined);
    expect(r.ids()).toEqual(['a']);
    expect(r.errors).toEqual([]);
    const empty = await room({});
    empty.gap();
    expect(empty.asked()).toEqual([]);
    empty.channel.onMembers(() => {});
    empty.gap();
    expect(empty.asked()).toHaveLength(1);
  });
});

test('reports a handler that throws, and counts the entry as delivered (P20)', async () => {
  const s = await scene();
  const room = s.client.channel('room:1');
  room.on('said', () => {
    throw new Error('mine');
  });
  void room.subscribe();
  s.welcome();
  s.hear(
    ['entry', '@', 'e', 1, envelope('subscribed', { channel: 'room:1', position: ['r', 0] }), 1],
    ['acked', 1, 'e', 1],
  );
  s.hear(['entry', 'room:1', 'r', 1, envelope('said', { text: 'hi' })]);
  expect(s.errors).toEqual([new Error('mine')]);
  expect(room.position).toEqual(['r', 1]);
});

test('shows each send with its state, and lets nobody trip over a rejection that is ignored', async () => {
  const s = await scene();
  const send = s.client.channel('room:1').publish('said', { text: 'hi' });
  expect([send.number, send.state]).toEqual([1, 'queued']);
  expect(s.client.outbox).toEqual([send]);
  s.welcome();
  expect(send.state).toBe('sent');
  s.hear(
    [
      'entry',
      '@',
      'e',
      1,
      {
        ...envelope('invalid', { code: 4422, message: 'no', field: 'payload.text' }),
        lambda: 'correct_input',
      },
      1,
    ],
    ['acked', 1, 'e', 1],
  );
  await s.turn();
  expect(send.state).toBe('rejected');
  await expect(send.settled).rejects.toThrow(SendError);
  await expect(send.settled).rejects.toMatchObject({
    code: 'invalid',
    field: 'payload.text',
    advice: 'correct_input',
  });
  expect(s.client.outbox).toEqual([]);
});

test('answers a request with its reply, and a slow one with a typed error', async () => {
  const s = await scene();
  s.welcome();
  const quick = s.client.request('rename', { to: 'z' });
  s.hear(['entry', '@', 'e', 1, envelope('reply', { was: 'a' }), 1], ['acked', 1, 'e', 1]);
  expect(await quick).toEqual({ was: 'a' });
  const slow = s.client.request('rename', { to: 'z' }, { timeout: 100 });
  s.clock.advance(100);
  await expect(slow).rejects.toMatchObject({ code: 'request_timeout' });
});

test('lets a request time out, and ignores the reply that comes late', async () => {
  const s = await scene();
  s.welcome();
  const slow = s.client.request('rename', { to: 'z' }, { timeout: 500 });
  s.clock.advance(500);
  await expect(slow).rejects.toThrow(RequestTimeout);
  expect(s.client.status.unsettled).toBe(1);
  s.hear(['entry', '@', 'e', 1, envelope('reply', 1), 1], ['acked', 1, 'e', 1]);
  await expect(slow).rejects.toThrow(RequestTimeout);
  expect(s.client.status.unsettled).toBe(0);
});

test('refuses here what is too big or too much, with a typed error', async () => {
  const s = await scene({ outbox: { messages: 1 } });
  const room = s.client.channel('room:1');
  const big = room.publish('said', { text: 'x'.repeat(70_000) });
  expect([big.number, big.state]).toEqual([0, 'rejected']);
  await expect(big.settled).rejects.toMatchObject({ code: 'too_big' });
  room.publish('said', { text: '1' });
  await expect(room.publish('said', { text: '2' }).settled).rejects.toThrow(QueueFull);
});

test('measures with a ping, and ends everything with close', async () => {
  const s = await scene();
  s.welcome();
  const ping = s.client.ping();
  const [, moment] = s.sockets[0]!.sent.at(-1)!.at(-1)!;
  s.clock.advance(40);
  s.hear(['pong', moment]);
  expect(await ping).toBe(40);
  const open = s.client.channel('room:1').publish('said', { text: 'hi' });
  await s.client.close();
  await expect(open.settled).rejects.toThrow(OutcomeUnknown);
  await expect(s.client.ping()).rejects.toThrow(ClosedError);
  expect(s.client.status.state).toBe('closed');
  expect(s.clock.waiting).toEqual([]);
});

test('asks for credentials once for attempts that start together, and puts them in hello, never in a URL (P18)', async () => {
  let asked = 0;
  const s = await scene({ auth: async () => ({ token: `t${++asked}` }) });
  s.welcome();
  expect(s.sockets[0]!.sent[0]![0]![1]).toMatchObject({ auth: { token: 't1' } });
});

test('goes on asking when the application cannot give credentials, and tells it', async () => {
  let asked = 0;
  const s = await scene({
    auth: () => {
      if (++asked < 3) throw new Error('not yet');
      return 'token';
    },
  });
  for (let n = 0; n < 5 && s.sockets.length === 0; n++) {
    s.clock.advance(2_000);
    await s.turn();
  }
  expect(s.sockets).toHaveLength(1);
  expect(s.errors).toEqual([new Error('not yet'), new Error('not yet')]);
});

test('gives the same channel for the same name, and refuses what is no name', async () => {
  const { client } = await scene();
  expect(client.channel('room:1')).toBe(client.channel('room:1'));
  expect(() => client.channel('room:ö')).toThrow(MisuseError);
  expect(() => connect('/realtime', { environment: { base: undefined } })).toThrow(/outside a page/);
});

test('explains itself as data', async () => {
  const s = await scene();
  s.sockets[0]!.onclose!({ code: 1006, reason: '' });
  const { attempts, phase, transports } = s.client.explain();
  expect(attempts).toMatchObject([
    { attempt: 1, transport: 'websocket', verdict: 'server-down', cure: expect.any(String) },
  ]);
  expect(transports).toMatchObject([{ transport: 'websocket' }]);
  expect(phase).toBe('waiting');
  expect(JSON.parse(JSON.stringify(attempts))).toHaveLength(1);
});

test('ends its session by a request that outlives the page', async () => {
  const fetched: [string, RequestInit][] = [];
  let page: (signal: PageSignal) => void = () => {};
  const s = await scene({
    environment: {
      async fetch(url, init) {
        fetched.push([url, init]);
        throw new TypeError('gone');
      },
      onPage(listener) {
        page = listener;
        return () => {};
      },
    },
  });
  s.welcome();
  s.sockets[0]!.onclose!({ code: 1001, reason: '' });
  page('left');
  await s.turn();
  expect(fetched).toMatchObject([['http://host/realtime/send', { method: 'POST', keepalive: true }]]);
  expect(JSON.parse(fetched[0]![1].body as string)).toMatchObject([
    ['continue', { key: 'k', generation: 1 }],
    ['bye'],
  ]);
  expect(s.errors).toEqual([]);
});

describe('types', () => {
  // Never run: the compiler is the test.
  const typed = (client: Client<typeof contract>) => {
    const room = client.channel('room:1');
    room.on('said', (payload, entry) => {
      expectTypeOf(payload).toEqualTypeOf<{ text: string }>();
      expectTypeOf(entry.envelope.payload).toEqualTypeOf<{ text: string } | undefined>();
    });
    room.publish('said', { text: 'hi' }, { omega: 0.5 });
    room.publish('left');
    // @ts-expect-error a payload of another shape
    room.publish('said', { txt: 'hi' });
    // @ts-expect-error a payload is needed
    room.publish('said');
    // @ts-expect-error no such delta
    room.publish('sad', { text: 'hi' });
    // @ts-expect-error no such channel
    client.channel('lobby');
    client.channel('news').on('item', (payload) => expectTypeOf(payload).toEqualTypeOf<number>());
    expectTypeOf(client.request('rename', { to: 'z' })).resolves.toEqualTypeOf<{ was: string }>();
    // @ts-expect-error no such request
    void client.request('remane', { to: 'z' });
    // @ts-expect-error an input of another shape
    void client.request('rename', { two: 'z' });
    // @ts-expect-error no such event
    client.on('connect', () => {});
    // @ts-expect-error no such transport
    connect('/realtime', { transports: ['carrier-pigeon'] });
  };

  const untyped = (client: Client) => {
    client.channel('anything').on('whatever', (payload) => expectTypeOf(payload).toEqualTypeOf<unknown>());
    client.channel('anything').publish('whatever', { any: 1 });
    expectTypeOf(client.request('some', 1)).resolves.toEqualTypeOf<unknown>();
  };

  test('come from the contract alone', () => {
    expect([typed, untyped]).toHaveLength(2);
  });
});
