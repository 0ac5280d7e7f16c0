/** Redis restarts, stops, is full, or loses its newest changes to a fail-over: what is told then, and that it comes back. */
import { readFile } from 'node:fs/promises';
import type { Store } from '@iskra/server';
import { describe, expect, test } from 'vitest';
import { replicate, replicated, until } from './server.js';
import type { RedisServer } from './server.js';
import { doorTo, failing, follow, headOf, hintsOf, keyOf, open, redisFor, storeAt, takes } from './world.js';

const WAL = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** A replica that has everything that its primary has. */
async function replicaOf(primary: RedisServer): Promise<RedisServer> {
  const replica = await redisFor();
  await replicate(primary, replica);
  return replica;
}

describe('a restart', () => {
  test('with everything kept goes on: cursors pass a fork, and sessions live', async () => {
    const redis = await redisFor(...WAL);
    const store = storeAt(redis.url);
    const session = await open(store);
    await store.append('room', 'a');
    const { entry } = await store.append('room', 'b');
    await redis.kill();
    await redis.start();
    await until(() =>
      store.touch(session).then(
        ({ kind }) => kind === 'current',
        () => false,
      ),
    );
    await store.append('room', 'c');
    expect(await follow(store, 'room', entry.epoch, 1)).toEqual(['b', 'fork 2', 'c']);
    expect(await follow(store, 'room', entry.epoch, 2)).toEqual(['fork 2', 'c']);
    expect((await headOf(store, 'room')).first).toBe(3);
  });

  test('with everything lost is told to every cursor and session', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url);
    const session = await open(store);
    const { entry } = await store.append('room', 'a');
    await redis.kill();
    await redis.start();
    await takes(store, 'room', 'b');
    expect(await follow(store, 'room', entry.epoch, 1)).toEqual(['gap epoch 1-0', 'b']);
    expect(await store.touch(session)).toEqual({ kind: 'unknown' });
    expect(await follow(store, `@${session}`, entry.epoch, 0)).toEqual(['gap epoch 0-0']);
  });

  test('voids a claim: no append and no commit under it, and who begins again is told', async () => {
    const redis = await redisFor(...WAL);
    const store = storeAt(redis.url);
    const session = await open(store);
    expect(await store.begin(session, 1, 'a', 60_000)).toEqual({ kind: 'run', redelivered: false });
    await store.append('room', 'x', keyOf(session, 'a', 1));
    await redis.kill();
    await redis.start();
    await until(() =>
      store.touch(session).then(
        () => true,
        () => false,
      ),
    );
    expect((await failing(store.append('room', 'y', keyOf(session, 'a', 2)))).message).toMatch(/failed over/);
    expect(await store.commit(session, 1, 2, 'a', [])).toEqual({ kind: 'stale' });
    expect(await store.begin(session, 1, 'b', 60_000)).toEqual({ kind: 'run', redelivered: true });
    expect(await store.append('room', 'x', keyOf(session, 'b', 1))).toEqual({ kind: 'duplicate' });
    expect(await store.commit(session, 1, 1, 'b', [])).toMatchObject({ kind: 'committed', acked: 1 });
  });
});

