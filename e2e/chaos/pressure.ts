/**
 * Memory pressure: a server with a small heap under floods and slow readers, and some clients beside them for whom every
 * promise has to hold. What they saw, and what the server took, is told; the judge is `wrongsOf`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@iskra/client';
import type { Client } from '@iskra/client';
import { startChild } from '../transports/child.js';
import { flood } from './flood.js';
import type { Held, PressureVerbs } from './serve-pressure.js';

const MIB = 1024 ** 2;
/** Of the server's old space, MiB: it ends when it needs more. */
const HEAP = 96;
/** Of all logs together. */
const LOGS = 16 * MIB;
/** That memory may be above what it was before: logs, code that was compiled, and what a collector leaves. */
const LEFT = LOGS + 24 * MIB;
/** That a slow reader has, ms. */
const SLOW = 2_000;
const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'polling'] as const;
/** Between two messages of each client, ms. */
const PACE = 200;
const ROOM = 'room:witness';
/** Until all is well again, ms. */
const CALM = 30_000;

export interface Pressed {
  /** The server ended by itself: the rest is of the time before. */
  died: boolean;
  before: Held;
  most: Held;
  after: Held;
  /** Of the flood; `left`: slow readers that were not closed. */
  fat: { said: number; readers: number; left: number };
  /** By what the clients beside it said: what each of them heard of it, in order. */
  said: number;
  heard: Record<string, Record<string, number[]>>;
  echoed: number;
  /** What the clients were told that they should not have been: gaps, lost sessions, sends and requests that failed. */
  told: string[];
}

/** `length`: how long the flood lasts, ms. */
export async function press(length: number): Promise<Pressed> {
  const server = await startChild<PressureVerbs>('chaos/serve-pressure', { maxBytes: LOGS, slow: SLOW }, [
    `--max-old-space-size=${HEAP}`,
    '--expose-gc',
  ]);
  let died = false;
  void server.ended.then(() => (died = true));
  const held = (verb: 'held' | 'settled'): Promise<Held> =>
    Promise.race([server.does[verb](), server.ended.then(() => NOTHING)]).catch(() => NOTHING);
  const port = await server.does.port();
  const witnesses = watch(`http://127.0.0.1:${port}/realtime`);
  try {
    await witnesses.there();
    const before = await held('settled');
    const most = { ...before };
    const attack = await flood(port);
    const until = performance.now() + length;
    while (performance.now() < until && !died) {
      await pause(100);
      const now = await held('held');
      for (const key of ['heap', 'rss', 'connections'] as const) most[key] = Math.max(most[key], now[key]);
    }
    const { connections } = await held('held');
    const left = Math.max(0, connections - TRANSPORTS.length - attack.writers);
    const fat = { said: attack.said, readers: attack.readers, left };
    attack.end();
    await witnesses.hush(died ? 0 : CALM);
    // What is freed is freed a moment later, and what the flood opened ends with its sockets.
    let after = await held('settled');
    for (const end = performance.now() + CALM; !isCalm(before, after) && !died && performance.now() < end; ) {
      await pause(500);
      after = await held('settled');
    }
    return { died, before, most, after, fat, ...witnesses.seen() };
  } finally {
    await witnesses.close();
    await server.kill();
  }
}

/** What was promised and was not so, each in a sentence. */
export function wrongsOf({ died, before, most, after, fat, said, heard, told }: Pressed): string[] {
  const wrong: string[] = [...told];
  if (died) wrong.push(`the server ended by itself, with a heap of ${HEAP} MiB`);
  if (most.rss - before.rss > 3 * HEAP * MIB) wrong.push(`the process grew by ${inMib(most.rss - before.rss)}`);
  if (!died && !isCalm(before, after))
    wrong.push(`after it there are ${after.connections} connections, and ${inMib(after.heap - before.heap)} more`);
  if (fat.left > 0) wrong.push(`${fat.left} readers that took nothing were not closed`);
  for (const [listener, speakers] of Object.entries(heard))
    for (const [speaker, numbers] of Object.entries(speakers)) {
      const odd = numbers.findIndex((number, at) => number !== at + 1);
      if (odd >= 0) wrong.push(`${listener} heard ${numbers[odd]} of ${speaker} in the place of ${odd + 1}`);
    }
  const all = Object.values(heard).flatMap((speakers) => Object.values(speakers));
  const count = all.reduce((sum, numbers) => sum + numbers.length, 0);
  if (count !== said * TRANSPORTS.length) wrong.push(`${count} were heard of ${said * TRANSPORTS.length}`);
  return wrong;
}

