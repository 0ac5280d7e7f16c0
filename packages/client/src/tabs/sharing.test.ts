/** What a tab says and does while another one leads, word by word. How many of them go on is played in `sim/tabs.test.ts`. */
import type { Subscribed } from '@iskra/protocol/wire';
import { expect, test } from 'vitest';
import { createSession } from '../session.js';
import type { SessionEvent } from '../session-events.js';
import { ladderOf } from '../testing.js';
import type { Saying, Shared, TabsEffect, Telling, Told, Word } from './messages.js';
import { createSharing } from './sharing.js';

function tab() {
  let ids = 0;
  let now = 1_000;
  const session = createSharing(
    {
      ladder: ladderOf(['websocket']),
      reconnect: { min: 500, max: 20_000 },
      poll: { min: 1_000, max: 5_000 },
      outbox: { messages: 10, bytes: 10_000 },
    },
    () => 0.5,
    () => `id-${++ids}`,
    createSession,
  );
  const happen = (event: SessionEvent) => session.handle(event, now) as unknown[][];
  return {
    session,
    happen,
    hear: (word: Word) => happen({ type: 'pageChanged', signal: word as never }),
    at: (moment: number) => (now = moment),
    said: (effects: unknown[][]) =>
      effects.flatMap((effect) => {
        const [name, message] = effect as TabsEffect;
        return name === 'post' ? [message as Saying & Telling] : [];
      }),
  };
}

/** What the leader `x` tells a tab that has just come. */
const everything = (more: Partial<Shared> = {}): Telling => ({
  from: 'x',
  to: 'id-1',
  told: [],
  shared: {
    nonce: 'n',
    status: { state: 'connected', transport: 'websocket', roundTrip: 9, session: 's', unsettled: 0 },
    last: 7,
    committed: 7,
    taken: new Map([
      ['x', 3],
      ['id-1', 0],
    ]),
    sends: new Map(),
    places: new Map(),
    wants: new Map(),
    ...more,
  },
});

test('says who it is, hears everything, and then says what it has', () => {
  const t = tab();
  expect(t.happen({ type: 'started' })).toEqual([['join', 'id-1']]);
  t.session.subscribe('room', {});
  expect(t.said(t.happen({ type: 'sendAdded' }))).toEqual([]);
  expect(t.said(t.hear({ joined: true }))).toMatchObject([{ from: 'id-1', to: undefined, sends: [] }]);
  const heard = t.hear(everything());
  expect(t.said(heard)).toMatchObject([{ to: 'x', sends: [[1, '["subscribe",1,"room",{}]']] }]);
  expect(heard).toContainEqual(['tell', 'session', { session: 's', lost: false }]);
  expect(t.session.status(0)).toMatchObject({ state: 'connected', session: 's', unsettled: 1 });
});

test('moves the time of the leader on while it is seen, and only then', () => {
  const t = tab();
  t.hear(everything());
  expect(t.session.deadline).toBe(2_000);
  t.at(2_000);
  expect(t.said(t.happen({ type: 'deadlinePassed' }))).toMatchObject([
    { to: 'x', sends: [], event: { type: 'deadlinePassed' } },
  ]);
  expect(t.session.deadline).toBe(3_000);
  expect(t.said(t.happen({ type: 'pageChanged', signal: 'hidden' }))).toEqual([]);
  expect(t.session.deadline).toBe(Infinity);
  expect(t.said(t.happen({ type: 'pageChanged', signal: 'visible' }))).toMatchObject([
    { event: { type: 'pageChanged', signal: 'visible' } },
  ]);
});

test('takes nothing from who does not lead', () => {
  const t = tab();
  t.hear(everything());
  const stale: Telling = { from: 'y', told: [['measured', 5]], shared: { last: 99 } };
  expect(t.hear(stale)).toEqual([]);
  expect(t.said(t.hear({ from: 'y', to: 'x', sends: [[1, '']] }))).toEqual([]);
});

test('goes on behind the last number that it was told of, and tells its own before it sends them (P30, P31)', () => {
  const t = tab();
  t.hear(everything());
  const mine = t.session.outbox.add('publish', 'room', { delta: 'said' })!;
  t.happen({ type: 'sendAdded' });
  // What the last leader has numbered, for this tab, before it died.
  t.hear({
    from: 'x',
    told: [
      ['set', 'taken', 'id-1', 1],
      ['set', 'sends', 8, ['id-1', 1, mine.text]],
    ],
    shared: { last: 8 },
  });
  t.session.outbox.add('publish', 'room', { delta: 'said' });
  const begun = t.hear({ begins: 'id-1' });
  expect(begun).toContainEqual(['watch', 'x']);
  // The lines of one turn are posted before anything of it is performed.
  expect(t.said(begun).flatMap(({ told }) => told)).toContainEqual([
    'set',
    'sends',
    9,
    ['id-1', 2, expect.any(String)],
  ]);
  const [, one] = begun.find(([name]) => name === 'askCredentials') as [string, { attempt: number }];
  t.happen({ type: 'credentialsGiven', attempt: one.attempt, auth: undefined });
  const opened = t.happen({ type: 'opened', attempt: one.attempt });
  const [hello, ...sends] = opened.flatMap(([name, , message]) =>
    name === 'send' ? (JSON.parse(message as string) as unknown[][]) : [],
  );
  expect(hello).toMatchObject(['hello', { nonce: 'n' }]);
  expect(sends.map(([tag, number]) => [tag, number])).toEqual([
    ['publish', 8],
    ['publish', 9],
  ]);
});

test('hands each entry on once, also over a fork of the log, and nothing of what is denied', () => {
  const t = tab();
  t.hear(everything());
  t.session.subscribe('room', {});
  t.happen({ type: 'sendAdded' });
  const page = { channel: 'room', position: ['e', 4] } as Subscribed;
  t.hear({ from: 'x', told: [['start', 'id-1', 1, page]] });
  const hear = (...told: Told[]) => t.hear({ from: 'x', told }).map(([name, , what]) => [name, what]);
  const entry = (epoch: string, offset: number): Told => [
    'hand',
    'room',
    'entry',
    { channel: 'room', position: [epoch, offset], envelope: { delta: 'said' } } as never,
  ];
  expect(hear(entry('e', 5), entry('e', 5))).toEqual([['hand', 'entry']]);
  expect(hear(entry('f', 6))).toEqual([['hand', 'entry']]);
  expect(t.session.cursors.get('room')).toEqual(['f', 6]);
  const now: [string, number] = ['f', 6];
  const gap: Told = ['hand', 'room', 'gap', { channel: 'room', reason: 'denied', was: now, now }];
  expect(hear(gap, gap, entry('f', 7))).toEqual([['hand', 'gap']]);
});
