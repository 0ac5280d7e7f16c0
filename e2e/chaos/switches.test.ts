/** A client that is driven from transport to transport all the time, while it has ten thousand things to say and to hear. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inNode } from '../browser/places.js';
import { startChild } from '../transports/child.js';
import type { Child } from '../transports/child.js';
import { eventually, newRoom, upTo } from '../transports/rig.js';
import type { Client } from '../transports/rig.js';
import type { ServeVerbs } from '../transports/served.js';
import type { ChaosProxyVerbs } from './proxy.js';
import { chanceOf } from './random.js';

const SEED = 20;
/** Each way. */
const MESSAGES = 10_000;
/** As many at once, with a pause after them, ms: they flow while transports come and go. */
const PORTION = 25;
const PAUSE = 25;
/** Sends that may wait; the outbox takes 1,000. */
const WAITING = 500;
/** Between two switches, ms. */
const SPELL = [50, 200] as const;
/** What is taken away so that nothing but one way is left. */
const REFUSALS = { ws: 'ws-refuse', sse: 'sse-refuse', poll: 'poll-refuse' } as const;
type Way = keyof typeof REFUSALS;
const WAYS = Object.keys(REFUSALS) as Way[];

const place = inNode();
const clients: Client[] = [];
let server: Child<ServeVerbs>;
let proxy: Child<ChaosProxyVerbs>;

beforeAll(async () => {
  server = await startChild<ServeVerbs>('transports/serve');
  proxy = await startChild<ChaosProxyVerbs>('chaos/proxy', { seed: SEED });
  await proxy.does.aim([await server.does.port()]);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all([server?.kill(), proxy?.kill()]);
});

const open = async (port: number): Promise<Client> => {
  const url = `http://127.0.0.1:${port}/realtime`;
  const reconnect = { min: 5, max: 50 };
  const client = await place.open({ url, reconnect, probe: [500], stagger: 20, poll: { min: 20, max: 50 } });
  clients.push(client);
  return client;
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('exchanges 10,000 messages each way over ever changing transports, and its application sees no disconnect (T2, T3)', async () => {
  const chance = chanceOf(SEED);
  const [up, down] = [newRoom(), newRoom()];
  const client = await open(await proxy.does.port());
  // It sees what arrives at the server, and is left alone.
  const witness = await open(await server.does.port());
  await Promise.all([client.subscribe(down), witness.subscribe(up)]);

  let done = false;
  let forced = 0;
  const drive = async (): Promise<void> => {
    for (let way: Way = 'ws'; !done; forced++) {
      await pause(chance.between(...SPELL));
      way = chance.pick(WAYS.filter((other) => other !== way));
      await proxy.does.unblock({ do: 'unblock', fault: REFUSALS[way] });
      for (const other of WAYS) {
        if (other !== way) await proxy.does.block({ do: 'block', fault: REFUSALS[other] });
      }
    }
    await proxy.does.calm();
  };
  const exchange = async (): Promise<void> => {
    for (let from = 1; from <= MESSAGES; from += PORTION) {
      const to = from + PORTION - 1;
      await Promise.all([client.publishNumbers(up, from, to), server.does.publishNumbers(down, from, to)]);
      do await pause(PAUSE);
      while ((await client.status()).unsettled > WAITING);
    }
    done = true;
  };
  await Promise.all([drive(), exchange().finally(() => (done = true))]);

  await eventually(async () => (await client.settledNumbers()).acknowledged.length).toBe(MESSAGES);
  await eventually(async () => (await client.entries(down)).length).toBe(MESSAGES);
  await eventually(async () => (await witness.entries(up)).length).toBe(MESSAGES);
  expect(await client.numbers(down)).toEqual(upTo(MESSAGES));
  expect(await witness.numbers(up)).toEqual(upTo(MESSAGES));
  expect(await client.settledNumbers()).toEqual({ acknowledged: upTo(MESSAGES), others: [] });

  const { states, gaps, errors, sessions, transports } = await client.report();
  expect({ states, gaps, errors, lost: sessions.map(({ lost }) => lost) }).toEqual({
    states: ['connecting', 'connected'],
    gaps: [],
    errors: [],
    lost: [false],
  });
  // Else this would prove little.
  expect(forced).toBeGreaterThan(50);
  expect(transports.length).toBeGreaterThan(50);
  expect(transports).toEqual(expect.arrayContaining(['websocket', 'sse', 'long-poll']));
}, 180_000);
