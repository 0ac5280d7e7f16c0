/** What happens to a cluster only: a slot moves to another master, and a master is replaced by its replica. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OF_A_CLUSTER, replicated, startCluster, startRedis, until } from './server.js';
import type { RedisCluster, RedisServer } from './server.js';
import { failing, follow, headOf, hintsOf, keyOf, open, storeAt, takes } from './world.js';

let cluster: RedisCluster;
const others: RedisServer[] = [];
beforeEach(async () => void (cluster = await startCluster()));
afterEach(async () => {
  await Promise.all(others.splice(0).map((server) => server.end()));
  await cluster.end();
});

const idOf = ({ client }: RedisServer): Promise<string> => client.call('CLUSTER', 'MYID') as Promise<string>;
const slotOf = async (key: string): Promise<number> =>
  (await cluster.servers[0]!.client.call('CLUSTER', 'KEYSLOT', key)) as number;
const ownerOf = async (key: string): Promise<RedisServer> =>
  cluster.servers[Math.min(2, Math.floor(((await slotOf(key)) * 3) / 16_384))]!;

test('a log goes on while its slot moves to another master, and its hints come from there', async () => {
  const [store, other] = [storeAt(cluster.url), storeAt(cluster.url)];
  const hints = hintsOf(store);
  await store.watch('room');
  const { entry } = await other.append('room', '1');
  await until(() => hints.seen.length === 1);

  const key = 'iskra:{c:room}:m';
  const [from, slot] = [await ownerOf(key), await slotOf(key)];
  const to = cluster.servers.find((server) => server !== from)!;
  await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
  await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
  const keys = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
  expect(keys).toContain(key);
  await from.client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
  // The old master says where its keys have gone; the new one has to be told the script, too.
  await to.client.script('FLUSH');
  await other.append('room', 'while it moves');
  for (const { client } of [to, from, ...cluster.servers])
    await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to));
  await until(async () => {
    await store.sweep();
    return hints.missed > 0;
  });
  await other.append('room', 'moved');
  await until(() => hints.seen.includes('moved'));
  // It is another process: the log forked on its way, and lost nothing.
  const told = await follow(store, 'room', entry.epoch, 1);
  expect(told.filter((one) => !one.startsWith('fork'))).toEqual(['while it moves', 'moved']);
});

test('a master that dies is replaced by its replica; what it served goes on, and the others notice nothing', async () => {
  const [first, second] = cluster.servers as [RedisServer, RedisServer];
  const replica = await startRedis(...OF_A_CLUSTER);
  others.push(replica);
  await replica.client.call('CLUSTER', 'MEET', '127.0.0.1', first.port);
  const id = await idOf(first);
  await until(() =>
    replica.client.call('CLUSTER', 'REPLICATE', id).then(
      () => true,
      () => false,
    ),
  );
  await until(async () => /master_link_status:up/.test(await replica.client.info('replication')));
  // Those who elect it have to know it.
  const own = await idOf(replica);
  for (const { client } of cluster.servers)
    await until(async () => {
      const nodes = String(await client.call('CLUSTER', 'NODES')).split('\n');
      return nodes.some((line) => line.startsWith(own) && line.includes(`slave ${id}`));
    });
  const store = storeAt(cluster.url, { timeout: 1_000 });

  /** Of names made up until one of them is served there. */
  const served = async (server: RedisServer, tag: string): Promise<string> => {
    for (let n = 0; ; n++) if ((await ownerOf(`iskra:{${tag}:${n}}`)) === server) return `${n}`;
  };
  const [here, there] = [await served(first, 'c:room'), await served(second, 'c:room')].map(
    (n) => `room:${n}`,
  ) as [string, string];
  const sessions = await Promise.all(Array.from({ length: 12 }, () => open(store)));
  const session = sessions[0]!;
  const before = await store.append(here, '1');
  await store.enter(session, here, { id: session }, 10);
  await store.append(there, '1');
  await store.begin(session, 1, 'claim', 60_000);
  await store.append(here, 'x', keyOf(session, 'claim', 1));
  await replicated(first, 1, `{c:${here}}`);

  await first.kill();
  expect((await store.append(there, '2')).entry.offset).toBe(2);
  // No node goes out of service for it.
  await store.ping();
  await failing(store.append(here, 'nobody is there'));
  await takes(store, here, '2', 40_000);
  expect((await headOf(store, there)).offset).toBe(2);
  // What was appended under the claim may be lost, for all that its session's master knows: all of it is begun again.
  expect((await store.commit(session, 1, 1, 'claim', [])).kind).toBe('stale');
  const told = await follow(store, here, before.entry.epoch, 1);
  expect(told.slice(1, 3)).toEqual(['x', expect.stringMatching(/^fork/)]);
  // What had no answer in time may be done all the same.
  expect(told.slice(3).filter((one) => one !== 'nobody is there' && one !== '2')).toEqual([]);
  expect(told.at(-1)).toBe('2');
  for (const one of sessions) expect((await store.touch(one)).kind).toBe('current');
  expect(await store.members(here)).toEqual([{ id: session }]);
  await store.close(session);
  expect(await store.members(here)).toEqual([]);
  const { epoch } = await headOf(store, here);
  expect(epoch).not.toBe(before.entry.epoch);
  expect((await follow(store, here, epoch, 3)).at(-1)).toMatch(/member_left/);
}, 90_000);
