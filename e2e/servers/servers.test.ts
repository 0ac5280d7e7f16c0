/** A client with a primary and a backup, in real processes: they share nothing, or are two doors of one. */
import { connect, OutcomeUnknown } from '@iskra/client';
import type { Channel, Client, ConnectOptions, Envelope, Gap } from '@iskra/client';
import { afterEach, describe, expect, it } from 'vitest';
import { startChild } from '../transports/child.js';
import type { Child } from '../transports/child.js';
import type { DoorsVerbs } from './serve.js';

type Server = Child<DoorsVerbs>;

const servers: Server[] = [];
const clients: Client[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

const start = async (...ports: number[]): Promise<Server> => {
  const server = await startChild<DoorsVerbs>('servers/serve', { ports });
  servers.push(server);
  return server;
};
const urlOf = (port: number): string => `http://127.0.0.1:${port}/realtime`;

/** A client, and what its application is told. */
function open(urls: readonly string[], options: ConnectOptions = {}) {
  const client = connect(urls, { reconnect: { min: 50, max: 400 }, probe: [300], last: {}, ...options });
  clients.push(client);
  const told = {
    states: [client.status.state],
    sessions: [] as boolean[],
    system: [] as Envelope[],
    errors: [] as unknown[],
    numbers: [] as unknown[],
    gaps: [] as Gap[],
  };
  client.on('status', ({ state }) => {
    if (told.states.at(-1) !== state) told.states.push(state);
  });
  client.on('session', ({ lost }) => void told.sessions.push(lost));
  client.on('system', (envelope) => void told.system.push(envelope));
  client.on('error', (error) => void told.errors.push(error));
  const room = client.channel('room:1');
  room.on('numbered', (payload) => void told.numbers.push((payload as { n: number }).n));
  room.onGap((gap) => void told.gaps.push(gap));
  const changes = () =>
    told.system.flatMap(({ delta, payload }) => (delta === 'server_changed' ? [payload] : []));
  return { client, room, told, changes };
}

const eventually = <Value>(look: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> =>
  expect.poll(look, { timeout: 45_000, interval: 40 });
const isAt = (client: Client, url: string): Promise<void> =>
  eventually(() => `${client.status.state} at ${client.status.server} over ${client.status.transport}`).toBe(
    `connected at ${url} over websocket`,
  );

/** Publishes 1, 2, 3 … until it is stopped; how each of them ended. */
function publishing(room: Channel) {
  const ends = new Map<number, unknown>();
  let n = 0;
  const timer = setInterval(() => {
    const number = ++n;
    room.publish('numbered', { n: number }).settled.then(
      () => ends.set(number, 'acknowledged'),
      (error: unknown) => ends.set(number, error instanceof OutcomeUnknown ? 'unknown' : error),
    );
  }, 20);
  return {
    ends,
    acknowledged: () => [...ends].flatMap(([number, end]) => (end === 'acknowledged' ? number : [])),
    async stop(): Promise<number> {
      clearInterval(timer);
      await eventually(() => ends.size).toBe(n);
      return n;
    },
  };
}
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const numbersAt = async (server: Server): Promise<unknown[]> =>
  (await server.does.history('room:1')).map(({ payload }) => payload['n']);

describe('a primary and a backup that share nothing', () => {
  it('are gone to in turn, each send has an end that is true, and what was read last can be read meanwhile (T5, P14)', async () => {
    const [primary, backup] = await Promise.all([start(0), start(0)]);
    const [port] = await primary.does.ports();
    const urls = [urlOf(port!), urlOf((await backup.does.ports())[0]!)] as const;
    const { client, room, told, changes } = open(urls);
    await room.subscribe();
    await isAt(client, urls[0]);
    const sends = publishing(room);
    await eventually(() => told.numbers.length).toBeGreaterThan(10);

    const lost = new Promise<{ gone: number[]; last: number; unsettled: number }>((resolve) =>
      client.on('status', ({ state, unsettled }) => {
        if (state === 'reconnecting')
          resolve({ gone: sends.acknowledged(), last: room.last.length, unsettled });
      }),
    );
    await primary.kill();
    // What was acknowledged by then, the primary took with it.
    const { gone, last: known, unsettled } = await lost;
    expect(known).toBeGreaterThan(10);
    expect(unsettled).toBeGreaterThan(0);
    await isAt(client, urls[1]);
    await eventually(() => told.gaps.length).toBe(1);
    await eventually(() => numbersAt(backup)).not.toEqual([]);

    const again = await start(port!);
    await isAt(client, urls[0]);
    await eventually(() => numbersAt(again)).not.toEqual([]);
    const last = await sends.stop();

    // Whatever is acknowledged is in one log, once; the rest was told to be unknown, and not sent again in another session.
    const kept = [...(await numbersAt(backup)), ...(await numbersAt(again))];
    expect(new Set(kept).size).toBe(kept.length);
    expect(kept).toEqual(expect.arrayContaining(sends.acknowledged().filter((n) => !gone.includes(n))));
    expect(kept.filter((n) => gone.includes(n as number))).toEqual([]);
    expect(new Set(sends.ends.values())).toEqual(new Set(['acknowledged', 'unknown']));
    expect(sends.ends.size).toBe(last);

    expect(told.sessions).toEqual([false, true, false, true, false]);
    expect(changes()).toMatchObject([
      { from: urls[0], to: urls[1] },
      { from: urls[1], to: urls[0] },
    ]);
    expect(told.gaps.map(({ reason }) => reason)).toEqual(['epoch', 'epoch']);
    expect(told.errors).toEqual([]);
    expect(client.explain().transports.flatMap(({ strikes }) => strikes ?? [])).toEqual([]);
  });

  it('are not gone between while a request is under way: it has its answer first (T5)', async () => {
    const [primary, backup] = await Promise.all([start(0), start(0)]);
    const [port] = await primary.does.ports();
    const urls = [urlOf(port!), urlOf((await backup.does.ports())[0]!)] as const;
    await primary.kill();
    const { client, told } = open(urls);
    await isAt(client, urls[1]);
    const answer = client.request('hold', 'kept', { timeout: 60_000 });
    await eventually(() => client.status.unsettled).toBe(1);
    await start(port!);
    const probe = () => client.explain().attempts.find(({ role, provenAt }) => role === 'probe' && provenAt);
    await eventually(() => probe()?.server).toBe(urls[0]);
    // Long enough that it would have been followed, were there nothing to wait for.
    const since = performance.now();
    await eventually(() => performance.now() - since > 12_000).toBe(true);
    expect(probe()).toMatchObject({ endedAt: undefined });
    expect(client.status.server).toBe(urls[1]);
    await backup.does.release();
    expect(await answer).toBe('kept');
    await isAt(client, urls[0]);
    expect(told.sessions).toEqual([false, true, false]);
    expect(told.errors).toEqual([]);
  });
});

describe('two doors of one server', () => {
  it('carry one session: it moves to the other and back, nothing is lost, and no disconnect is shown (T5)', async () => {
    const server = await start(0, 0);
    const urls = (await server.does.ports()).map(urlOf);
    const { client, room, told, changes } = open(urls);
    await room.subscribe();
    await isAt(client, urls[0]!);
    const sends = publishing(room);
    await eventually(() => told.numbers.length).toBeGreaterThan(10);

    await server.does.shut(0);
    await isAt(client, urls[1]!);
    expect(client.status.degraded).toBe(false);
    await eventually(() => client.explain().servers.map(({ verdict }) => verdict)).toEqual([
      'server-down',
      undefined,
    ]);
    expect(client.explain().why).toBe('server-down');

    await server.does.openAgain(0);
    await isAt(client, urls[0]!);
    const last = await sends.stop();
    await eventually(() => told.numbers.length).toBe(last);

    expect(told.numbers).toEqual(upTo(last));
    expect(await numbersAt(server)).toEqual(upTo(last));
    expect([...sends.ends.values()].filter((end) => end !== 'acknowledged')).toEqual([]);
    expect(told.states).toEqual(['connecting', 'connected']);
    expect(told.sessions).toEqual([false]);
    expect(told.gaps).toEqual([]);
    expect(told.errors).toEqual([]);
    expect(changes()).toMatchObject([
      { from: urls[0], to: urls[1] },
      { from: urls[1], to: urls[0] },
    ]);
    expect(client.explain().transports.flatMap(({ strikes }) => strikes ?? [])).toEqual([]);
  });

  it('that are both shut leave a client that says so, and that goes on where it was', async () => {
    const server = await start(0, 0);
    const urls = (await server.does.ports()).map(urlOf);
    const { client, room, told } = open(urls);
    await room.subscribe();
    await server.does.say('room:1', 'not numbered');
    await eventually(() => room.last.map(({ envelope }) => envelope.delta)).toEqual(['said']);
    await Promise.all([server.does.shut(0), server.does.shut(1)]);
    await eventually(() => client.status.degraded).toBe(true);
    const send = room.publish('numbered', { n: 1 });
    expect(send.state).toBe('queued');
    expect(client.outbox).toEqual([send]);
    expect(room.last.map(({ envelope }) => envelope.delta)).toEqual(['said']);
    await server.does.openAgain(1);
    await send.settled;
    expect(client.status).toMatchObject({ degraded: false, server: urls[1] });
    await eventually(() => told.numbers).toEqual([1]);
    expect(told.sessions).toEqual([false]);
  });
});
