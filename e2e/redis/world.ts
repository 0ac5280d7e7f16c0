/** What the tests of the Redis store share: servers and stores that end with their test, and the usual questions. */
import { randomBytes } from 'node:crypto';
import { decodeBody } from '@iskra/protocol/wire';
import type { Member } from '@iskra/protocol/wire';
import type { AppendKey, Head, LogRead, Store } from '@iskra/server';
import { redisStore } from '@iskra/server/redis';
import type { RedisStoreOptions } from '@iskra/server/redis';
import { onTestFinished } from 'vitest';
import { openDoor } from './door.js';
import type { Door } from './door.js';
import { startRedis, until } from './server.js';
import type { RedisServer } from './server.js';

export async function redisFor(...settings: string[]): Promise<RedisServer> {
  const redis = await startRedis(...settings);
  onTestFinished(() => redis.end());
  return redis;
}

export async function doorTo(redis: RedisServer): Promise<Door> {
  const door = await openDoor(redis.port);
  onTestFinished(() => door.end());
  return door;
}

export function storeAt(url: string, options: RedisStoreOptions = {}): Store {
  const store = redisStore({ url, timeout: 2_000, ...options });
  onTestFinished(() => store.end());
  return store;
}

export async function open(store: Store): Promise<string> {
  const opened = await store.openSession(randomBytes(16).toString('base64url'), {});
  if (opened.kind !== 'opened') throw new Error(opened.kind);
  return opened.state.session;
}

export async function headOf(store: Store, log: string): Promise<Head> {
  const [head] = await store.heads([log]);
  if (head === undefined) throw new Error('no head');
  return head;
}

export const keyOf = (session: string, claim: string, number: number): AppendKey => ({
  ...{ session, claim, number, part: 0 },
});

/** Everything behind a position, as a client would be told it. */
export async function follow(store: Store, log: string, epoch: string, offset: number): Promise<string[]> {
  const told: string[] = [];
  for (let turns = 0; turns < 50; turns++) {
    const read: LogRead = await store.read(log, epoch, offset, 100);
    if (read.kind === 'gap') {
      told.push(`gap ${read.reason} ${offset}-${read.now[1]}`);
      [epoch, offset] = read.now;
    } else if (read.kind === 'fork') {
      told.push(`fork ${read.base}`);
      epoch = read.next;
    } else {
      const last = read.entries[read.entries.length - 1];
      if (last === undefined) return told;
      told.push(...read.entries.map(({ body }) => body));
      ({ epoch, offset } = last);
    }
  }
  throw new Error(`no end of it: ${told.join(', ')}`);
}

/** What a store hints at: bodies in the order in which they come, and how often it says that it missed some. */
export function hintsOf(store: Store): { readonly seen: string[]; missed: number } {
  const hints = { seen: [] as string[], missed: 0 };
  store.onHint(
    (_, { body }) => void hints.seen.push(body),
    () => void hints.missed++,
  );
  return hints;
}

/** Resolves when the store takes an append again. */
export const takes = (store: Store, log: string, body: string, within?: number): Promise<void> =>
  until(
    () =>
      store.append(log, body).then(
        () => true,
        () => false,
      ),
    within,
  );

/** The comings and goings that a channel tells. */
export async function comings(store: Store, channel: string): Promise<string[]> {
  const { epoch } = await headOf(store, channel);
  const read = await store.read(channel, epoch, 0, 1_000);
  if (read.kind !== 'entries') throw new Error(read.kind);
  return read.entries.map(({ body }) => {
    const { delta, payload } = decodeBody(body).envelope;
    return `${delta.replace('member_', '')} ${(payload as Member).id}`;
  });
}

/** The error of what has to fail, and how long that took. */
export async function failing(work: Promise<unknown>): Promise<{ message: string; took: number }> {
  const began = performance.now();
  try {
    await work;
  } catch (error) {
    return { message: (error as Error).message, took: performance.now() - began };
  }
  throw new Error('it succeeded');
}
