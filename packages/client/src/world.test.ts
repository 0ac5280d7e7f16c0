import { defineContract } from '@iskra/protocol/wire';
import type { Schema } from '@iskra/protocol/wire';
import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { createTestWorld, globalTimers } from './world.js';
import type { TestClientOptions, TestWorld } from './world.js';
import type { TransportName } from './transports/transport.js';

/** Takes what `takes` lets through. */
const schema = <T>(takes: (value: unknown) => boolean): Schema<T> => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (takes(value) ? { value: value as T } : { issues: [{ message: 'no' }] }),
  },
});
const isObject = (value: unknown): boolean => typeof value === 'object';
const contract = defineContract({
  channels: { 'room:{id}': { said: schema<{ text: string }>(isObject) } },
  requests: { double: { input: schema<number>(Number.isInteger), output: schema<number>(Number.isInteger) } },
});

let world: TestWorld<typeof contract>;
afterEach(async () => {
  await world.close();
  vi.useRealTimers();
});

const ALL: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

/** A client in a room: what it heard, and how it was told to be. */
function guest(options?: TestClientOptions, name: `room:${string}` = 'room:1') {
  const client = world.client(options);
  const room = client.channel(name);
  const heard: string[] = [];
  const states: string[] = [];
  room.on('said', ({ text }) => heard.push(text));
  client.on('status', ({ state }) => states.at(-1) !== state && states.push(state));
  const self = { client, room, heard, states, subscribed: false };
  // Who is still away at the end of a test is told so.
  room.subscribe().then(
    () => (self.subscribed = true),
    () => {},
  );
  return self;
}

