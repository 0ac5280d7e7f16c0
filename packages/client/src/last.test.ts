import { expect, test } from 'vitest';
import { envelope, scene as sceneOf } from './testing.js';
import type { LastLimits } from './last.js';

/** A client that is subscribed to `room` from its beginning. */
async function scene(last?: LastLimits) {
  const s = await sceneOf({ ...(last && { last }) });
  const room = s.client.channel('room');
  const done = room.subscribe();
  s.welcome();
  s.hear(
    ['entry', '@', 'e', 1, envelope('subscribed', { channel: 'room', position: ['r', 0] }), 1],
    ['acked', 1, 'e', 1],
  );
  await done;
  let offset = 0;
  return {
    ...s,
    room,
    say: (delta: string, payload: unknown) =>
      s.hear(['entry', 'room', 'r', ++offset, envelope(delta, payload)]),
    last: () => room.last.map(({ envelope: { delta, payload } }) => `${delta} ${String(payload)}`),
  };
}

test('keeps nothing unless it is asked to', async () => {
  const s = await scene();
  s.say('said', 1);
  expect(s.room.last).toEqual([]);
});

test('keeps what was handed on last, with its positions, and a handler that looks finds its own entry', async () => {
  const s = await scene({});
  const seen: string[][] = [];
  s.room.on('said', () => void seen.push(s.last()));
  s.say('said', 1);
  s.say('said', 2);
  expect(seen).toEqual([['said 1'], ['said 1', 'said 2']]);
  expect(s.room.last[1]).toMatchObject({ channel: 'room', position: ['r', 2] });
});

test('keeps the newest of each delta longer than others, within the number of entries', async () => {
  const s = await scene({ entries: 3 });
  s.say('topic', 'a');
  for (let n = 1; n <= 5; n++) s.say('said', n);
  expect(s.last()).toEqual(['topic a', 'said 4', 'said 5']);
  s.say('left', 1);
  expect(s.last()).toEqual(['topic a', 'said 5', 'left 1']);
  s.say('joined', 1);
  expect(s.last()).toEqual(['said 5', 'left 1', 'joined 1']);
});

test('keeps no more bytes than it may, and nothing that is too large alone', async () => {
  const size = JSON.stringify(envelope('said', 'x'.repeat(100))).length;
  const s = await scene({ bytes: 2 * size });
  for (const letter of ['a', 'b', 'c']) s.say('said', letter.repeat(100));
  expect(s.last()).toEqual(['b', 'c'].map((letter) => `said ${letter.repeat(100)}`));
  s.say('said', 'd'.repeat(1_000));
  expect(s.room.last).toHaveLength(2);
});

test('can still be read when the connection is gone and nobody answers', async () => {
  const s = await scene({});
  s.say('said', 1);
  s.sockets.at(-1)!.onclose!({ code: 1006, reason: '' });
  s.clock.advance(10_000);
  expect(s.client.status.state).toBe('reconnecting');
  expect(s.last()).toEqual(['said 1']);
});

test('forgets a channel that was left, and one that it may not read any more', async () => {
  const s = await scene({});
  s.say('said', 1);
  s.hear(['gap', 'room', 'denied', ['r', 1], ['r', 1]]);
  expect(s.last()).toEqual([]);
  const other = await scene({});
  other.say('said', 1);
  void other.room.unsubscribe();
  expect(other.last()).toEqual([]);
});

test('does not keep comings and goings, which are no messages', async () => {
  const s = await scene({});
  s.hear(['entry', 'room', 'r', 1, { ...envelope('member_joined', { id: 'a' }), dimension: 3 }]);
  expect(s.last()).toEqual([]);
});