describe('a fail-over that lost the newest changes', () => {
  test('is told to those who saw them, and to nobody else; then goes on', async () => {
    const primary = await redisFor();
    const door = await doorTo(primary);
    const store = storeAt(door.url);
    const session = await open(store);
    for (const body of ['1', '2', '3']) await store.append('room', body);
    await store.begin(session, 1, 'a', 60_000);
    await store.commit(session, 1, 1, 'a', ['one']);
    const { epoch } = await headOf(store, 'room');
    const replica = await replicaOf(primary);

    await replica.client.replicaof('NO', 'ONE');
    await store.append('room', 'lost 4');
    await store.append('room', 'lost 5');
    await store.begin(session, 2, 'a', 60_000);
    await store.commit(session, 2, 2, 'a', ['two']);
    const before = await store.touch(session);
    door.leadTo(replica.port);
    await takes(store, 'room', 'new 4');

    expect(await follow(store, 'room', epoch, 3)).toEqual(['fork 3', 'new 4']);
    expect(await follow(store, 'room', epoch, 1)).toEqual(['2', '3', 'fork 3', 'new 4']);
    expect(await follow(store, 'room', epoch, 5)).toEqual(['gap diverged 5-3', 'new 4']);
    // The session is at the send that it had forgotten, and who runs that one is told that it may have run.
    expect(await store.begin(session, 3, 'b', 60_000)).toEqual({ kind: 'expect', number: 2 });
    expect(await store.begin(session, 2, 'b', 60_000)).toEqual({ kind: 'run', redelivered: true });
    const inbox = before.kind === 'current' ? before.state.inbox : ['', 0];
    expect(await follow(store, `@${session}`, String(inbox[0]), 2)).toEqual(['gap diverged 2-1']);
    expect(await follow(store, `@${session}`, String(inbox[0]), 1)).toEqual(['fork 1']);
  });

  test('that rewinds further than one before it is told from there', async () => {
    const first = await redisFor();
    const door = await doorTo(first);
    const store = storeAt(door.url);
    // One that stays behind at 3, one that goes on to 5.
    const [far, near] = [await replicaOf(first), await replicaOf(first)];
    for (const body of ['1', '2', '3']) await store.append('room', body);
    const { epoch } = await headOf(store, 'room');
    await replicated(first, 2);
    await far.client.replicaof('NO', 'ONE');
    for (const body of ['4', '5']) await store.append('room', body);
    await replicated(first);
    await near.client.replicaof('NO', 'ONE');
    await store.append('room', 'lost 6');
    door.leadTo(near.port);
    await takes(store, 'room', 'near 6');
    const nearEpoch = (await headOf(store, 'room')).epoch;
    expect(await follow(store, 'room', epoch, 4)).toEqual(['5', 'fork 5', 'near 6']);
    door.leadTo(far.port);
    await takes(store, 'room', 'far 4');
    expect(await follow(store, 'room', epoch, 5)).toEqual(['gap diverged 5-3', 'far 4']);
    expect(await follow(store, 'room', nearEpoch, 6)).toEqual([
      'gap epoch 6-0',
      '1',
      '2',
      '3',
      'fork 3',
      'far 4',
    ]);
    expect(await follow(store, 'room', epoch, 2)).toEqual(['3', 'fork 3', 'far 4']);
  });

  test('gives no generation twice, though attaches were forgotten', async () => {
    const primary = await redisFor();
    const door = await doorTo(primary);
    const store = storeAt(door.url);
    const session = await open(store);
    await store.attach(session);
    const replica = await replicaOf(primary);
    await replica.client.replicaof('NO', 'ONE');
    const lost = await store.attach(session);
    door.leadTo(replica.port);
    await until(() =>
      store.touch(session).then(
        () => true,
        () => false,
      ),
    );
    expect(await store.touch(session, 2)).toEqual({ kind: 'superseded' });
    const next = await store.attach(session);
    const generations = [lost, next].map((one) => (one.kind === 'attached' ? one.state.generation : 0));
    expect(generations[1]).toBeGreaterThan(generations[0] ?? 0);
  });
});

