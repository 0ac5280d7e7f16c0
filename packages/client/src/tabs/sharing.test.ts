/** Tabs that hear each other at once, and a leader whose connection is the test. How many of them go on is played in `sim/tabs.test.ts`. */
import { expect, test } from 'vitest';
import type { Entry, Gap } from '../channel.js';
import type { SessionEffect, SessionEvent } from '../session-events.js';
import { envelope, ladderOf } from '../testing.js';
import type { Word } from './messages.js';
import { createSharing } from './sharing.js';

/** Of a session that is as good as new. */
const WELCOME = {
  session: 's',
  key: 'k',
  generation: 1,
  inbox: ['i', 0],
  acked: 0,
  heartbeat: 20_000,
  window: 60_000,
  limits: { envelope: 65_536, message: 262_144, sends: 256, channels: 100 },
};

class Group {
  now = 1_000;
  /** By who they are; `said` is all that was posted, `watched` whose end is to be told. */
  readonly tabs = new Map<string, ReturnType<Group['open']>>();
  readonly watched: string[] = [];
  said: Word[] = [];

  open(me: string) {
    let ids = 0;
    const air = {
      join: () => {},
      part: () => void this.tabs.delete(me),
      watch: (tab: string) => void this.watched.push(tab),
      post: (word: Word) => {
        this.said.push(word);
        const copy = structuredClone(word);
        for (const [name, tab] of this.tabs) if (name !== me) tab.waits.push(structuredClone(copy));
      },
    };
    const options = {
      ladder: ladderOf(['websocket']),
      reconnect: { min: 500, max: 20_000 },
      poll: { min: 1_000, max: 5_000 },
      outbox: { messages: 10, bytes: 10_000 },
    };
    const session = createSharing(
      air,
      options,
      () => 0.5,
      () => (ids++ ? `${me}-${ids}` : me),
    );
    const tab = {
      session,
      waits: [] as Word[],
      effects: [] as SessionEffect[],
      happen: (event: SessionEvent) => {
        tab.effects.push(...session.handle(event, this.now));
        this.#pass();
      },
      hear: (...word: Word) => tab.happen({ type: 'pageChanged', signal: word as never }),
      /** What it wants done of this name since this was asked last. */
      done: (name: string) => {
        const found = tab.effects.filter((effect) => effect[0] === name);
        tab.effects = tab.effects.filter((effect) => effect[0] !== name);
        return found.map(([, ...given]) => given as unknown[]);
      },
      publish: () => {
        const send = session.outbox.add('publish', 'room', envelope('said'))!;
        tab.happen({ type: 'sendAdded' });
        return send;
      },
      subscribe: (channel: string, given = {}) => {
        // As the client does for whoever waits for it.
        Object.assign(session.subscribe(channel, given)!, { settle() {} });
        tab.happen({ type: 'sendAdded' });
      },
    };
    this.tabs.set(me, tab);
    tab.happen({ type: 'started' });
    air.post(['said', me]);
    this.#pass();
    return tab;
  }

  #passing = false;
  #pass(): void {
    if (this.#passing) return;
    this.#passing = true;
    for (let tab; (tab = [...this.tabs.values()].find(({ waits }) => waits.length));)
      tab.hear(...tab.waits.shift()!);
    this.#passing = false;
  }

  /** This tab leads from now on: everybody is told. */
  begins(me: string): void {
    for (const tab of this.tabs.values()) tab.hear('begins', me);
  }

  /** Its connection is there, with this welcome; the answer is by what to hear from it. */
  connect(me: string, welcome = WELCOME) {
    const tab = this.tabs.get(me)!;
    const [[one]] = tab.done('askCredentials') as [[{ attempt: number }]];
    const { attempt } = one;
    tab.happen({ type: 'credentialsGiven', attempt, auth: undefined });
    tab.happen({ type: 'opened', attempt });
    const receive = (...frames: unknown[]) =>
      tab.happen({ type: 'received', attempt, text: JSON.stringify(frames) });
    receive(['welcome', envelope('connection_established', welcome as never)]);
    return receive;
  }

