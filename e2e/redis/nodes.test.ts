/**
 * Two nodes over one Redis, as the command starts them, and nothing sticky before them: HAProxy sends each request to
 * the other one. Clients on every transport neither lose nor double anything, also when a node is killed.
 */
import { connect } from '@iskra/client';
import type { Channel, Client, TransportName } from '@iskra/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ANY_NODE } from '../matrix/proxies/haproxy.js';
import { runProxy } from '../matrix/proxies/run.js';
import type { Running } from '../matrix/proxies/run.js';
import { endAll, iskra, serving } from '../programs.js';
import type { Serving } from '../programs.js';
import { startRedis } from './server.js';
import type { RedisServer } from './server.js';

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

let redis: RedisServer;
let nodes: Serving[] = [];
let door: Running;
let clients: Client[] = [];

beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.end());

const startNode = (): Promise<Serving> =>
  serving(
    iskra(['serve', '--host', '127.0.0.1', '--port', '0', '--redis', redis.url, '--log-level', 'silent'], {
      SECRET: 'the same for both',
    }),
  );

beforeEach(async () => {
  await redis.client.flushall();
  nodes = await Promise.all([startNode(), startNode()]);
  door = await runProxy(ANY_NODE, [nodes[0]!.port, nodes[1]!.port]);
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await door.close();
  await endAll();
});

/** A client of one transport, and what its application saw of a channel. */
function open(transport: TransportName, channel = 'room:1') {
  const client = connect(`http://127.0.0.1:${door.port}/realtime`, {
    transports: [transport],
    reconnect: { min: 50, max: 400 },
  });
  clients.push(client);
  const room = client.channel(channel);
  const seen: string[] = [];
  const gaps: unknown[] = [];
  const states: string[] = [];
  room.on('said', (payload) => void seen.push((payload as { text: string }).text));
  room.onGap((gap) => void gaps.push(gap));
  client.on('status', ({ state }) => void states.push(state));
  client.on('session', ({ lost }) => void (lost && gaps.push('session lost')));
  return { client, room, seen, gaps, states };
}

const say = (room: Channel, name: string, count: number): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, (_, n) => room.publish('said', { text: `${name} ${n + 1}` }).settled),
  );

const eventually = <Value>(look: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> =>
  expect.poll(look, { timeout: 45_000, interval: 50 });

/** Messages that a node has received from clients. */
async function received({ url }: Serving): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^iskra_messages_received_total\{[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

describe('two nodes, and each request to the other one', () => {
  it('bring everything that is said to everybody, once and in order, over every transport', async () => {
    const parties = TRANSPORTS.map((transport) => open(transport));
    await Promise.all(parties.map(({ room }) => room.subscribe()));
    await Promise.all(parties.map(({ room }, index) => say(room, TRANSPORTS[index]!, 50)));
    for (const { seen, gaps, states } of parties) {
      await eventually(() => seen.length).toBe(200);
      for (const name of TRANSPORTS) {
        const own = seen.filter((text) => text.startsWith(`${name} `));
        expect(own).toEqual(Array.from({ length: 50 }, (_, n) => `${name} ${n + 1}`));
      }
      // All of them saw the same order: it is that of the log.
      expect(seen).toEqual(parties[0]!.seen);
      expect([gaps, states.filter((state) => state !== 'connected' && state !== 'connecting')]).toEqual([
        [],
        [],
      ]);
    }
    for (const node of nodes) expect(await received(node)).toBeGreaterThan(2);
  });

  it.each(TRANSPORTS)('go on over %s when one of them is killed', async (transport) => {
    const [speaker, listener] = [open(transport), open(transport)];
    await Promise.all([speaker.room.subscribe(), listener.room.subscribe()]);
    const count = 60;
    const settled: unknown[] = [];
    for (let n = 1; n <= count; n++) {
      const send = speaker.room.publish('said', { text: `${n}` });
      void send.settled.then(
        () => settled.push(n),
        (error: unknown) => settled.push(error),
      );
      if (n === 20) nodes[0]!.process.kill('SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const all = Array.from({ length: count }, (_, n) => `${n + 1}`);
    await eventually(() => settled.length).toBe(count);
    expect(settled).toEqual(all.map(Number));
    await eventually(() => listener.seen.length).toBeGreaterThanOrEqual(count);
    await eventually(() => speaker.seen.length).toBeGreaterThanOrEqual(count);
    expect(listener.seen).toEqual(all);
    expect(speaker.seen).toEqual(all);
    expect([...speaker.gaps, ...listener.gaps]).toEqual([]);
  });

  it('keep a member listed while its client moves from a node that was killed to the other', async () => {
    const watcher = open('websocket');
    const comings: string[] = [];
    let listed: unknown[] = [];
    watcher.room.onMembers((members) => {
      const names = members.map(({ data }) => data);
      comings.push(...names.filter((name) => !listed.includes(name)).map((name) => `${String(name)} came`));
      comings.push(...listed.filter((name) => !names.includes(name)).map((name) => `${String(name)} went`));
      listed = names;
    });
    await watcher.room.subscribe({ presence: 'watcher' });
    const members = TRANSPORTS.map((transport) => open(transport));
    await Promise.all(members.map(({ room }, index) => room.subscribe({ presence: TRANSPORTS[index]! })));
    await eventually(() => comings.length).toBe(5);
    nodes[1]!.process.kill('SIGKILL');
    await Promise.all(members.map(({ room }, index) => say(room, TRANSPORTS[index]!, 1)));
    await eventually(() => watcher.seen.length).toBe(4);
    await members[0]!.client.close();
    await eventually(() => comings.length).toBe(6);
    expect([...comings].sort()).toEqual(
      [...TRANSPORTS, 'watcher']
        .map((name) => `${name} came`)
        .concat('websocket went')
        .sort(),
    );
  });

  it('tell a gap and open anew when Redis comes back empty, and go on', async () => {
    const party = open('websocket');
    await party.room.subscribe();
    await say(party.room, 'before', 5);
    await eventually(() => party.seen.length).toBe(5);
    await redis.kill();
    await redis.start();
    await eventually(() => party.gaps.length).toBeGreaterThan(0);
    await eventually(() => party.client.status.state).toBe('connected');
    // Nothing is sent again by itself after a lost session: the application says it again.
    await eventually(() =>
      say(party.room, 'after', 1).then(
        () => true,
        () => false,
      ),
    ).toBe(true);
    await eventually(() => party.seen.at(-1)).toBe('after 1');
  });
});
