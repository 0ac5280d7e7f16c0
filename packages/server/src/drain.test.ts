import { manualClock } from '@iskra/protocol/testing';
import { describe, expect, test } from 'vitest';
import { Drain } from './drain.js';
import type { DrainingNode, DrainOptions, Leaving } from './drain.js';
import { Events } from './observe/events.js';
import type { MetricTransport } from './observe/metrics.js';

/** A node whose clients do what the test says, and its lines. */
function scene() {
  const clock = manualClock();
  const lines: string[] = [];
  const line = (_: unknown, text: string): void => void lines.push(text);
  const node = {
    clock,
    events: new Events({
      ...{ node: 'n', cluster: 'c', logger: { info: line, warn: line } as never },
      ...{ now: () => clock.now(), wallClock: () => 0, defer: () => {} },
    }),
    connections: new Set<Leaving>(),
    plainClients: new Set<{ close(code: number, reason: string): void }>(),
    working: 0,
  } satisfies DrainingNode;
  let drain: Drain | undefined;
  let ended: unknown;
  let sessions = 0;
  return {
    ...{ clock, node, lines },
    get ended() {
      return ended;
    },
    get drain() {
      return drain!;
    },
    connect(transport: MetricTransport = 'websocket', session: string | undefined = `s${++sessions}`) {
      const told: (number | string)[] = [];
      const connection: Leaving & { told: typeof told; leave(): void } = {
        ...{ transport, session, told, isPoll: /poll/.test(transport) },
        drain: (after) => void told.push(after),
        replaced: () => void told.push('answered'),
        refuse: (code) => void told.push(`closed ${code}`),
        leave() {
          node.connections.delete(connection);
          drain?.parted(connection);
        },
      };
      node.connections.add(connection);
      drain?.joined(connection);
      return connection;
    },
    connectPlain() {
      const told: (number | string)[] = [];
      const client = {
        told,
        close: (code: number) => void told.push(code),
        leave() {
          node.plainClients.delete(client);
          drain?.plainParted();
        },
      };
      node.plainClients.add(client);
      return client;
    },
    begin(options?: DrainOptions) {
      drain = new Drain(node, options);
      void drain.done.then((drained) => (ended = drained));
    },
    /** Time passes, and promises are kept. */
    async pass(ms: number) {
      clock.advance(ms);
      await Promise.resolve();
    },
  };
}

describe('a drain', () => {
  test('tells each stream a moment of its own, and held polls at once (P71)', () => {
    const s = scene();
    const streams = Array.from({ length: 10 }, (_, n) => s.connect(n % 2 === 0 ? 'websocket' : 'sse'));
    const poll = s.connect('long-poll');
    const send = s.connect('send');
    s.begin({ spread: 5_000 });
    expect(streams.map(({ told }) => told)).toEqual(Array.from({ length: 10 }, (_, n) => [n * 500 + 250]));
    expect(poll.told).toEqual([0]);
    expect(send.told).toEqual([]);
    expect(s.drain.isTold).toBe(true);
  });

  test('takes newcomers as ever until the balancers had their time', () => {
    const s = scene();
    s.begin({ notice: 3_000, spread: 1_000 });
    const stream = s.connect();
    expect([s.drain.isTold, stream.told]).toEqual([false, []]);
    s.clock.advance(3_000);
    expect([s.drain.isTold, stream.told]).toEqual([true, [500]]);
  });

  test('tells who comes into its session later, within what is left of the time', () => {
    const s = scene();
    s.connect();
    s.begin({ spread: 4_000 });
    s.clock.advance(2_000);
    expect(s.connect().told).toEqual([1_000]);
    expect(s.connect().told).toEqual([500]);
    s.clock.advance(60_000);
    expect(s.connect().told).toEqual([0]);
  });

  test('does not hold a poll that comes later for long, nor says more to it', () => {
    const s = scene();
    s.connectPlain();
    s.begin();
    const poll = s.connect('long-poll');
    expect(poll.told).toEqual([]);
    s.clock.advance(2_000);
    expect(poll.told).toEqual(['answered']);
  });

  test('logs its beginning, its progress, each client that leaves, and its end, with counts and times', async () => {
    const s = scene();
    const [one, two] = [s.connect(), s.connect('sse')];
    const plain = s.connectPlain();
    s.begin();
    one.leave();
    await s.pass(6_000);
    two.leave();
    await s.pass(5_000);
    plain.leave();
    await s.pass(100);
    expect(s.lines).toEqual([
      'Shutting down: 3 active connections, 1800 s for clients to leave.',
      'A client has left, 2 remain.',
      'Shutting down: 2 active connections, 5 s elapsed, 1795 s left.',
      'A client has left, 1 remain.',
      'Shutting down: 1 active connection, 10 s elapsed, 1790 s left.',
      'A client has left, 0 remain.',
      'All clients gone, finished in 11.1 s.',
    ]);
    expect(s.ended).toEqual({ left: 3, closed: 0, took: 11_050 });
  });

  test('closes who is left when the time is over, plain clients with 1012', async () => {
    const s = scene();
    const stream = s.connect();
    const plain = s.connectPlain();
    s.begin({ timeout: 10_000, spread: 100 });
    await s.pass(9_900);
    expect(s.ended).toBeUndefined();
    await s.pass(200);
    expect(stream.told).toEqual([50, 'closed drain']);
    expect(plain.told).toEqual([1012]);
    expect(s.ended).toMatchObject({ left: 0, closed: 2 });
    expect(s.lines.slice(-2)).toEqual([
      'The time is over: 2 connections closed.',
      'All clients gone, finished in 10 s.',
    ]);
    // What they do now is no news.
    stream.leave();
    plain.leave();
    expect(s.lines.at(-1)).toMatch(/finished/);
  });

  test('is over at once when nobody is there', async () => {
    const s = scene();
    s.begin();
    await s.pass(0);
    expect(s.ended).toEqual({ left: 0, closed: 0, took: 0 });
  });

  test('waits for what was begun for a client that is elsewhere by now', async () => {
    const s = scene();
    const stream = s.connect();
    s.node.working = 1;
    s.begin();
    stream.leave();
    await s.pass(30_000);
    expect(s.ended).toBeUndefined();
    s.node.working = 0;
    await s.pass(50);
    expect(s.ended).toMatchObject({ left: 1, closed: 0 });
  });

  test('waits until nobody has polled for a while: between two polls a client cannot be seen', async () => {
    const s = scene();
    const poll = s.connect('long-poll', 'ann');
    s.begin();
    poll.leave();
    await s.pass(1_500);
    const next = s.connect('long-poll', 'ann');
    next.leave();
    await s.pass(1_500);
    expect(s.ended).toBeUndefined();
    await s.pass(600);
    // One client, however often it polled.
    expect(s.ended).toMatchObject({ left: 1 });
    expect(s.lines.filter((line) => line.startsWith('A client'))).toHaveLength(1);
  });

  test('ends now when it is told to', async () => {
    const s = scene();
    const stream = s.connect();
    s.begin();
    s.drain.end();
    await s.pass(0);
    expect(stream.told.at(-1)).toBe('closed drain');
    expect(s.ended).toMatchObject({ left: 0, closed: 1 });
    expect(s.clock.waiting).toEqual([]);
  });
});
