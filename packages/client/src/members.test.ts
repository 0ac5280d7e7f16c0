/** Who is there, as an application sees it through the whole client. */
import { describe, expect, test } from 'vitest';
import { connect as connectCore } from './client.js';
import type { connect } from './connect.js';
import { envelope, scene } from './testing.js';

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

  test('is empty, and stays so, when the channel is denied', async () => {
    const r = await room({ members: [{ id: 'a' }] });
    r.gap();
    r.hear(['gap', 'room:1', 'denied', ['r', 10], ['r', 10]]);
    expect(r.ids()).toEqual([]);
    await r.answer(2, { members: [{ id: 'a' }] });
    expect(r.ids()).toEqual([]);
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

  test('is neither taken nor asked for of a channel that was left meanwhile', async () => {
    const s = await scene();
    const left = s.client.channel('room:1');
    void left.subscribe();
    void left.unsubscribe();
    s.welcome();
    const page = { channel: 'room:1', position: ['r', 0], members: [{ id: 'a' }], more: 1 };
    s.hear(['entry', '@', 'e', 1, envelope('subscribed', page), 1], ['acked', 1, 'e', 1]);
    expect(left.members).toEqual([]);
    expect(s.sockets[0]!.sent.flat().map(([tag]) => tag)).not.toContain('request');
  });

  test('may take its time, longer than a request of the application may', async () => {
    const r = await room({ members: [{ id: 'a' }] });
    r.gap();
    for (let time = 0; time < 15_000; time += 1_000) {
      r.clock.advance(1_000);
      r.hear(['pong', 1]);
    }
    await r.answer(2, { members: [{ id: 'b' }] });
    expect(r.ids()).toEqual(['b']);
  });

  test('that is being read when the session is lost is read anew in the next one', async () => {
    const r = await room({ members: [{ id: 'a' }] });
    r.gap();
    r.hear(['close', { ...envelope('session_unknown', { code: 4410 }), lambda: 'open_session' }]);
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

test('comes with the whole client; with the core alone, comings and goings are still no messages', async () => {
  // The core gives less than the type says, and this is about what is missing.
  const s = await scene({}, connectCore as unknown as typeof connect);
  const room = s.client.channel('room:1');
  const heard: unknown[] = [];
  room.on('*', (payload) => heard.push(payload));
  void room.subscribe({ presence: 'me' });
  s.welcome();
  s.hear(['entry', '@', 'e', 1, envelope('subscribed', { channel: 'room:1', position: ['r', 0] }), 1]);
  s.hear(
    ['entry', 'room:1', 'r', 1, { ...envelope('member_joined', { id: 'a' }), dimension: 3 }],
    ['entry', 'room:1', 'r', 2, envelope('member_joined', 'a word of the application')],
  );
  expect(heard).toEqual(['a word of the application']);
  expect(room).not.toHaveProperty('members');
  expect(room).not.toHaveProperty('onMembers');
});