describe('hints', () => {
  test('that were lost with their connection are made up for: whoever watches is told to look', async () => {
    const redis = await redisFor();
    const [store, other] = [storeAt(redis.url), storeAt(redis.url)];
    const hints = hintsOf(store);
    await store.watch('room');
    const { epoch } = await headOf(store, 'room');
    await other.append('room', '1');
    await until(() => hints.seen.length === 1);
    expect(await follow(store, 'room', epoch, 0)).toEqual(['1']);
    await redis.client.client('KILL', 'TYPE', 'PUBSUB');
    await other.append('room', 'unheard');
    await until(() => hints.missed > 0);
    expect(await headOf(store, 'room')).toMatchObject({ offset: 2 });
    expect(await follow(store, 'room', epoch, 1)).toEqual(['unheard']);
    await other.append('room', '3');
    await until(() => hints.seen.includes('3'));
  });

  test('that are lost one by one are found by their position, also where reads are answered from memory', async () => {
    const redis = await redisFor();
    await redis.client.acl('SETUSER', 'mute', 'on', 'nopass', '~*', '+@all', 'resetchannels');
    const [store, mute] = [
      storeAt(redis.url),
      storeAt(redis.url, { connection: { username: 'mute', password: 'x' } }),
    ];
    const seen: string[] = [];
    store.onHint((_, { body }) => void seen.push(body));
    await store.watch('room');
    await store.append('room', '1');
    await until(() => seen.length === 1);
    const { epoch } = await headOf(store, 'room');
    expect(await follow(store, 'room', epoch, 0)).toEqual(['1']);
    await mute.append('room', 'unheard');
    // Nothing tells of it: the memory of this node ends at the first one.
    expect(await follow(store, 'room', epoch, 1)).toEqual([]);
    expect((await headOf(store, 'room')).offset).toBe(2);
    expect(await follow(store, 'room', epoch, 1)).toEqual(['unheard']);
    // A hint that is no successor ends what is remembered as well.
    await mute.append('room', 'unheard too');
    await store.append('room', '4');
    await until(() => seen.includes('4'));
    expect(await follow(store, 'room', epoch, 2)).toEqual(['unheard too', '4']);
    expect(seen).toEqual(['1', '4']);
  });
});

describe('trouble', () => {
  test('a Redis that hangs is an error in bounded time, and over as soon as it is back', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url, { timeout: 300 });
    await store.append('room', 'a');
    redis.pause();
    const errors = await Promise.all(
      Array.from({ length: 50 }, () => failing(store.append('room', 'unanswered'))),
    );
    for (const { message, took } of errors) {
      expect(message).toMatch(/did not answer append within 300 ms|cannot be reached/);
      expect(took).toBeLessThan(5_000);
    }
    // Longer than a connection is kept that says nothing: these are not even asked.
    await until(async () => /cannot be reached/.test((await failing(store.append('room', 'x'))).message));
    redis.resume();
    await takes(store, 'room', 'b');
  });

  test('no more than so much waits for an answer', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url, { timeout: 1_000 });
    await store.append('room', 'a');
    redis.pause();
    const asked = Array.from({ length: 20_100 }, () => failing(store.taken('room', keyOf('s', 'c', 1))));
    const messages = (await Promise.all(asked)).map(({ message }) => message);
    expect(messages.filter((message) => /questions to answer already/.test(message))).toHaveLength(100);
    redis.resume();
    await takes(store, 'room', 'b');
  });

  test('a Redis without memory says so, still answers who reads, and lets go of what ends', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url);
    const session = await open(store);
    const { entry } = await store.append('room', 'a');
    await redis.client.config('SET', 'maxmemory', '1mb');
    expect((await failing(store.append('room', 'b'))).message).toMatch(/maxmemory is reached\. Give it more/);
    expect(await follow(store, 'room', entry.epoch, 0)).toEqual(['a']);
    expect((await headOf(store, 'room')).offset).toBe(1);
    await store.close(session);
    await redis.client.config('SET', 'maxmemory', '0');
    expect((await store.append('room', 'b')).entry.offset).toBe(2);
  });

  test('a script that fails half-way has changed nothing', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url);
    await store.append('room', 'a');
    const { epoch } = await headOf(store, 'room');
    await redis.client.rename('iskra:{c:room}:l', 'kept');
    await redis.client.set('iskra:{c:room}:l', 'somebody else');
    const session = await open(store);
    await store.begin(session, 1, 'c', 60_000);
    expect((await failing(store.append('room', 'b', keyOf(session, 'c', 1)))).message).toMatch(
      /WRONGTYPE.*prefix/,
    );
    await redis.client.rename('kept', 'iskra:{c:room}:l');
    expect(await headOf(store, 'room')).toMatchObject({ epoch, offset: 1 });
    expect(await store.append('room', 'b', keyOf(session, 'c', 1))).toMatchObject({ kind: 'appended' });
    expect(await follow(store, 'room', epoch, 0)).toEqual(['a', 'b']);
  });

  test('a log whose positions were lost begins anew, though its entries are still there', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url);
    const { entry } = await store.append('room', 'a');
    await redis.client.del('iskra:{c:room}:m');
    expect((await store.append('room', 'b')).entry.offset).toBe(1);
    expect(await follow(store, 'room', entry.epoch, 1)).toEqual(['gap epoch 1-0', 'b']);
  });

  test('a log whose entries expired says so, and keeps its positions', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url);
    await store.append('room', 'a');
    const { entry } = await store.append('room', 'b');
    await redis.client.del('iskra:{c:room}:l');
    expect(await headOf(store, 'room')).toEqual({ epoch: entry.epoch, offset: 2, first: 3 });
    expect(await follow(store, 'room', entry.epoch, 1)).toEqual(['gap trimmed 1-2']);
    expect(await follow(store, 'room', entry.epoch, 2)).toEqual([]);
    await store.append('room', 'c');
    expect(await follow(store, 'room', entry.epoch, 2)).toEqual(['c']);
  });

  test('scripts that Redis has forgotten are told to it again', async () => {
    const redis = await redisFor();
    const store = storeAt(redis.url);
    await store.append('room', 'a');
    await redis.client.script('FLUSH');
    expect((await store.append('room', 'b')).entry.offset).toBe(2);
  });
});