  /** The frames that this tab has given to its connection. */
  sent(me: string): [tag: string, number: number, ...unknown[]][] {
    return this.tabs
      .get(me)!
      .done('send')
      .flatMap(([, text]) => JSON.parse(text as string) as []);
  }
}

/** Two that read a channel; `a` leads. */
function two() {
  const group = new Group();
  const a = group.open('a');
  group.begins('a');
  const b = group.open('b');
  const receive = group.connect('a');
  a.subscribe('room');
  b.subscribe('room');
  const page = envelope('subscribed', { channel: 'room', position: ['e', 4] });
  receive(['entry', '@', 'i', 1, page, 1], ['entry', '@', 'i', 2, page, 2], ['acked', 2, 'i', 2]);
  for (const tab of [a, b]) tab.effects = [];
  group.said = [];
  const both = (name: string) => [a, b].map((tab) => tab.done(name));
  return { group, a, b, receive, both };
}

const said = (offset: number, epoch = 'e') => ['entry', 'room', epoch, offset, envelope('said')];
const numbers = (frames: unknown[][]) => frames.map(([tag, number]) => [tag, number]);
const twice = <Value>(value: Value): Value[] => [value, value];

test('a tab that comes is told everything, and says what it has then', () => {
  const group = new Group();
  const a = group.open('a');
  a.publish();
  group.begins('a');
  group.connect('a');
  const b = group.open('b');
  expect(group.watched).toEqual(['b']);
  expect(b.done('tell')).toEqual([['session', { session: 's', lost: false }], ['status']]);
  expect(b.session.status(0)).toMatchObject({ state: 'connected', session: 's', unsettled: 0 });
  expect(b.session.policy.current).toMatchObject({ transport: 'websocket' });
  b.publish();
  expect(b.session.status(0).unsettled).toBe(1);
  expect(numbers(group.sent('a').slice(1))).toEqual([
    ['publish', 1],
    ['publish', 2],
  ]);
});

test('a tab that is seen moves the time of the leader on, and a hidden one does not', () => {
  const { group, b } = two();
  b.happen({ type: 'deadlinePassed' });
  expect(group.said[0]).toEqual(['said', 'b', 'a', [], { type: 'deadlinePassed' }]);
  expect(b.session.deadline).toBe(2_000);
  b.happen({ type: 'pageChanged', signal: 'hidden' });
  expect(b.session.deadline).toBe(Infinity);
  group.said = [];
  b.happen({ type: 'pageChanged', signal: 'visible' });
  expect(group.said[0]).toEqual(['said', 'b', 'a', [], { type: 'pageChanged', signal: 'visible' }]);
});

test('nothing is taken from who does not lead, or is not of the group', () => {
  const { group, a, b } = two();
  b.hear('told', 'x', [['measured', 5]]);
  a.hear('said', 'x', 'a', [[1, '["publish",1,"room",{}]']]);
  expect(b.done('measured')).toEqual([]);
  expect(group.sent('a')).toEqual([]);
});

test('the others are told of a send before it goes up; the next leader sends it with the same number (P30, P31)', () => {
  const { group, b } = two();
  b.publish();
  const [, told] = group.said as [Word, ['told', string, unknown[][]]];
  expect(told[2]).toContainEqual(['say', 'b', [[2, expect.any(String)]]]);
  expect(numbers(group.sent('a'))).toEqual([['publish', 3]]);
  // It dies with that, and this tab has another one meanwhile.
  group.tabs.delete('a');
  b.publish();
  group.begins('b');
  expect(group.watched).toContain('a');
  const receive = group.connect('b', { ...WELCOME, generation: 2 });
  const frames = group.sent('b');
  expect(frames[0]).toMatchObject([
    'hello',
    { nonce: 'a-3', key: 'k', cursors: { room: ['e', 4], '@': ['i', 2] } },
  ]);
  expect(numbers(frames.slice(1))).toEqual([
    ['publish', 3],
    ['publish', 4],
  ]);
  expect(b.done('tell').map(([what]) => what)).not.toContain('transport');
  receive(['acked', 4, 'i', 2]);
  expect(b.done('settle').map(([, error]) => error)).toEqual([undefined, undefined]);
  expect(b.session.status(0).state).toBe('connected');
});