/** What it consisted of: where little happened, little is proven. */
export function summary({ most, after, before, fat, said, echoed }: Pressed): string {
  return (
    `${fat.said} fat messages, ${fat.readers - fat.left} of ${fat.readers} slow readers closed; ` +
    `heap ${inMib(most.heap)} at most of ${HEAP} MiB, process ${inMib(before.rss)} to ${inMib(most.rss)}, ` +
    `heap ${inMib(before.heap)} before and ${inMib(after.heap)} after; ` +
    `beside it ${said} messages heard by all ${TRANSPORTS.length} in order, ${echoed} requests answered`
  );
}

const NOTHING: Held = { heap: 0, rss: 0, connections: 0 };
const isCalm = (before: Held, after: Held): boolean =>
  after.connections <= TRANSPORTS.length && after.heap - before.heap < LEFT;
const inMib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

/** A client of each transport, who say something to each other all the time. */
function watch(url: string) {
  const heard: Pressed['heard'] = {};
  const told: string[] = [];
  const ends: Promise<unknown>[] = [];
  let said = 0;
  let echoed = 0;
  const timers: NodeJS.Timeout[] = [];
  const clients = TRANSPORTS.map((transport): [name: string, client: Client] => [
    transport,
    connect(url, { transports: [transport], poll: { min: 100, max: 300 } }),
  ]);
  const expected = (what: string) => (error: unknown) => void told.push(`${what}: ${String(error)}`);

  for (const [name, client] of clients) {
    const room = client.channel(ROOM);
    const speakers: Record<string, number[]> = (heard[name] = {});
    client.on('error', () => {});
    client.on('session', ({ lost }) => lost && told.push(`${name} lost its session`));
    room.onGap(({ reason }) => told.push(`${name} was told a gap: ${reason}`));
    room.on('spoken', (payload) => {
      const { by, n } = payload as { by: string; n: number };
      (speakers[by] ??= []).push(n);
    });
  }

  const speak = (name: string, client: Client): void => {
    let n = 0;
    timers.push(
      setInterval(() => {
        said++;
        n++;
        ends.push(
          client.channel(ROOM).publish('spoken', { by: name, n }).settled.catch(expected(`a send of ${name}`)),
        );
        // A request may be late where memory is short: it is answered all the same, or refused with a reason.
        const asked = client.request('echo', { n }, { timeout: CALM });
        ends.push(asked.then(() => echoed++, expected(`a request of ${name}`)));
      }, PACE),
    );
  };

  const countOf = (): number =>
    Object.values(heard)
      .flatMap((speakers) => Object.values(speakers))
      .reduce((sum, numbers) => sum + numbers.length, 0);

  return {
    async there(): Promise<void> {
      await Promise.all(clients.map(([, client]) => client.channel(ROOM).subscribe()));
      for (const [name, client] of clients) speak(name, client);
      await pause(1_000);
    },
    /** Says nothing more, and waits for what is on its way, no longer than so many ms. */
    async hush(patience: number): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      const late = pause(patience, undefined, { ref: false });
      await Promise.race([Promise.all(ends), late]);
      const end = performance.now() + patience;
      while (countOf() < said * TRANSPORTS.length && performance.now() < end) await pause(100);
    },
    seen: () => ({ said, heard, echoed, told }),
    close: async (): Promise<void> => {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(clients.map(([, client]) => client.close()));
    },
  };
}
