/** Two nodes over one Redis: what one of them is told, clients of the other notice within a second, over each transport. */
import { connect } from '@iskra/client';
import type { TransportName } from '@iskra/client';
import { createRealtime } from '@iskra/server';
import type { Identity, Realtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { redisStore } from '@iskra/server/redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis } from './server.js';
import type { RedisServer } from './server.js';

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];
const SOON = { timeout: 1_000, interval: 10 };

let redis: RedisServer;
let here: Realtime;
let url: string;
let ends: (() => Promise<unknown>)[] = [];
let told: string[];

beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.end());

beforeEach(async () => {
  await redis.client.flushall();
  told = [];
  const node = (name: string): Realtime => {
    const store = redisStore({ url: redis.url });
    const authenticate = (_: Request, given: unknown) => given as Identity | undefined;
    return createRealtime({ node: name, secret: 'of both', logger: false, store, authenticate });
  };
  const there = node('there');
  there.events.subscribe(({ delta }) => void told.push(delta));
  here = node('here');
  const serving = await serve(there, { port: 0, hostname: '127.0.0.1' });
  url = `${serving.url}/realtime`;
  ends = [() => here.close(), () => serving.close({ timeout: 0 })];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

/** A client of the other node, in a room, and what its application saw. */
async function open(transport: TransportName, first = Infinity) {
  let asked = 0;
  const client = connect(url, {
    transports: [transport],
    reconnect: { min: 20, max: 100 },
    poll: { min: 40, max: 100 },
    auth: () => {
      const now = Date.now();
      const ends = { expiresAt: now + first, refreshAt: now + 200 };
      return { subject: transport, ...(asked++ === 0 && first < Infinity && ends) };
    },
  });
  ends.push(() => client.close());
  const seen: unknown[] = [];
  const gaps: string[] = [];
  const states = new Set<string>();
  const errors: unknown[] = [];
  const messages: string[] = [];
  const losses: string[] = [];
  const room = client.channel('room');
  room.on('said', (payload) => void seen.push(payload));
  room.onGap(({ reason }) => void gaps.push(reason));
  client.on('status', ({ state }) => void states.add(state));
  client.on('error', (error) => void errors.push((error as { code: string }).code));
  client.on('message', ({ delta }) => void messages.push(delta));
  client.on('system', ({ delta }) => void (/lost/.test(delta) && losses.push(delta)));
  await room.subscribe({ presence: transport });
  const session = client.status.session!;
  return { client, room, session, seen, gaps, states, errors, messages, losses, asked: () => asked };
}

/** @param first ms that the first credentials of each last; those behind them last for ever. */
const openAll = (first?: number) => Promise.all(TRANSPORTS.map((transport) => open(transport, first)));

describe('on another node, over every transport', () => {
  it('a session that is disconnected ends within a second, and does not come again (P84)', async () => {
    const parties = await openAll();
    await Promise.all(parties.map(({ session }) => here.disconnect(session)));
    for (const { client, errors } of parties) {
      await expect.poll(() => client.status.state, SOON).toBe('closed');
      expect(errors).toEqual(['forbidden']);
    }
    expect(await here.members('room')).toEqual([]);
    expect(parties.map(({ asked }) => asked())).toEqual([1, 1, 1, 1]);
  });

  it('a subject that is revoked until a time is out within a second, and comes by no other session (P84)', async () => {
    const parties = await openAll();
    for (const transport of TRANSPORTS) await here.subject(transport).revoke({ until: Date.now() + 60_000 });
    for (const { client } of parties) await expect.poll(() => client.status.state, SOON).toBe('closed');
    await expect(open('websocket')).rejects.toMatchObject({ code: 'outcome_unknown' });
    for (const transport of TRANSPORTS) await here.subject(transport).revoke({ until: 0 });
    expect((await open('websocket')).client.status.state).toBe('connected');
  });

  it('a session whose credentials are revoked brings others within a second, and nothing of it shows (P84)', async () => {
    const parties = await openAll();
    await Promise.all(parties.map(({ session }) => here.revoke(session)));
    for (const { asked } of parties) await expect.poll(asked, SOON).toBeGreaterThan(1);
    // One that was on its way in between is begun when the others are there.
    await Promise.all(parties.map(({ room }, n) => room.publish('said', n).settled));
    for (const { client, session, seen, states, errors, gaps } of parties) {
      await expect.poll(() => [...seen].map(String).sort(), SOON).toEqual(['0', '1', '2', '3']);
      expect([client.status.session, [...states], errors, gaps]).toEqual([session, ['connected'], [], []]);
    }
  });

  it('a session that is taken out of a channel is out within a second, is told so, and stays out (P83)', async () => {
    const parties = await openAll();
    await here.publish('room', 'said', 'before');
    for (const { seen } of parties) await expect.poll(() => seen, SOON).toEqual(['before']);
    await Promise.all(parties.map(({ session }) => here.unsubscribe(session, 'room')));
    for (const { gaps, messages } of parties) {
      await expect.poll(() => gaps, SOON).toEqual(['denied']);
      await expect.poll(() => messages, SOON).toEqual(['unsubscribed']);
    }
    await here.publish('room', 'said', 'after');
    await Promise.all(parties.map(({ session }) => here.send(session, 'over', null)));
    for (const { seen, messages, room } of parties) {
      await expect.poll(() => messages, SOON).toEqual(['unsubscribed', 'over']);
      expect([seen, room.position]).toEqual([['before'], undefined]);
    }
    expect(await here.members('room')).toEqual([]);
  });

  it('an entry is not told to whom it is not for, and nothing is missing (P82)', async () => {
    const parties = await openAll();
    for (const [n, { session }] of parties.entries())
      await here.publish('room', 'said', n, { except: session });
    await here.publish('room', 'said', 'all');
    for (const [n, { seen, gaps, losses }] of parties.entries()) {
      await expect.poll(() => seen.at(-1), SOON).toBe('all');
      expect([seen, gaps, losses]).toEqual([
        [0, 1, 2, 3].filter((other) => other !== n).concat('all' as never),
        [],
        [],
      ]);
    }
  });

  it('credentials that end are renewed on the connection that is there (P81)', async () => {
    const over = Date.now() + 2_500;
    const parties = await openAll(2_000);
    await here.publish('room', 'said', 'before');
    await expect.poll(() => Date.now(), { timeout: 10_000 }).toBeGreaterThan(over);
    expect(parties.map(({ asked }) => asked())).toEqual([2, 2, 2, 2]);
    await here.publish('room', 'said', 'after');
    for (const { seen, states, losses, errors } of parties) {
      await expect.poll(() => seen, SOON).toEqual(['before', 'after']);
      expect([[...states], losses, errors]).toEqual([['connected'], [], []]);
    }
    expect(told.filter((delta) => delta === 'unauthorized')).toEqual([]);
  });
});
