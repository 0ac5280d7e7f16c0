/**
 * Memory pressure: a server with a small heap under floods and slow readers, and some clients beside them for whom every
 * promise has to hold. What they saw, and what the server took, is told; the judge is `wrongsOf`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect, RequestTimeout } from '@iskra/client';
import type { Client } from '@iskra/client';
import { startChild } from '../transports/child.js';
import { flood, SIZE } from './flood.js';
import type { Held, PressureVerbs } from './serve-pressure.js';

const MIB = 1024 ** 2;
/** Of the server's old space, MiB: it ends when it needs more. */
const HEAP = 96;
/** Of all logs together. */
const LOGS = 16 * MIB;
/** Bytes that are said at least: several times as many. */
const ENOUGH = 4 * LOGS;
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
  /** Requests whose reply did not come in time, which their callers were told. */
  late: number;
  /** Gaps that were told, by who was told. */
  gaps: Record<string, number>;
  /** What the clients were told that they should not have been: lost sessions, sends and requests that failed. */
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
    const began = performance.now();
    let left = attack.readers;
    // A busy machine needs longer to fill what the system buffers for those who do not read.
    const isEnough = (): boolean => left === 0 && attack.said * SIZE > ENOUGH;
    const passed = (): number => performance.now() - began;
    while (!died && (passed() < length || (!isEnough() && passed() < length + CALM))) {
      await pause(100);
      const now = await held('held');
      for (const key of ['heap', 'rss', 'connections'] as const) most[key] = Math.max(most[key], now[key]);
      left = Math.max(0, now.connections - TRANSPORTS.length - attack.writers);
    }
    const fat = { said: attack.said, readers: attack.readers, left };
    attack.end();
    await witnesses.hush(died ? 0 : CALM);
    // What is freed is freed a moment later, and what the flood opened ends with its sockets.
    let after = await held('settled');
    for (const end = performance.now() + CALM; !isCalm(before, after) && !died && performance.now() < end;) {
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
export function wrongsOf({ died, before, most, after, fat, said, heard, gaps, told }: Pressed): string[] {
  const wrong: string[] = [...told];
  if (died) wrong.push(`the server ended by itself, with a heap of ${HEAP} MiB`);
  if (fat.said * SIZE < ENOUGH) wrong.push(`the flood was small: ${fat.said} messages`);
  if (most.rss - before.rss > 3 * HEAP * MIB)
    wrong.push(`the process grew by ${inMib(most.rss - before.rss)}`);
  if (!died && !isCalm(before, after))
    wrong.push(
      `after it there are ${after.connections} connections, and ${inMib(after.heap - before.heap)} more`,
    );
  if (fat.left > 0) wrong.push(`${fat.left} readers that took nothing were not closed`);
  for (const [listener, speakers] of Object.entries(heard)) {
    // Where so much is said that a room's log is forgotten, what was in it is missing, and told as a gap.
    const mayMiss = (gaps[listener] ?? 0) > 0;
    for (const [speaker, numbers] of Object.entries(speakers)) {
      const odd = numbers.findIndex((number, at) => {
        const next = (numbers[at - 1] ?? 0) + 1;
        return mayMiss ? number < next : number !== next;
      });
      if (odd >= 0)
        wrong.push(`${listener} heard ${numbers[odd]} of ${speaker} behind ${numbers[odd - 1] ?? 0}`);
    }
    const count = Object.values(speakers).flat().length;
    if (count !== said && !mayMiss) wrong.push(`${listener} heard ${count} of ${said}`);
  }
  return wrong;
}

/** What it consisted of: where little happened, little is proven. */
export function summary({ most, after, before, fat, said, echoed, late, gaps }: Pressed): string {
  const told = Object.values(gaps).reduce((sum, count) => sum + count, 0);
  return (
    `${fat.said} fat messages, ${fat.readers - fat.left} of ${fat.readers} slow readers closed; ` +
    `heap ${inMib(most.heap)} at most of ${HEAP} MiB, process ${inMib(before.rss)} to ${inMib(most.rss)}, ` +
    `heap ${inMib(before.heap)} before and ${inMib(after.heap)} after; ` +
    `beside it ${said} messages heard by all ${TRANSPORTS.length} in order, ${told} gaps told, ` +
    `${echoed} requests answered, ${late} not in time`
  );
}

const NOTHING: Held = { heap: 0, rss: 0, connections: 0 };
const isCalm = (before: Held, after: Held): boolean =>
  after.connections <= TRANSPORTS.length && after.heap - before.heap < LEFT;
const inMib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

/** A client of each transport, who say something to each other all the time. */
function watch(url: string) {
  const heard: Pressed['heard'] = {};
  const gaps: Pressed['gaps'] = {};
  const told: string[] = [];
  const ends: Promise<unknown>[] = [];
  let said = 0;
  let echoed = 0;
  let late = 0;
  const timers: NodeJS.Timeout[] = [];
  const clients = TRANSPORTS.map((transport): [name: string, client: Client] => [
    transport,
    connect(url, { transports: [transport], poll: { min: 100, max: 300 } }),
  ]);
  const failed = (what: string) => (error: unknown) => void told.push(`${what}: ${String(error)}`);

  for (const [name, client] of clients) {
    const room = client.channel(ROOM);
    const speakers: Record<string, number[]> = (heard[name] = {});
    client.on('error', () => {});
    client.on('session', ({ lost }) => lost && told.push(`${name} lost its session`));
    room.onGap(() => (gaps[name] = (gaps[name] ?? 0) + 1));
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
          client
            .channel(ROOM)
            .publish('spoken', { by: name, n })
            .settled.catch(failed(`a send of ${name}`)),
        );
        ends.push(
          client.request('echo', { n }, { timeout: CALM }).then(
            () => echoed++,
            (error) => (error instanceof RequestTimeout ? late++ : failed(`a request of ${name}`)(error)),
          ),
        );
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
    seen: () => ({ said, heard, echoed, late, gaps, told }),
    close: async (): Promise<void> => {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(clients.map(([, client]) => client.close()));
    },
  };
}