test('what is acknowledged as replicated is on a replica; without one the verb is rejected, and not done twice', async () => {
  const primary = await redisFor();
  const store = storeAt(primary.url, { durability: 'replicated' });
  expect((await failing(store.append('room', 'alone'))).message).toMatch(/no replica said/);
  const replica = await replicaOf(primary);
  const session = await open(store);
  await store.begin(session, 1, 'c', 60_000);
  expect(await store.append('room', 'x', keyOf(session, 'c', 1))).toMatchObject({ kind: 'appended' });
  expect(await replica.client.xlen('iskra:{c:room}:l')).toBe(2);
  replica.pause();
  expect((await failing(store.append('room', 'y', keyOf(session, 'c', 2)))).message).toMatch(
    /no replica said/,
  );
  replica.resume();
  await replicated(primary);
  expect(await store.append('room', 'y', keyOf(session, 'c', 2))).toEqual({ kind: 'duplicate' });
});

test('a user with the rights that the guide names can do everything', async () => {
  const guide = await readFile(new URL('../../docs/guide/many-nodes.md', import.meta.url), 'utf8');
  const [, rights = ''] = /^ACL SETUSER iskra on (.*)$/m.exec(guide) ?? [];
  const redis = await redisFor();
  await redis.client.call('ACL', 'SETUSER', 'iskra', 'on', ...rights.split(' '));
  const store = storeAt(redis.url.replace('//', '//iskra:password@'));
  const heard = new Promise((resolve) => store.onHint((_, { body }) => resolve(body)));
  await store.watch('room');
  await allVerbs(store);
  expect(await heard).toBe('x');
});

/** Everything that leaves something in Redis. */
async function allVerbs(store: Store): Promise<void> {
  const [one, two] = [await open(store), await open(store)];
  await store.attach(one);
  await store.begin(one, 1, 'c', 60_000);
  await store.append('room', 'x', keyOf(one, 'c', 1));
  await store.append('room', 'y');
  await store.commit(one, 1, 1, 'c', ['reply']);
  await store.post(two, 'z');
  await store.trimInbox(two, 1);
  await store.heads(['asked', 'room']);
  await store.enter(one, 'room', { id: one }, 10);
  await store.enter(two, 'room', { id: two }, 10);
  await store.membersPage('room', 0, 1_000);
  await store.leave(two, 'room');
  await store.lapse(one, 1);
  await store.sweep();
  await store.close(two);
}

test('nothing that the store writes is left for ever', async () => {
  const redis = await redisFor();
  const store = storeAt(redis.url);
  await allVerbs(store);
  const keys = await redis.client.keys('*');
  const expiries = await Promise.all(keys.map(async (key) => [key, await redis.client.pttl(key)] as const));
  expect(keys.length).toBeGreaterThan(8);
  expect(expiries.filter(([, ttl]) => ttl < 0)).toEqual([]);
  expect(Math.max(...expiries.map(([, ttl]) => ttl))).toBeLessThanOrEqual(48 * 3_600_000);
});