test('what passes is handed on in each tab, once, also over a fork of the log', () => {
  const { receive, both } = two();
  receive(said(5), said(5));
  receive(said(6), ['gap', 'room', 'forked', ['e', 6], ['f', 6]], said(7, 'f'));
  const places = both('hand').map((all) => all.map(([, , value]) => (value as Entry).position));
  expect(places).toEqual(
    twice([
      ['e', 5],
      ['e', 6],
      ['f', 7],
    ]),
  );
});

test('who reads from before a fork, reads on over it, and the others wait for that', () => {
  const { group, a, b, receive, both } = two();
  receive(['gap', 'room', 'forked', ['e', 4], ['f', 4]], said(5, 'f'));
  both('hand');
  b.session.unsubscribe('room');
  b.happen({ type: 'sendAdded' });
  b.subscribe('room', { since: ['e', 2] });
  group.sent('a');
  const page = (position: unknown) => envelope('subscribed', { channel: 'room', position });
  receive(['entry', '@', 'i', 3, page(['f', 5]), 3]);
  receive(['entry', '@', 'i', 4, envelope('unsubscribed', { channel: 'room' }), 4]);
  receive(['entry', '@', 'i', 5, page(['e', 2]), 5]);
  receive(said(3), said(4));
  receive(['gap', 'room', 'forked', ['e', 4], ['f', 4]], said(5, 'f'), said(6, 'f'));
  const places = [a, b].map((tab) =>
    tab.done('hand').flatMap(([, what, value]) => (what === 'entry' ? (value as Entry).position[1] : [])),
  );
  expect(places).toEqual([[6], [3, 4, 5, 6]]);
  expect(group.sent('a')).toEqual([]);
});

test('a gap is handed on in each tab; where nothing is missing, there is none, and nothing is read again (P82)', () => {
  const { group, receive, both } = two();
  receive(said(5), ['gap', 'room', 'excepted', ['e', 5], ['e', 7]], said(8));
  receive(['gap', 'room', 'trimmed', ['e', 8], ['e', 20]], said(21));
  expect(both('hand').map((all) => all.map(([, what]) => what))).toEqual(
    twice(['entry', 'entry', 'gap', 'entry']),
  );
  expect(group.sent('a')).toEqual([]);
});

test('a channel that is denied ends in each tab, and is not read again (P44)', () => {
  const { group, a, b, receive, both } = two();
  receive(said(5), ['gap', 'room', 'denied', ['e', 5], ['e', 5]]);
  receive(said(6));
  expect(both('hand').map((all) => all.map(([, what]) => what))).toEqual(twice(['entry', 'gap']));
  for (const tab of [a, b]) expect([...tab.session.cursors]).toEqual([]);
  expect(group.sent('a').map(([tag]) => tag)).toEqual(['unsubscribe']);
});

test('a channel that may not be read again for another tab is denied in each of them', () => {
  const { group, b, receive, both } = two();
  b.subscribe('room', { since: ['e', 1] });
  expect(group.sent('a')).toMatchObject([
    ['unsubscribe', 3, 'room'],
    ['subscribe', 4, 'room', { since: ['e', 1] }],
  ]);
  const no = envelope('forbidden', { code: 'forbidden', message: 'No.' });
  receive(
    ['entry', '@', 'i', 3, envelope('unsubscribed', { channel: 'room' }), 3],
    ['entry', '@', 'i', 4, no, 4],
    ['acked', 4, 'i', 4],
  );
  const reasons = both('hand').map((all) => all.map(([, , value]) => (value as Gap).reason));
  expect(reasons).toEqual(twice(['denied']));
  expect(group.sent('a')).toEqual([]);
});

