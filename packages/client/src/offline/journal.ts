/**
 * What is written down of an outbox: its sends, and the session that they were sent in. In IndexedDB, in a part of the
 * database that nobody else has, here or in another page; what cannot be written is in memory only, and that is told. It decides nothing.
 */
import type { Position, Welcome } from '@iskra/protocol/wire';
import type { Emitter } from '../emitter.js';
import { IskraError } from '../errors.js';
import type { OutboxEvents } from './keeping.js';

/** A send. */
export interface Row {
  /** When it was sent first, ms since 1970. No two have the same. */
  readonly since: number;
  /** The frame as it was first; whoever sends it gives it a number. */
  readonly text: string;
  /** Its number in the session that is written down; without one, no connection was ever given it. */
  number?: number | undefined;
}

/** The session that the numbers are of. */
export interface Identified {
  /** In the place of the first send. */
  readonly since: 0;
  readonly nonce: string;
  readonly welcome: Welcome;
  /** The inbox was handed on up to here. */
  readonly inbox: Position;
  /** Where the numbers of the page that wrote this began. */
  readonly number: number;
}

/** By `since`: what is to be there, or nothing. */
export type Changes = ReadonlyMap<number, Row | Identified | undefined>;

export type Journal = readonly [
  /** What an earlier page has left, oldest first. */
  found: readonly (Row | Identified)[],
  /**
   * Answers with -1 when all of this is written. Otherwise it is in memory only, and the number is that of the sends which the next page
   * finds nevertheless: 0 none, 1 those that were there before, 2 perhaps each of them.
   */
  write: (changes: Changes) => Promise<number>,
  /** Another page may have the share from now on. */
  close: () => void,
];

/** IndexedDB has twice this time to answer, ms. */
const PATIENCE = 2_000;
/** A page that is loaded again may come before the lock of the one before is free, ms. */
const RELOAD = 1_000;
const KEPT = 'kept';

/** When what waits does not outlive this page, it is told as `memory`. */
export async function openJournal(name: string, { emit }: Emitter<OutboxEvents>): Promise<Journal> {
  let db: IDBDatabase | undefined;
  let slot = 0;
  let found: ((Row | Identified) & { slot: number })[] = [];
  /** Told once. */
  let failed: unknown;
  let free: (() => void) | undefined;

  const open = (mode?: IDBTransactionMode) => db!.transaction(KEPT, mode).objectStore(KEPT);

  const fail = (cause: unknown): void => {
    const reason = new IskraError(
      'outbox_in_memory',
      `In memory only: ${(cause as Error | undefined) ?? 'no answer'}.`,
    );
    // Whoever opens it can listen before; what nobody listens to must not be lost.
    failed ||= setTimeout(() => emit('memory', reason) || console.error(reason));
  };

  const close = (): void => {
    db?.close();
    free?.();
  };

  const write: Journal[1] = async (changes) => {
    const isOver = failed;
    try {
      const rows = open('readwrite');
      for (const [since, row] of changes) {
        // What is in memory only must not be found by another page, which would send it once more.
        if (row && !isOver) rows.put({ ...row, slot });
        else if (since) rows.delete([slot, since]);
      }
      await answer(rows.transaction);
      return isOver ? 0 : -1;
    } catch (error) {
      fail(error);
      if (error) return isOver ? 1 : write(changes);
      // It may come to its end yet. It is not asked again, or each send would wait for it as long.
      db!.close();
      return 2;
    }
  };

  /** Until it is closed, or its page is gone, no other one has it. */
  const take = (slot: number, options: LockOptions) =>
    new Promise<Lock | null>((resolve, reject) => {
      const hold = (lock: Lock | null) =>
        new Promise<void>((done) => {
          free = done;
          resolve(lock);
        });
      navigator.locks.request(`${name} ${slot}`, options, hold).catch(reject);
    });

  try {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(KEPT, { keyPath: ['slot', 'since'] });
    db = await answer(opening);
    const read = () => answer<typeof found>(open().getAll());
    const left = [...new Set((await read()).map((row) => row.slot))];
    const before = sessionStorage[name] as string | undefined;
    let next = 0;
    if (!before || !(await take((slot = +before), { signal: AbortSignal.timeout(RELOAD) }).catch(() => {})))
      do slot = left.shift() ?? next++;
      while (!(await take(slot, { ifAvailable: true })));
    sessionStorage[name] = slot;
    // The page before may have written until it was gone.
    found = (await read()).filter((row) => row.slot === slot);
  } catch (error) {
    fail(error);
    close();
  }

  return [found, write, close];
}

/** Of a request its result, of a transaction nothing but its end; rejects with undefined when there is no answer in time. */
const answer = <Value>(asked: IDBRequest<Value> | IDBTransaction): Promise<Value> =>
  new Promise((resolve, reject) => {
    const both = asked as IDBRequest<Value>;
    both.onsuccess = (both as unknown as IDBTransaction).oncomplete = () => resolve(both.result);
    both.onerror = (both as unknown as IDBTransaction).onabort = ({ target }: Event) =>
      reject((target as IDBRequest).error as Error);
    // In two halves: a machine that slept for all of it has not waited.
    setTimeout(setTimeout, PATIENCE, reject, PATIENCE);
  });
