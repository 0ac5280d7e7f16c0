// HAProxy and nginx as deploy/ configures them, before three nodes, with every request to another one.

import { connect } from '@iskra/client';
import type { Client, TransportName } from '@iskra/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { diagnose } from '../doctor/examination.js';
import { startFleet } from './fleet.js';
import type { Fleet } from './fleet.js';
import { FRONTS, startFront } from './front.js';
import type { Front } from './front.js';

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];
const NODES = [0, 1, 2];

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const eventually = <Value>(look: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> =>
  expect.poll(look, { timeout: 90_000, interval: 40 });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let rooms = 0;

/** A node that dies leaves sends in its hands, and others wait a while before they take them over. */
const PATIENCE = 240_000;

describe.each(FRONTS)('behind %s, as deploy/ has it', { timeout: PATIENCE }, (name) => {
  const clients: Client[] = [];
  let fleet: Fleet;
  let front: Front;

  beforeAll(async () => {
    fleet = await startFleet(NODES.length);
    front = await startFront(name, fleet.ports);
    await allUp();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await fleet.arrivals();
  });
  afterAll(async () => {
    await front?.stop();
    await fleet?.stop();
  });

  /** HAProxy believes in a node again when it has looked twice. */
  async function allUp(): Promise<void> {
    while (Object.values(await front.states()).some((state) => state !== 'UP')) await pause(100);
  }

  /** A client in a room of its own, and what its application is told. */
  async function open(transport: TransportName) {
    const client = connect(`${front.url}/realtime`, {
      transports: [transport],
      reconnect: { min: 50, max: 400 },
      poll: { min: 40, max: 150 },
    });
    clients.push(client);
    const channel = `room:${++rooms}`;
    const room = client.channel(channel);
    const told = {
      states: [client.status.state],
      sessions: [] as boolean[],
      numbers: [] as number[],
      gaps: [] as unknown[],
      errors: [] as unknown[],
    };
    client.on('status', ({ state }) => {
      if (told.states.at(-1) !== state) told.states.push(state);
    });
    client.on('session', ({ lost }) => void told.sessions.push(lost));
    client.on('error', (error) => void told.errors.push(error));
    room.on('numbered', (payload) => void told.numbers.push((payload as { n: number }).n));
    room.onGap((gap) => void told.gaps.push(gap));
    await room.subscribe();
    return { client, room, channel, told };
  }
  const openAll = () => Promise.all(TRANSPORTS.map(open));
  type Opened = Awaited<ReturnType<typeof open>>;

  /** Says 1, 2, 3 … in its room, one after another, until it is told to stop: how many. */
  function speaking({ room }: Opened): () => Promise<number> {
    let goesOn = true;
    let last = 0;
    const ended = (async () => {
      while (goesOn) {
        await room.publish('numbered', { n: ++last }).settled;
        await pause(10);
      }
    })();
    ended.catch(() => {});
    return async () => {
      goesOn = false;
      await ended;
      return last;
    };
  }

  /** All of it arrived once and in order, here and in the log, and nothing was shown of what happened. */
  async function lostNothing({ channel, told }: Opened, last: number): Promise<void> {
    await eventually(() => told.numbers.length).toBeGreaterThanOrEqual(last);
    expect(told.numbers).toEqual(upTo(last));
    expect(await fleet.numbers(channel)).toEqual(upTo(last));
    expect(told).toMatchObject({
      states: ['connecting', 'connected'],
      sessions: [false],
      gaps: [],
      errors: [],
    });
  }

  it.each(TRANSPORTS)('%s carries a session whose every request goes to another node', async (transport) => {
    const opened = await open(transport);
    await fleet.arrivals();
    const stop = speaking(opened);
    await eventually(() => opened.told.numbers.length).toBeGreaterThan(40);
    await lostNothing(opened, await stop());

    const arrivals = await fleet.arrivals();
    const requests = arrivals.map((each) => each.requests);
    // A WebSocket makes no more of them once it is there.
    if (transport === 'websocket') expect(requests).toEqual([0, 0, 0]);
    else {
      const all = requests.reduce((sum, each) => sum + each);
      for (const each of requests) expect(each).toBeGreaterThan(all / 4);
      expect(new Set(arrivals.flatMap(({ addresses }) => addresses))).toEqual(new Set(['127.0.0.1']));
    }
  });

  const connections = (): Promise<number[]> => Promise.all(NODES.map(fleet.connections));

  it('WebSockets are spread evenly', async () => {
    await eventually(connections).toEqual([0, 0, 0]);
    for (let n = 0; n < 6; n++) await open('websocket');
    expect(await connections()).toEqual([2, 2, 2]);
  });

  it('nodes die one after another under traffic, and nothing is lost or shown', async () => {
    const all = await openAll();
    const stops = all.map(speaking);
    const counts = (): number[] => all.map(({ told }) => told.numbers.length);
    const goesOn = async (by: number): Promise<void> => {
      const now = counts();
      await eventually(() => counts().every((each, index) => each >= now[index]! + by)).toBe(true);
    };
    await goesOn(10);
    for (const node of NODES) {
      await fleet.kill(node);
      await goesOn(20);
      await fleet.start(node);
      await allUp();
      await fleet.arrivals();
      // The next one dies when this one is asked again.
      await eventually(async () => (await fleet.arrivals())[node]!.requests).toBeGreaterThan(0);
      await goesOn(10);
    }
    for (const [index, opened] of all.entries()) await lostNothing(opened, await stops[index]!());
  });

  it('is reloaded under traffic: what is open goes on, and nothing is lost or shown', async () => {
    const all = await openAll();
    const stops = all.map(speaking);
    const least = (): number => Math.min(...all.map(({ told }) => told.numbers.length));
    await eventually(least).toBeGreaterThan(10);
    const open = (): string[] =>
      all
        .filter(({ client }) => /websocket|sse/.test(client.status.transport!))
        .flatMap(({ client }) => client.explain().attempts.filter(({ endedAt }) => endedAt === undefined))
        .map(({ id }) => id);
    const before = open();
    await front.reload();
    const then = least();
    await eventually(least).toBeGreaterThan(then + 60);
    expect(open(), 'the same sockets and streams').toEqual(before);
    for (const [index, opened] of all.entries()) await lostNothing(opened, await stops[index]!());
  });

  it('the doctor finds nothing to cure', async () => {
    const report = await diagnose(front.url);
    expect(report, JSON.stringify(report.checks)).toMatchObject({
      state: 'clear',
      findings: [],
      best: 'websocket',
    });
  });

  it('shows the numbers of a node to nobody outside', async () => {
    expect((await fetch(`${front.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${front.url}/health`)).status).toBe(200);
  });

  it('a node that is told to go gets nobody new, and its clients move without a word', async () => {
    const all = await openAll();
    const stops = all.map(speaking);
    // nginx asks no node how it is: whoever runs it takes the node out first.
    if (name === 'nginx') await front.reload([1]);
    const ended = fleet.end(1);
    if (name === 'haproxy') await eventually(async () => (await front.states())['iskra-2']).toBe('DOWN');
    // What was on its way arrives still.
    do {
      await fleet.arrivals();
      await pause(500);
    } while ((await fleet.arrivals())[1]!.requests > 0);

    const late = await openAll();
    const lateStops = late.map(speaking);
    await eventually(() => Math.min(...late.map(({ told }) => told.numbers.length))).toBeGreaterThan(20);
    expect((await fleet.arrivals())[1]).toEqual({ requests: 0, addresses: [] });
    await ended;
    for (const [index, opened] of all.entries()) await lostNothing(opened, await stops[index]!());
    for (const [index, opened] of late.entries()) await lostNothing(opened, await lateStops[index]!());
  });
});
