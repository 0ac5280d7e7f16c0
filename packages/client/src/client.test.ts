/** The public object over a scripted WebSocket, and what the contract makes of its types. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { defineContract } from '@iskra/protocol/wire';
import type { Envelope, Position, Schema } from '@iskra/protocol/wire';
import { code, envelope, scene as sceneOf } from './testing.js';
import { connect } from './connect.js';
import type { Client, ConnectOptions } from './client.js';
import type { PageSignal } from './environment.js';
import { ClosedError, MisuseError, OutcomeUnknown, QueueFull, RequestTimeout, SendError } from './errors.js';

const schema = <T>() => ({}) as Schema<T>;
const contract = defineContract({
  channels: {
    'room:{id}': { said: schema<{ text: string }>(), left: schema<undefined>() },
    news: { item: schema<number>() },
  },
  requests: { rename: { input: schema<{ to: string }>(), output: schema<{ was: string }>() } },
  messages: { signed_out: schema<{ why: string }>(), greeted: schema<undefined>() },
});

const scene = (options?: ConnectOptions) => sceneOf<typeof contract>(options);

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

test('reads @system as a channel, and takes no other name of the kind for one (P80)', async () => {
  const s = await scene();
  const system = s.client.channel('@system');
  const heard: string[] = [];
  system.on('*', (_, { envelope: { delta } }) => heard.push(delta));
  const done = system.subscribe({ last: 1 });
  s.welcome();
  s.hear(
    ['entry', '@', 'e', 1, envelope('subscribed', { channel: '@system', position: ['x', 4] }), 1],
    ['acked', 1, 'e', 1],
    ['entry', '@system', 'x', 5, envelope('store_away', { at: 1 })],
  );
  await done;
  expect([heard, system.position]).toEqual([['store_away'], ['x', 5]]);
  expect(() => s.client.channel('@' as 'news')).toThrow(MisuseError);
  expect(() => s.client.channel('@systems' as 'news')).toThrow(MisuseError);
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

test('measures a ping that was asked for too early with the next connection', async () => {
  const s = await scene();
  const ping = s.client.ping();
  s.sockets[0]!.onopen!();
  s.clock.advance(30);
  s.welcome();
  expect(await ping).toBe(30);
});

test('measures with a ping, and ends everything with close', async () => {
  const s = await scene();
  s.welcome();
  const ping = s.client.ping();
  const [, moment] = s.sockets[0]!.sent.at(-1)!.at(-1)!;
  s.clock.advance(40);
  s.hear(['pong', moment]);
  expect(await ping).toBe(40);
  const unanswered = s.client.ping();
  const open = s.client.channel('room:1').publish('said', { text: 'hi' });
  await s.client.close();
  await expect(open.settled).rejects.toThrow(OutcomeUnknown);
  await expect(unanswered).rejects.toThrow(ClosedError);
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

test('goes on when fresh credentials cannot be had, tells it, and asks again when the server does (P81)', async () => {
  let asked = 0;
  const s = await scene({
    auth: () => {
      if (++asked === 2) throw new Error('offline');
      return `token ${asked}`;
    },
  });
  s.welcome();
  const [socket] = s.sockets;
  const reminder = { delta: 'unauthorized', dimension: 3, omega: 1, lambda: 'refresh_credentials' };
  const remind = async () => {
    socket!.onmessage!({ data: JSON.stringify([['error', { ...reminder, payload: { field: 'auth' } }]]) });
    await s.turn();
  };
  await remind();
  expect(s.errors).toEqual([new Error('offline')]);
  await remind();
  expect(socket!.sent.at(-1)).toEqual([['auth', 'token 3']]);
  expect([s.sockets.length, s.client.status.state, s.errors.length]).toEqual([1, 'connected', 1]);
});

describe('an application that does not answer when it is asked for credentials', () => {
  const never = () => new Promise<string>(() => {});
  const late = { code: 'auth_timeout', message: 'No credentials in time.' };

  test('is told so after the time of a request, and is asked again after a pause', async () => {
    let asked = 0;
    const s = await scene({ auth: () => (++asked < 3 ? never() : 'token'), requestTimeout: 3_000 });
    s.clock.advance(2_999);
    await s.turn();
    expect([asked, s.errors]).toEqual([1, []]);
    s.clock.advance(1);
    await s.turn();
    expect(s.errors).toMatchObject([late]);
    for (let n = 0; n < 5 && s.sockets.length === 0; n++) {
      s.clock.advance(3_000);
      await s.turn();
    }
    expect([asked, s.errors]).toMatchObject([3, [late, late]]);
    s.welcome();
    expect(s.sockets[0]!.sent[0]![0]![1]).toMatchObject({ auth: 'token' });
  });

  test('keeps its connection, and is asked again when the server does (P81)', async () => {
    let asked = 0;
    const s = await scene({ auth: () => (++asked === 2 ? never() : `token ${asked}`) });
    s.welcome();
    const remind = () => s.hear(['error', code('unauthorized', 'refresh_credentials', { field: 'auth' })]);
    remind();
    s.clock.advance(10_000);
    await s.turn();
    expect([s.errors, s.client.status.state]).toMatchObject([[late], 'connected']);
    remind();
    await s.turn();
    expect(s.sockets[0]!.sent.at(-1)).toEqual([['auth', 'token 3']]);
  });

  test('is heard when it answers in time, and leaves no timer', async () => {
    let give: (token: string) => void = () => {};
    const s = await scene({ auth: () => new Promise<string>((resolve) => (give = resolve)) });
    s.clock.advance(9_999);
    give('token');
    await s.turn();
    s.welcome();
    expect([s.sockets.length, s.errors]).toEqual([1, []]);
    await s.client.close();
    expect(s.clock.waiting).toEqual([]);
  });

  test('is nothing to a client that was closed', async () => {
    const s = await scene({ auth: never });
    await s.client.close();
    s.clock.advance(10_000);
    await s.turn();
    expect([s.clock.waiting, s.errors]).toEqual([[], []]);
  });
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
    client.on('message', (message, position) => {
      expectTypeOf(message.delta).toEqualTypeOf<'signed_out' | 'greeted' | 'unsubscribed'>();
      if (message.delta === 'signed_out') expectTypeOf(message.payload).toEqualTypeOf<{ why: string }>();
      if (message.delta === 'greeted') expectTypeOf(message.payload).toEqualTypeOf<undefined>();
      // Which the server says by itself.
      if (message.delta === 'unsubscribed')
        expectTypeOf(message.payload).toEqualTypeOf<{ channel: string }>();
      expectTypeOf(message.omega).toEqualTypeOf<number>();
      expectTypeOf(position).toEqualTypeOf<Position>();
    });
    // @ts-expect-error no such event
    client.on('connect', () => {});
    // @ts-expect-error no such transport
    connect('/realtime', { transports: ['carrier-pigeon'] });
  };

  const untyped = (client: Client) => {
    client.channel('anything').on('whatever', (payload) => expectTypeOf(payload).toEqualTypeOf<unknown>());
    client.channel('anything').publish('whatever', { any: 1 });
    expectTypeOf(client.request('some', 1)).resolves.toEqualTypeOf<unknown>();
    client.on('message', (message) => expectTypeOf(message).toEqualTypeOf<Envelope>());
  };

  test('come from the contract alone', () => {
    expect([typed, untyped]).toHaveLength(2);
  });
});
