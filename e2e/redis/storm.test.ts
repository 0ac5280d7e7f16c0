/**
 * Two nodes, a Redis with a replica, clients on all transports, and trouble drawn from a seed: nodes die, Redis stops,
 * restarts, loses its connections, and fails over with its tail lost. What was acknowledged is in the channel or told as lost;
 * nobody sees anything twice or out of order, but behind a gap that says so; and in the end all see the same.
 */
import { connect, OutcomeUnknown } from '@iskra/client';
import type { TransportName } from '@iskra/client';
import { redisStore } from '@iskra/server/redis';
import { afterEach, expect, it } from 'vitest';
import { ANY_NODE } from '../matrix/proxies/haproxy.js';
import { runProxy } from '../matrix/proxies/run.js';
import { pause } from '../matrix/speak.js';
import { endAll, iskra, serving } from '../programs.js';
import type { Serving } from '../programs.js';
import { openDoor } from './door.js';
import { replicate, startRedis } from './server.js';
import type { RedisServer } from './server.js';

const SEED = Number(process.env['SEED'] ?? 1);
const ROUNDS = Number(process.env['ROUNDS'] ?? 7);
const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await endAll();
}, 60_000);

/** Whole numbers below, drawn from the seed. */
function drawing(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Two servers that take turns: one is the primary behind the door, and the other one follows it. */
async function startPair() {
  const settings = ['--appendonly', 'yes', '--appendfsync', 'always'];
  let [primary, replica] = (await Promise.all([startRedis(...settings), startRedis(...settings)])) as [
    RedisServer,
    RedisServer,
  ];
  const door = await openDoor(primary.port);
  ends.push(() => door.end(), ...[primary, replica].map((one) => () => one.end()));
  await replicate(primary, replica);
  return {
    door,
    get primary() {
      return primary;
    },
    /** The replica hears nothing any more, and takes over so many ms later. */
    async failOver(behind: number): Promise<void> {
      await replica.client.replicaof('NO', 'ONE');
      await pause(behind);
      [primary, replica] = [replica, primary];
      door.leadTo(primary.port);
      await replicate(primary, replica);
    },
  };
}

/** A client that speaks and listens, and all that its application was told. */
function takePart(url: string, name: string, transport: TransportName) {
  const client = connect(url, { transports: [transport], reconnect: { min: 50, max: 500 } });
  ends.push(() => client.close());
  const room = client.channel('room');
  /** Texts, and gaps in their place. */
  const seen: string[] = [];
  /** By the number of the send. */
  const acknowledged = new Map<number, string>();
  const forgotten = new Set<number>();
  const ended: unknown[] = [];
  let isLost = false;
  room.on('said', (payload) => void seen.push(payload as string));
  room.onGap(({ reason }) => void seen.push(`gap ${reason}`));
  client.on('error', () => {});
  client.on('session', ({ lost }) => {
    if (!lost) return;
    isLost = true;
    acknowledged.clear();
  });
  client.on('system', ({ delta, payload }) => {
    if (delta !== 'sends_lost') return;
    const { from, to } = payload as { from: number; to: number };
    for (let number = from; number <= to; number++) forgotten.add(number);
  });
  let count = 0;
  return {
    ...{ client, room, name, seen, acknowledged, forgotten, ended },
    get wasLost() {
      return isLost;
    },
    say(text = `${name} ${++count}`): Promise<void> {
      const send = room.publish('said', text);
      return send.settled.then(
        () => void acknowledged.set(send.number ?? 0, text),
        (error: unknown) => void ended.push(error),
      );
    },
  };
}

/** Again on the port that it had: the balancer looks there. */
async function startNode(url: string, port = 0): Promise<Serving> {
  const args = ['--host', '127.0.0.1', '--port', `${port}`, '--redis', url, '--log-level', 'silent'];
  return serving(iskra(['serve', ...args], { SECRET: 'one' }));
}

it(
  `goes through a storm (SEED=${SEED}, ROUNDS=${ROUNDS})`,
  async () => {
    const draw = drawing(SEED);
    const pair = await startPair();
    const nodes = await Promise.all([startNode(pair.door.url), startNode(pair.door.url)]);
    const balancer = await runProxy(ANY_NODE, [nodes[0].port, nodes[1].port]);
    ends.push(() => balancer.close());
    const url = `http://127.0.0.1:${balancer.port}/realtime`;
    const parties = TRANSPORTS.map((transport, index) => takePart(url, `p${index}`, transport));
    await Promise.all(parties.map(({ room }) => room.subscribe()));

    const speaking = setInterval(() => {
      for (const party of parties) void party.say();
    }, 150);
    ends.push(async () => clearInterval(speaking));
    const faults: Record<string, () => Promise<void>> = {
      async 'a node is killed'() {
        const which = draw(2);
        const { port } = nodes[which]!;
        nodes[which]!.process.kill('SIGKILL');
        await nodes[which]!.ended;
        await pause(draw(1_000));
        nodes[which] = await startNode(pair.door.url, port);
      },
      async 'a node stops'() {
        const { process } = nodes[draw(2)]!;
        process.kill('SIGSTOP');
        await pause(500 + draw(2_500));
        process.kill('SIGCONT');
      },
      async 'Redis stops'() {
        pair.primary.pause();
        await pause(500 + draw(4_500));
        pair.primary.resume();
      },
      async 'Redis restarts'() {
        await pair.primary.kill();
        await pause(draw(500));
        await pair.primary.start();
      },
      async 'all connections break'() {
        pair.door.cut();
      },
      'the connections for hints break': async () =>
        void (await pair.primary.client.client('KILL', 'TYPE', 'PUBSUB')),
      'Redis fails over, with its tail lost': () => pair.failOver(draw(400)),
    };
    const names = Object.keys(faults);
    for (let at = names.length - 1; at > 0; at--) {
      const other = draw(at + 1);
      [names[at], names[other]] = [names[other]!, names[at]!];
    }
    const history: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      // Each of them in turn, in an order that the seed says.
      const name = names[round % names.length]!;
      history.push(name);
      await pause(500 + draw(1_000));
      await faults[name]!();
    }
    await pause(1_000);
    clearInterval(speaking);

    const told = (): string =>
      `${history.join(', ')}; ${parties.map(({ name, seen, client, ended }) => `${name} ${client.status.state} ${seen.length} seen, ${ended.length} failed, last ${seen.slice(-3).join(' | ')}`).join('; ')}`;
    const store = redisStore(pair.door.url);
    ends.push(() => store.end());
    // What was still on its way ends; then everybody says a last word, and everybody hears it.
    await expect
      .poll(
        () =>
          parties.every(
            ({ client }) => client.status.state === 'connected' && client.status.unsettled === 0,
          ) || told(),
        {
          timeout: 90_000,
          interval: 200,
        },
      )
      .toBe(true);
    await Promise.all(parties.map((party) => party.say(`${party.name} 999999`)));
    const last = TRANSPORTS.map((_, index) => `p${index} 999999`);
    await expect
      .poll(() => parties.every(({ seen }) => last.every((text) => seen.includes(text))) || told(), {
        timeout: 60_000,
        interval: 200,
      })
      .toBe(true);

    const [head] = await store.heads(['room']);
    const log: string[] = [];
    for (let [epoch, offset] = [head!.epoch, 0]; ;) {
      const read = await store.read('room', epoch, offset, 1_000);
      if (read.kind === 'gap') [epoch, offset] = read.now;
      else if (read.kind === 'fork') epoch = read.next;
      else if (read.entries.length === 0) break;
      else {
        for (const { body } of read.entries) log.push((JSON.parse(body) as { payload: string }).payload);
        ({ epoch, offset } = read.entries[read.entries.length - 1]!);
      }
    }
    // Each of the clients' sends is there once, in the order of its sender.
    for (const { name } of parties) {
      const own = log.filter((text) => text.startsWith(`${name} `)).map((text) => Number(text.split(' ')[1]));
      expect(own, told()).toEqual([...new Set(own)].sort((a, b) => a - b));
    }
    for (const { name, acknowledged, forgotten, ended, wasLost, seen } of parties) {
      const missing = [...acknowledged].filter(
        ([number, text]) => !log.includes(text) && !forgotten.has(number),
      );
      expect(missing, `${name} was told that these are there; ${told()}`).toEqual([]);
      expect(
        ended.filter((error) => !(error instanceof OutcomeUnknown)),
        told(),
      ).toEqual([]);
      if (ended.length > 0)
        expect(wasLost || history.some((fault) => fault.includes('fails over')), told()).toBe(true);
      // Behind the last gap everybody saw just what is there.
      const end = seen.map((text) => text.startsWith('gap ')).lastIndexOf(true);
      const rest = seen.slice(end + 1);
      expect(rest, `${name}; ${told()}`).toEqual(log.slice(log.length - rest.length));
      const before = seen.slice(0, Math.max(end, 0));
      for (const part of before.join('\n').split(/^gap .*$/m)) {
        const texts = part.split('\n').filter((text) => text !== '');
        expect(texts.length, told()).toBe(new Set(texts).size);
      }
    }
  },
  20_000 + 30_000 * ROUNDS + 150_000,
);
