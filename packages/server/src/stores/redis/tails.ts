/**
 * PURE. The newest entries of each log that this node watches, as far as it knows them without a hole: most reads
 * are answered from here. A tail begins with a read that reached the head, and grows with hints; anything that is
 * not the successor ends it, and the next read begins it anew.
 */
import type { Entry, Head, LogName, LogRead } from '../../store.js';

/** Entries of a log that are kept here. */
const LENGTH = 64;
/** Characters of all of them; beyond it the tails that began longest ago are let go. */
const CHARACTERS = 64 * 1024 * 1024;

interface Tail {
  readonly epoch: string;
  /** Offset of the newest entry that is known. */
  top: number;
  /** Those before it, without a hole; perhaps none. */
  entries: Entry[];
  characters: number;
}

/** A read that is under way: the newest hint that came since. */
export interface Asked {
  newest: Entry | undefined;
}

const charactersOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, { body }) => sum + body.length, 0);

/** Whether the entry is newer than what is known, as far as anybody can say. */
const isBehind = (known: Entry | undefined, { epoch, offset }: Entry): boolean =>
  known === undefined || known.epoch !== epoch || known.offset < offset;

export class Tails {
  readonly #tails = new Map<LogName, Tail>();
  readonly #asked = new Map<LogName, Asked>();
  readonly #most: number;
  #characters = 0;

  /** @param most characters of all tails together */
  constructor(most = CHARACTERS) {
    this.#most = most;
  }

  /** What follows the position, when that is known here. */
  read(log: LogName, epoch: string, offset: number, most: number): LogRead | undefined {
    const tail = this.#tails.get(log);
    if (tail === undefined || tail.epoch !== epoch || offset > tail.top) return undefined;
    const before = tail.top - tail.entries.length;
    if (offset < before) return undefined;
    const from = offset - before;
    return { kind: 'entries', entries: tail.entries.slice(from, from + most), head: [epoch, tail.top] };
  }

  /** A log is about to be read that is watched since before; `learn` is given the answer with this. */
  asked(log: LogName): Asked {
    let asked = this.#asked.get(log);
    if (asked === undefined) this.#asked.set(log, (asked = { newest: undefined }));
    return asked;
  }

  /** Begins a tail with what was read, unless that was overtaken: hints come over another connection. */
  learn(log: LogName, read: Extract<LogRead, { kind: 'entries' }>, asked: Asked): void {
    if (this.#asked.get(log) !== asked) return;
    this.#asked.delete(log);
    const {
      entries,
      head: [epoch, top],
    } = read;
    const { newest } = asked;
    if (newest !== undefined && (newest.epoch !== epoch || newest.offset > top)) return;
    const known = this.#tails.get(log);
    // Hints went on meanwhile.
    if (known !== undefined && known.epoch === epoch && known.top >= top) return;
    const last = entries[entries.length - 1];
    if (last !== undefined && (last.epoch !== epoch || last.offset !== top)) return;
    const first = entries.findIndex((entry) => entry.epoch === epoch);
    const kept = first < 0 ? [] : entries.slice(first).slice(-LENGTH);
    this.forget(log);
    const characters = charactersOf(kept);
    this.#tails.set(log, { epoch, top, entries: kept, characters });
    this.#grow(characters);
  }

  hinted(log: LogName, entry: Entry): void {
    const asked = this.#asked.get(log);
    if (asked !== undefined && isBehind(asked.newest, entry)) asked.newest = entry;
    const tail = this.#tails.get(log);
    if (tail === undefined) return;
    if (entry.epoch === tail.epoch && entry.offset === tail.top + 1) {
      tail.entries.push(entry);
      tail.top++;
      tail.characters += entry.body.length;
      // In strides, so that it is not copied for each entry.
      if (tail.entries.length > 2 * LENGTH) {
        tail.entries = tail.entries.slice(-LENGTH);
        const before = tail.characters;
        tail.characters = charactersOf(tail.entries);
        this.#characters += tail.characters - before;
      }
      this.#grow(entry.body.length);
    } else if (entry.epoch !== tail.epoch || entry.offset > tail.top) {
      this.forget(log);
    }
  }

  /** The store says where a log stands: what is behind it here, or apart from it, has missed a hint. */
  compare(log: LogName, { epoch, offset }: Pick<Head, 'epoch' | 'offset'>): void {
    const tail = this.#tails.get(log);
    if (tail !== undefined && (tail.epoch !== epoch || tail.top < offset)) this.forget(log);
  }

  forget(log: LogName): void {
    this.#characters -= this.#tails.get(log)?.characters ?? 0;
    this.#tails.delete(log);
    // What is on its way was read before.
    this.#asked.delete(log);
  }

  #grow(by: number): void {
    this.#characters += by;
    for (const log of this.#tails.keys()) {
      if (this.#characters <= this.#most) return;
      this.forget(log);
    }
  }
}
