/** A channel as components see it, over a WebSocket that the test plays. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { ChannelOptions, ChannelState, ChannelStore, Message } from './channel.js';
import { bound } from './fixture.js';
import type { TestContract } from './fixture.js';

type Room = ChannelState<TestContract, 'room:1'>;
type Options = ChannelOptions<TestContract, 'room:1'>;

async function room() {
  const b = await bound();
  const store = b.binding.channel('room:1') as unknown as ChannelStore<TestContract, 'room:1'>;
  /** Looks at it, as a component does from its mounting on. */
  const mount = (options: Options = {}) => {
    let changes = 0;
    let silence = store.say(options);
    const off = store.subscribe(() => changes++);
    return {
      /** Is rendered again, with these. */
      say(next: Options) {
        silence();
        silence = store.say(next);
      },
      leave() {
        silence();
        off();
      },
      get changes() {
        return changes;
      },
    };
  };
  b.welcome();
  return {
    ...b,
    subscribed: b.subscribed,
    refuse: b.refuse,
    mount,
    get state(): Room {
      return store.snapshot();
    },
    texts: () => store.snapshot().messages.map(({ payload }) => payload?.text),
    store,
  };
}

describe('one subscription', () => {
  test('is shared by all who look at the channel, and ends after the last one', async () => {
    const r = await room();
    const [one, other] = [r.mount({ last: 5 }), r.mount({ presence: 'me' })];
    await r.turn();
    r.subscribed('room:1');
    r.say('room:1', 1, 'hi');
    await r.turn();
    r.draw();
    expect(r.texts()).toEqual(['hi']);
    expect(r.state.state).toBe('subscribed');
    expect(r.sends()).toEqual([['subscribe', 'room:1', { last: 5, presence: 'me' }]]);
    one.leave();
    await r.turn();
    expect(r.sends()).toHaveLength(1);
    other.leave();
    await r.turn();
    expect(r.sends().slice(1)).toEqual([['unsubscribe', 'room:1']]);
  });

  test('survives a component that leaves and comes back in the same turn, with its presence', async () => {
    const r = await room();
    r.mount({ presence: 'me' }).leave();
    r.mount({ presence: 'me' });
    await r.turn();
    expect(r.sends()).toEqual([['subscribe', 'room:1', { presence: 'me' }]]);
  });

  test('begins anew, with empty lists, for who comes later', async () => {
    const r = await room();
    const first = r.mount();
    await r.turn();
    r.subscribed('room:1');
    r.say('room:1', 1, 'hi');
    r.draw();
    first.leave();
    await r.turn();
    expect(r.state).toBe(r.store.initial);
    r.mount({ last: 3 });
    await r.turn();
    expect(r.sends().slice(1)).toEqual([
      ['unsubscribe', 'room:1'],
      ['subscribe', 'room:1', { last: 3 }],
    ]);
  });

  test('is asked for again when the session was lost on the way', async () => {
    const r = await room();
    r.mount({ last: 5 });
    await r.turn();
    r.hear(['close', { delta: 'session_unknown', dimension: 3, omega: 1, lambda: 'open_session' }]);
    await r.turn();
    r.clock.advance(1_000);
    await r.turn();
    r.welcome();
    expect(r.sends().at(-1)).toEqual(['subscribe', 'room:1', { last: 5 }]);
    expect(r.state.state).toBe('subscribing');
  });

  test('tells why it was refused, and asks again on retry', async () => {
    const r = await room();
    r.mount({ last: 5 });
    await r.turn();
    r.refuse();
    await r.turn();
    r.draw();
    expect(r.state).toMatchObject({ state: 'failed', error: { code: 'forbidden' } });
    r.state.retry();
    r.draw();
    expect(r.state).toMatchObject({ state: 'subscribing', error: undefined });
    r.subscribed('room:1');
    await r.turn();
    r.draw();
    expect(r.state.state).toBe('subscribed');
  });

  test('fails when the permission ends, and goes on behind what it has seen', async () => {
    const r = await room();
    r.mount({ last: 5 });
    await r.turn();
    r.subscribed('room:1');
    r.say('room:1', 1, 'hi');
    await r.turn();
    r.hear(['gap', 'room:1', 'denied', ['r', 1], ['r', 1]]);
    r.draw();
    expect(r.state).toMatchObject({ state: 'failed', error: { code: 'denied' } });
    r.state.retry();
    expect(r.sends().at(-1)).toEqual(['subscribe', 'room:1', { since: ['r', 1], last: 5 }]);
  });
});

