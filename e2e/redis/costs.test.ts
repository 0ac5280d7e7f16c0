/** What each verb asks of Redis: so many scripts, whatever the number of subscribers and nodes. */
import { expect, test } from 'vitest';
import { until } from './server.js';
import { headOf, keyOf, open, redisFor, storeAt } from './world.js';

/** Calls from outside so far: what scripts call themselves is not among them. */
async function scripts(client: Awaited<ReturnType<typeof redisFor>>['client']): Promise<number> {
  const stats = await client.info('commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

test('a publish is one script, whatever the number of subscribers and nodes, and reads at the head are none', async () => {
  const redis = await redisFor();
  const nodes = Array.from({ length: 5 }, () => storeAt(redis.url));
  const [publisher, reader] = nodes;
  if (publisher === undefined || reader === undefined) throw new Error('no nodes');
  let heard = 0;
  for (const node of nodes) {
    node.onHint(() => void heard++);
    await node.watch('room');
  }
  const { epoch } = await headOf(reader, 'room');
  await reader.read('room', epoch, 0, 10);
  const before = await scripts(redis.client);
  for (let n = 0; n < 50; n++) await publisher.append('room', `${n}`);
  await until(() => heard === 50 * nodes.length);
  expect((await scripts(redis.client)) - before).toBe(50);
  for (let offset = 0; offset <= 50; offset++) {
    const read = await reader.read('room', epoch, offset, 100);
    expect(read.kind === 'entries' && read.entries.length).toBe(50 - offset);
  }
  expect((await scripts(redis.client)) - before).toBe(50);
});

test('each verb is one script; those that touch a session and a channel are one for each step', async () => {
  const redis = await redisFor();
  const store = storeAt(redis.url);
  const [session, other] = [await open(store), await open(store)];
  await store.append('room', 'a');
  const cost = async (verb: () => Promise<unknown>): Promise<number> => {
    const before = await scripts(redis.client);
    await verb();
    // What nobody waits for is in its connection already.
    await store.taken('room', keyOf(session, 'x', 1));
    return (await scripts(redis.client)) - before - 1;
  };
  const { epoch } = await headOf(store, 'room');
  const costs = {
    openSession: await cost(() => open(store)),
    attach: await cost(() => store.attach(session)),
    touch: await cost(() => store.touch(session)),
    begin: await cost(() => store.begin(session, 1, 'c', 10_000)),
    renew: await cost(() => store.renew(session, 'c', 10_000)),
    append: await cost(() => store.append('room', 'b', keyOf(session, 'c', 1))),
    commit: await cost(() => store.commit(session, 1, 1, 'c', ['x'])),
    post: await cost(() => store.post(session, 'x')),
    read: await cost(() => store.read('room', epoch, 0, 10)),
    'heads of 100 logs': await cost(() => store.heads(Array.from({ length: 100 }, (_, n) => `room:${n}`))),
    enter: await cost(() => store.enter(session, 'room', { id: session }, 10)),
    'touch of a member': await cost(() => store.touch(session)),
    membersPage: await cost(() => store.membersPage('room', 0, 1_000)),
    leave: await cost(() => store.leave(session, 'room')),
    close: await cost(() => store.close(other)),
    ping: await cost(() => store.ping()),
  };
  expect(costs).toEqual({
    ...{ openSession: 1, attach: 1, touch: 1, begin: 1, renew: 1, append: 1, commit: 1, post: 1, read: 1 },
    ...{
      'heads of 100 logs': 1,
      enter: 4,
      'touch of a member': 1,
      membersPage: 1,
      leave: 2,
      close: 1,
      ping: 1,
    },
  });
});