describe('a world', () => {
  test('has the types of its contract on both ends', async () => {
    world = createTestWorld({ contract });
    world.realtime.handle('double', (input, { session }) => {
      expectTypeOf(input).toEqualTypeOf<number>();
      expectTypeOf(session.id).toEqualTypeOf<string>();
      return 2 * input;
    });
    const client = world.client();
    const answer = await client.request('double', 21);
    expectTypeOf(answer).toEqualTypeOf<number>();
    expect(answer).toBe(42);
    // @ts-expect-error -- the contract has no such delta
    const { settled } = client.channel('room:1').publish('sung', {});
    await expect(settled).rejects.toMatchObject({ code: 'not_found' });
  });

  test.each(ALL)(
    'carries what is said over %s, both ways and with no time for the way',
    async (transport) => {
      world = createTestWorld({ contract });
      const ann = guest({ transports: [transport] });
      const bob = guest({ transports: [transport] });
      await world.until(() => ann.client.status.transport === transport && bob.subscribed);
      const { settled } = ann.room.publish('said', { text: 'hello' });
      await world.until(() => bob.heard.length > 0);
      await settled;
      await world.realtime.publish('room:1', 'said', { text: 'from the server' });
      await world.until(() => bob.heard.length > 1);
      expect(bob.heard).toEqual(['hello', 'from the server']);
      expect(bob.states).toEqual(['connected']);
    },
  );

  test('stands still until it is moved, and then goes through everything on the way', async () => {
    world = createTestWorld({ contract });
    const { client } = guest();
    await world.settled();
    const { now } = world.clock;
    const before = now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(now()).toBe(before);
    await world.advance(600_000);
    expect(now()).toBe(before + 600_000);
    expect(client.status.state).toBe('connected');
  });

  test('lets hooks say who may come and what they may do', async () => {
    world = createTestWorld({
      contract,
      authenticate: (request, credentials) => {
        const subject = request.headers.get('x-user') ?? credentials;
        return typeof subject === 'string' ? { subject } : undefined;
      },
      authorize: ({ subject }, action) => action === 'subscribe' || subject === 'ann',
    });
    const ann = guest({ headers: { 'x-user': 'ann' } });
    const bob = guest({ auth: 'bob' });
    const nobody = guest();
    await world.advance(1_000);
    await ann.room.publish('said', { text: 'I may' }).settled;
    await expect(bob.room.publish('said', { text: 'I may not' }).settled).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(bob.heard).toEqual(['I may']);
    expect(nobody.client.status.state).not.toBe('connected');
  });

  test('lets go of a session when its credentials end', async () => {
    let asked = 0;
    world = createTestWorld({
      contract,
      authenticate: () => ({ subject: 'ann', expiresAt: world.wallClock() + 60_000 }),
    });
    const { client } = guest({ auth: () => `token ${++asked}` });
    await world.advance(10_000);
    expect(asked).toBe(1);
    await world.advance(600_000);
    expect(asked).toBeGreaterThanOrEqual(10);
    expect(asked).toBeLessThan(15);
    expect(client.status.state).toBe('connected');
  });

  test('closes its clients when it is closed', async () => {
    world = createTestWorld({ contract });
    const { client } = guest();
    await world.advance(1_000);
    await world.close();
    expect(client.status.state).toBe('closed');
    expect(world.realtime.activeConnections).toBe(0);
  });

  test('says what it waited for in vain', async () => {
    world = createTestWorld({ contract });
    const { heard } = guest();
    await expect(world.until(() => heard.includes('nothing'), 1_000)).rejects.toThrow(
      /1000 ms of this clock: .*heard\.includes\("?'?nothing/,
    );
  });
});

describe('a network', () => {
  test('that is cut is noticed, and after it nothing is lost, doubled or out of order', async () => {
    world = createTestWorld({ contract });
    const ann = guest();
    const bob = guest();
    await world.advance(1_000);
    ann.room.publish('said', { text: 'before' });
    await world.settled();
    expect(world.realtime.activeConnections).toBe(2);
    world.network.cut();
    await world.settled();
    expect(world.realtime.activeConnections).toBe(0);
    const { settled } = ann.room.publish('said', { text: 'meanwhile' });
    await world.realtime.publish('room:1', 'said', { text: 'on the server' });
    await world.advance(30_000);
    expect(ann.states).toEqual(['connected', 'reconnecting']);
    expect(bob.heard).toEqual(['before']);
    world.network.restore();
    await world.advance(30_000);
    await settled;
    expect(bob.heard).toEqual(['before', 'on the server', 'meanwhile']);
    expect(bob.states).toEqual(['connected', 'reconnecting', 'connected']);
  });

  test('that is away for longer than a session lives costs the session', async () => {
    world = createTestWorld({ contract, times: { window: 60_000 } });
    const { client } = guest();
    await world.advance(1_000);
    const { session } = client.status;
    world.network.cut();
    await world.advance(50_000);
    world.network.restore();
    await world.advance(30_000);
    expect(client.status.session).toBe(session);
    world.network.cut();
    await world.advance(70_000);
    world.network.restore();
    await world.advance(30_000);
    expect(client.status.state).toBe('connected');
    expect(client.status.session).not.toBe(session);
  });

  test('that blinks is no disconnect', async () => {
    world = createTestWorld({ contract });
    const { client, states } = guest();
    await world.advance(1_000);
    const { session } = client.status;
    world.network.cut();
    world.network.restore();
    await world.advance(5_000);
    expect(states).toEqual(['connected']);
    expect(client.status).toMatchObject({ state: 'connected', session });
  });

  test('that is silent is found out, and what waited in it goes on', async () => {
    world = createTestWorld({ contract });
    const { client, states, heard } = guest();
    await world.advance(1_000);
    world.network.cut({ silent: true });
    await world.realtime.publish('room:1', 'said', { text: 'in the tunnel' });
    await world.advance(1_000);
    expect([states, heard]).toEqual([['connected'], []]);
    world.network.restore();
    await world.settled();
    expect(heard).toEqual(['in the tunnel']);
    world.network.cut({ silent: true });
    await world.advance(120_000);
    expect(client.status.state).toBe('reconnecting');
    world.network.restore();
    await world.advance(60_000);
    expect(client.status.state).toBe('connected');
  });

  test('may block one transport after another, and the client goes down and up again', async () => {
    world = createTestWorld({ contract });
    const { client, states } = guest();
    const seen: string[] = [];
    client.on('transport', ({ to }) => seen.push(to));
    await world.until(() => client.status.transport === 'websocket');
    for (const transport of ['websocket', 'sse', 'long-poll'] as const) {
      world.network.block(transport);
      await world.until(() => client.status.transport !== transport);
    }
    world.network.restore();
    await world.until(() => client.status.transport === 'websocket', 120_000);
    expect(seen[0]).toBe('websocket');
    expect(seen).toEqual(expect.arrayContaining(['sse', 'long-poll', 'polling']));
    expect(states).toEqual(['connected']);
  });

  test('with a delay takes its time, and keeps the order whatever the jitter', async () => {
    world = createTestWorld({ contract });
    world.network.delay(100, 80);
    const ann = guest({ transports: ['websocket'] });
    const { client, heard } = ann;
    await world.until(() => ann.subscribed);
    const texts = Array.from({ length: 20 }, (_, n) => String(n));
    for (const text of texts) {
      await world.realtime.publish('room:1', 'said', { text });
      await world.advance(10);
    }
    await world.until(() => heard.length === texts.length, 200);
    expect(heard).toEqual(texts);
    const sent = world.clock.now();
    const answered = client.ping();
    await world.until(() => world.clock.now() > sent + 150);
    const time = await Promise.race([answered, world.advance(300).then(() => answered)]);
    expect(time).toBeGreaterThanOrEqual(200);
    expect(time).toBeLessThan(360);
    expect(() => world.network.delay(-1)).toThrow(RangeError);
  });

  test('of its own leaves everybody else alone', async () => {
    world = createTestWorld({ contract });
    const network = world.createNetwork();
    const ann = guest({ network });
    const bob = guest();
    await world.advance(1_000);
    network.cut();
    await world.advance(30_000);
    expect([ann.client.status.state, bob.client.status.state]).toEqual(['reconnecting', 'connected']);
  });
});

/** Everything that three clients of a bad network were told, with its moments. */
async function run(seed: number): Promise<unknown[]> {
  world = createTestWorld({ contract, seed });
  world.network.delay(20, 30);
  const told: unknown[] = [];
  const began = world.clock.now();
  const tell = (...what: unknown[]): void => void told.push([world.clock.now() - began, ...what]);
  for (const name of ['ann', 'bob', 'cem']) {
    const { client, room } = guest();
    room.on('said', ({ text }, { position }) => tell(name, text, position));
    client.on('status', ({ state, transport, session }) => tell(name, state, transport, session));
  }
  await world.advance(2_000);
  world.network.cut();
  await world.advance(10_000);
  world.network.restore();
  world.network.block('websocket');
  for (let n = 0; n < 10; n++) {
    await world.realtime.publish('room:1', 'said', { text: String(n) });
    await world.advance(200);
  }
  await world.advance(20_000);
  await world.close();
  return told;
}

test('the same seed is the same run, and another seed another', async () => {
  const first = await run(7);
  expect(first.length).toBeGreaterThan(30);
  expect(await run(7)).toEqual(first);
  expect(await run(8)).not.toEqual(first);
});

describe('by the timers of the runtime', () => {
  test('a world is moved by fake ones', async () => {
    vi.useFakeTimers();
    world = createTestWorld({ contract, clock: globalTimers });
    const { client, heard, states } = guest();
    await vi.advanceTimersByTimeAsync(1_000);
    world.network.cut();
    await vi.advanceTimersByTimeAsync(30_000);
    await world.realtime.publish('room:1', 'said', { text: 'hello' });
    expect(client.status.state).toBe('reconnecting');
    world.network.restore();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(states).toEqual(['connected', 'reconnecting', 'connected']);
    expect(heard).toEqual(['hello']);
  });

  test('it says so to whoever wants to move it by itself', async () => {
    vi.useFakeTimers();
    world = createTestWorld({ contract, clock: globalTimers });
    await expect(world.advance(1)).rejects.toThrow(/advanceTimersByTimeAsync/);
    await expect(world.until(() => true)).rejects.toThrow(/was given another/);
  });

  test('it also runs on real ones', async () => {
    world = createTestWorld({ contract, clock: globalTimers });
    const { client } = guest();
    await vi.waitFor(() => expect(client.status.state).toBe('connected'));
  });
});
