/**
 * What is written down of an outbox: its sends, and the session that they were sent in. In IndexedDB, in a part of the
 * database that only this page has; what cannot be written is in memory only, and that is told. It decides nothing.
 */
import type { Position, Welcome } from '@iskra/protocol/wire';
import { IskraError } from '../errors.js';

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
  /** Numbers up to this one may have been used. */
  readonly reserved: number;
}

/** By `since`: what is to be there, or nothing. */
export type Changes = ReadonlyMap<number, Row | Identified | undefined>;

export interface Journal {
  /** What an earlier page has left, oldest first. */
  readonly found: readonly (Row | Identified)[];
  /**
   * Resolves with true when all of this is written. With false when it is in memory only, and no send of it is there any
   * more; with undefined when what was there before could not be taken out either.
   */
  write(changes: Changes): Promise<boolean | undefined>;
}

/** A browser that does not answer has none, ms. */
const PATIENCE = 2_000;
/** A page that is loaded again may come before the lock of the one before is free, ms. */
const RELOAD = 1_000;
const KEPT = 'kept';

/** Tells `inMemory` when what waits does not outlive this page. */
export async function openJournal(name: string, inMemory: (reason: IskraError) => void): Promise<Journal> {
  let db: IDBDatabase | undefined;
  let slot = 0;
  let found: ((Row | Identified) & { slot: number })[] = [];
  let failed = false;

  const fail = (cause: unknown): void => {
    failed = true;
    const reason = new IskraError('outbox_in_memory', `In memory only: ${cause as Error}.`);
    // Whoever opens it can listen before.
    setTimeout(inMemory, 0, reason);
  };

  const change = (changes: Changes): Promise<unknown> => {
    const transaction = db!.transaction(KEPT, 'readwrite');
    const store = transaction.objectStore(KEPT);
    for (const [since, row] of changes) {
      // What is in memory only must not be found by another page, which would send it once more.
      if (row && !failed) store.put({ ...row, slot });
      else if (since) store.delete([slot, since]);
    }
    return answer(transaction);
  };

  try {
    db = await open(`iskra ${name}`);
    const read = () => answer<typeof found>(db!.transaction(KEPT).objectStore(KEPT).getAll());
    slot = await takeSlot(`iskra ${name} `, [...new Set((await read()).map((row) => row.slot))]);
    // The page before may have written until it was gone.
    found = (await read()).filter((row) => row.slot === slot);
  } catch (error) {
    db = undefined;
    fail(error);
  }

  return {
    found,
    async write(changes) {
      while (db) {
        try {
          await change(changes);
          return !failed;
        } catch (error) {
          if (failed) return undefined;
          fail(error);
        }
      }
      return false;
    },
  };
}

/** Another page may have the database open in another version, or hold it: what is asked then has no answer. */
function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(KEPT, { keyPath: ['slot', 'since'] });
  return new Promise((resolve, reject) => {
    setTimeout(reject, PATIENCE, 'no answer');
    answer(request).then(resolve, reject);
  });
}

/** Of a request its result, of a transaction nothing but its end. */
const answer = <Value>(asked: IDBRequest<Value> | IDBTransaction): Promise<Value> =>
  new Promise((resolve, reject) => {
    const both = asked as IDBRequest<Value>;
    both.onsuccess = (both as unknown as IDBTransaction).oncomplete = () => resolve(both.result);
    both.onerror = (both as unknown as IDBTransaction).onabort = ({ target }: Event) =>
      reject((target as IDBRequest).error as Error);
  });

/**
 * A part of the database that no other page has as long as this one is there: the one that this tab had before, or one that
 * was left with something in it, or a new one.
 */
async function takeSlot(name: string, left: readonly number[]): Promise<number> {
  const take = (slot: number, options: LockOptions) =>
    new Promise<Lock | null>((resolve, reject) => {
      // It is held for as long as the page is there.
      const hold = (lock: Lock | null) => new Promise(() => resolve(lock));
      navigator.locks.request(name + slot, options, hold).catch(reject);
    });
  const before = sessionStorage[name] as string | undefined;
  if (before && (await take(+before, { signal: AbortSignal.timeout(RELOAD) }).catch(() => {})))
    return +before;
  for (let next = 0; ; next++) {
    const slot = left[next] ?? next;
    if (!(await take(slot, { ifAvailable: true }))) continue;
    sessionStorage[name] = slot;
    return slot;
  }
}
