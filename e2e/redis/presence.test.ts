/**
 * Members over several slots: what is left of a verb whose node died between its steps is done by others, and what
 * comes late changes nothing. A node dies here by losing its permission to what the next step needs.
 */
import { expect, test } from 'vitest';
import { until } from './server.js';
import type { RedisServer } from './server.js';
import { comings, doorTo, failing, open, redisFor, storeAt } from './world.js';

const PRESENCE = 30_000;
let now = 1_764_000_000_000;
const clock = { presenceWindow: PRESENCE, window: 120_000, now: () => now };

/** A node that gets no further than the slot of the session. */
async function dying(redis: RedisServer) {
  // `:mp`, `:mj` and the like are the lists of channels.
  const keys = ['~*:m', '~*:l', '~*:p', '~*:o', '~*{presence:*'];
  await redis.client.acl('SETUSER', 'dying', 'on', 'nopass', ...keys, '+@all', 'allchannels');
  return storeAt(redis.url, { ...clock, connection: { username: 'dying', password: 'x' } });
}

test('a node that dies while it enters a member leaves nobody listed and untold; the next contact enters it', async () => {
  const redis = await redisFor();
  const [store, dead] = [storeAt(redis.url, clock), await dying(redis)];
  const session = await open(store);
  expect((await failing(dead.enter(session, 'room', { id: session }, 10))).message).toMatch(
    /NOPERM|permission/i,
  );
  expect(await store.members('room')).toEqual([]);
  await store.touch(session);
  expect(await store.members('room')).toEqual([{ id: session }]);
  await store.touch(session);
  expect(await comings(store, 'room')).toEqual([`joined ${session}`]);
});

test('a node that dies while a member leaves: others find that the session is not in it, and tell it once', async () => {
  const redis = await redisFor();
  const [store, other, dead] = [storeAt(redis.url, clock), storeAt(redis.url, clock), await dying(redis)];
  const session = await open(store);
  await store.enter(session, 'room', { id: session }, 10);
  await failing(dead.leave(session, 'room'));
  expect(await store.members('room')).toEqual([{ id: session }]);
  now += PRESENCE + 2;
  await store.touch(session);
  await Promise.all([store.sweep(), other.sweep()]);
  expect(await store.members('room')).toEqual([]);
  // Or the client asks again, as its send was not committed.
  await store.leave(session, 'room');
  expect(await comings(store, 'room')).toEqual([`joined ${session}`, `left ${session}`]);
});

test.each(['close', 'lapse'] as const)(
  'a node that dies while it tells of the end of a session (%s): the next sweep does, once',
  async (verb) => {
    const redis = await redisFor();
    const [store, dead] = [storeAt(redis.url, clock), await dying(redis)];
    const session = await open(store);
    await store.attach(session);
    for (const channel of ['one', 'two']) await store.enter(session, channel, { id: session }, 10);
    await failing(verb === 'close' ? dead.close(session) : dead.lapse(session, 1));
    now += PRESENCE + 2;
    await store.sweep();
    await store.close(session);
    for (const channel of ['one', 'two'])
      expect(await comings(store, channel)).toEqual([`joined ${session}`, `left ${session}`]);
  },
);

test('a node that dies in its sweep is followed by another, a moment later', async () => {
  const redis = await redisFor();
  const [store, dead] = [storeAt(redis.url, clock), await dying(redis)];
  const session = await open(store);
  await store.enter(session, 'room', { id: session }, 10);
  now += PRESENCE + 2;
  await failing(dead.sweep());
  now += 5_001;
  await store.sweep();
  expect(await store.members('room')).toEqual([]);
  // What it was about to do does not come twice, whoever sweeps.
  now += 5_001;
  await store.sweep();
  expect(await comings(store, 'room')).toEqual([`joined ${session}`, `left ${session}`]);
});

test.each(['leave', 'close'] as const)(
  'a member is not entered by a node that slept while the session did another thing (%s)',
  async (verb) => {
    const redis = await redisFor();
    const door = await doorTo(redis);
    const [store, slow] = [storeAt(redis.url, clock), storeAt(door.url, clock)];
    const session = await open(slow);
    // The index and the lease go in; what enters the channel is held.
    door.letIn(2);
    const entering = failing(slow.enter(session, 'room', { id: session }, 10));
    await until(async () => (await redis.client.hlen(`iskra:{s:${session}}:p`)) === 1);
    await (verb === 'leave' ? store.leave(session, 'room') : store.close(session));
    door.open();
    expect((await entering).message).toMatch(/nothing was changed/);
    expect(await store.members('room')).toEqual([]);
    expect(await comings(store, 'room')).toEqual([]);
  },
);

test('a member is not entered by what comes later than it is remembered who left', async () => {
  const redis = await redisFor();
  // It opens and takes the lease at once, and enters the channel ten seconds later.
  let asked = 0;
  const slow = storeAt(redis.url, { ...clock, now: () => (++asked > 2 ? now + 10_001 : now) });
  const session = await open(slow);
  expect((await failing(slow.enter(session, 'room', { id: session }, 10))).message).toMatch(/took too long/);
  expect(await slow.members('room')).toEqual([]);
});

test('the lists of many channels are swept by whoever comes first, each member once', async () => {
  const redis = await redisFor();
  const stores = [0, 1, 2].map(() => storeAt(redis.url, clock));
  const [store] = stores;
  if (store === undefined) throw new Error('no store');
  const sessions = await Promise.all(Array.from({ length: 30 }, () => open(store)));
  const channels = Array.from({ length: 20 }, (_, n) => `room:${n}`);
  for (const session of sessions)
    await Promise.all(channels.map((channel) => store.enter(session, channel, { id: session }, 100)));
  now += PRESENCE + 2;
  // Half of them are still here.
  await Promise.all(sessions.slice(15).map((session) => store.touch(session)));
  await Promise.all(stores.map((one) => one.sweep()));
  for (const channel of channels) {
    expect((await store.members(channel)).map(({ id }) => id)).toEqual(sessions.slice(15));
    const left = (await comings(store, channel)).filter((told) => told.startsWith('left')).sort();
    expect(left).toEqual(
      sessions
        .slice(0, 15)
        .map((id) => `left ${id}`)
        .sort(),
    );
  }
});