describe('the messages', () => {
  test('come in one change a frame, however many there are', async () => {
    const r = await room();
    const one = r.mount();
    await r.turn();
    r.subscribed('room:1');
    await r.turn();
    r.draw();
    const before = one.changes;
    for (let offset = 1; offset <= 50; offset++) r.say('room:1', offset, String(offset));
    expect(r.state.messages).toEqual([]);
    expect(r.draw()).toBe(1);
    expect(r.state.messages).toHaveLength(50);
    expect(one.changes).toBe(before + 1);
  });

  test('are bounded by the limit of the component that was mounted last, and none with 0', async () => {
    const r = await room();
    const one = r.mount({ limit: 2 });
    await r.turn();
    r.subscribed('room:1');
    for (const [index, text] of ['a', 'b', 'c', 'd'].entries()) r.say('room:1', index + 1, text);
    r.draw();
    expect(r.texts()).toEqual(['c', 'd']);
    const { messages } = r.state;
    r.hear(['gap', 'room:1', 'trimmed', ['r', 4], ['r', 6]]);
    r.draw();
    expect(r.state.messages).toBe(messages);
    const other = r.mount({ limit: 3 });
    for (const [index, text] of ['e', 'f'].entries()) r.say('room:1', index + 7, text);
    r.draw();
    expect(r.texts()).toEqual(['d', 'e', 'f']);
    other.leave();
    one.say({ limit: 0 });
    r.say('room:1', 9, 'g');
    r.draw();
    expect(r.texts()).toEqual([]);
  });

  test('are bounded also while no frame comes', async () => {
    const r = await room();
    r.mount({ limit: 3 });
    await r.turn();
    r.subscribed('room:1');
    for (let offset = 1; offset <= 100; offset++) r.say('room:1', offset, String(offset));
    r.draw();
    expect(r.texts()).toEqual(['98', '99', '100']);
  });

  test('have an id of their own, and the gap that was before them', async () => {
    const r = await room();
    r.mount();
    await r.turn();
    r.subscribed('room:1');
    r.say('room:1', 1, 'a');
    r.hear(['gap', 'room:1', 'trimmed', ['r', 1], ['r', 4]]);
    r.say('room:1', 5, 'b');
    r.draw();
    const gap = { channel: 'room:1', reason: 'trimmed', was: ['r', 1], now: ['r', 4] };
    expect(r.state.messages.map(({ id, gap }) => [id, gap])).toEqual([
      ['r:1', undefined],
      ['r:5', gap],
    ]);
    expect(r.state.gaps).toEqual([gap]);
  });

  test('are told to onMessage before the frame, to each component, whatever one of them throws', async () => {
    const r = await room();
    const heard: string[] = [];
    const thrown: unknown[] = [];
    const hear = (error: Error) => void thrown.push(error.message);
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', hear);
    r.mount({
      limit: 0,
      onMessage() {
        throw new Error('mine');
      },
    });
    const one = r.mount({
      onMessage(message) {
        if (message.delta === 'said') heard.push(message.payload.text);
      },
    });
    await r.turn();
    r.subscribed('room:1');
    r.say('room:1', 1, 'a');
    await r.turn();
    expect(heard).toEqual(['a']);
    expect(thrown).toEqual(['mine']);
    one.leave();
    r.say('room:1', 2, 'b');
    await r.turn();
    expect(heard).toEqual(['a']);
    process.removeAllListeners('uncaughtException');
    for (const other of others) process.on('uncaughtException', other);
  });

  test('do not come any more when the frame is drawn after everybody has left', async () => {
    const r = await room();
    const one = r.mount();
    await r.turn();
    r.subscribed('room:1');
    r.say('room:1', 1, 'a');
    one.leave();
    await r.turn();
    r.draw();
    expect(r.state).toBe(r.store.initial);
  });
});

describe('the member list', () => {
  const joined = { delta: 'member_joined', dimension: 3, omega: 1, lambda: 'continue' };

  test('is entered when a component brings its presence later, and left with it, without a loss', async () => {
    const r = await room();
    r.mount();
    await r.turn();
    r.subscribed('room:1', 3);
    const one = r.mount({ presence: { name: 'Ada' } });
    await r.turn();
    expect(r.sends().at(-1)).toEqual(['subscribe', 'room:1', { since: ['r', 3], presence: { name: 'Ada' } }]);
    r.answer('unsubscribed', { channel: 'room:1' });
    r.subscribed('room:1', 3, { members: [{ id: 's', data: { name: 'Ada' } }] });
    r.hear(['entry', 'room:1', 'r', 4, { ...joined, payload: { id: 'b' } }]);
    r.draw();
    expect(r.state.members.map(({ id }) => id)).toEqual(['s', 'b']);
    expect(r.state.messages).toEqual([]);
    one.leave();
    await r.turn();
    expect(r.sends().slice(-2)).toEqual([
      ['unsubscribe', 'room:1'],
      ['subscribe', 'room:1', { since: ['r', 4] }],
    ]);
  });

  test('is left and entered again when a component says something else of itself', async () => {
    const r = await room();
    const one = r.mount({ presence: { name: 'Ada' } });
    await r.turn();
    r.subscribed('room:1');
    one.say({ presence: { name: 'Ada' } });
    await r.turn();
    expect(r.sends()).toHaveLength(1);
    one.say({ presence: { name: 'Den' } });
    await r.turn();
    expect(r.sends().slice(1)).toEqual([
      ['unsubscribe', 'room:1'],
      ['subscribe', 'room:1', { since: ['r', 0], presence: { name: 'Den' } }],
    ]);
  });
});

test('publishes to the channel, and refuses to before anything is open', async () => {
  const r = await room();
  expect(() => r.state.publish('said', { text: 'hi' })).toThrow(/No session is open/);
  r.mount();
  expect(r.state.publish('said', { text: 'hi' }).state).toBe('sent');
  expect(r.sends()[0]).toMatchObject(['publish', 'room:1', { payload: { text: 'hi' } }]);
});

test('is idle for ever without a name, and asks nobody', async () => {
  const r = await room();
  const store = r.binding.channel(undefined);
  store.say({});
  store.subscribe(() => {});
  await r.turn();
  r.draw();
  expect(store.snapshot()).toMatchObject({ state: 'idle', messages: [] });
  expect(r.sends()).toEqual([]);
});

test('tells the payload of a message by its delta', () => {
  type Said = Extract<Message<TestContract, 'room:1'>, { delta: 'said' }>;
  expectTypeOf<Said['payload']>().toEqualTypeOf<{ text: string }>();
  expectTypeOf<Message<TestContract, 'news'>['payload']>().toEqualTypeOf<number>();
  expectTypeOf<Message['payload']>().toEqualTypeOf<unknown>();
});