test('a member leaves with the last tab that has entered, also when others read on (P46)', () => {
  const { group, a, b, receive } = two();
  const presence = { name: 'ada' };
  const c = group.open('c');
  a.subscribe('room', { presence });
  b.subscribe('room', { presence });
  // It is in the list, whoever else reads.
  c.subscribe('room');
  expect(group.sent('a').map(([, , , options]) => options)).toEqual(Array(3).fill({ presence }));
  receive(['acked', 5, 'i', 2]);
  const leave = (tab: typeof a) => {
    tab.session.unsubscribe('room');
    tab.happen({ type: 'sendAdded' });
    return group.sent('a').map(([tag, , , options]) => [tag, options]);
  };
  expect(leave(b)).toEqual([['subscribe', { presence }]]);
  expect(leave(a)).toEqual([
    ['unsubscribe', undefined],
    ['subscribe', { since: ['e', 4] }],
  ]);
  expect(leave(c)).toEqual([['unsubscribe', undefined]]);
});

test('a channel that is read again for one tab has no hole for another', () => {
  const { group, b, receive, both } = two();
  b.session.unsubscribe('room');
  b.happen({ type: 'sendAdded' });
  b.subscribe('room', { since: ['e', 2] });
  // On its way when that was sent.
  receive(said(5));
  const page = envelope('subscribed', { channel: 'room', position: ['e', 2] });
  receive(['entry', '@', 'i', 3, page, 5], said(3), said(4), said(5), said(6));
  const places = both('hand').map((all) =>
    all.flatMap(([, what, value]) => (what === 'entry' ? (value as Entry).position[1] : [])),
  );
  expect(places).toEqual([
    [5, 6],
    [3, 4, 5, 6],
  ]);
  expect(group.sent('a').map(([tag]) => tag)).toEqual(['subscribe', 'unsubscribe', 'subscribe']);
});

test('what the server says of the session is told in each tab', () => {
  const { receive, both } = two();
  const hint = envelope('hint', { text: 'hi' });
  receive(['entry', '@', 'i', 3, hint]);
  const refusal = envelope('rate_limited', { message: 'Slower.', field: 'payload', retryAfter: 9 });
  receive(['error', refusal]);
  expect(both('tell')).toEqual(
    twice([
      ['message', hint, ['i', 3]],
      ['error', refusal],
    ]),
  );
});

test('a channel that is called error is one like any other', () => {
  const { a, b, receive, both } = two();
  a.subscribe('error');
  b.subscribe('error');
  const page = envelope('subscribed', { channel: 'error', position: ['e', 4] });
  receive(['entry', '@', 'i', 3, page, 3], ['entry', '@', 'i', 4, page, 4], ['acked', 4, 'i', 4]);
  receive(['entry', 'error', 'e', 5, envelope('said')]);
  expect(both('hand').map((all) => all.map(([channel, what]) => [channel, what]))).toEqual(
    twice([
      ['error', 'members'],
      ['error', 'entry'],
    ]),
  );
});

test('with a new session everybody has it, and goes on reading (P14)', () => {
  const { group, b, receive, both } = two();
  const send = b.publish();
  receive(['close', { ...envelope('session_expired'), lambda: 'open_session' }]);
  expect([send.state, both('tell').map(([lost]) => lost)]).toEqual([
    'unknown',
    twice(['session', { session: 's', lost: true }]),
  ]);
  group.now += 500;
  group.tabs.get('a')!.happen({ type: 'deadlinePassed' });
  const anew = group.connect('a', { ...WELCOME, session: 't', inbox: ['j', 0] });
  expect(both('tell')[1]).toContainEqual(['session', { session: 't', lost: false }]);
  anew(said(5));
  expect(both('hand').map((all) => all.length)).toEqual([1, 1]);
});
