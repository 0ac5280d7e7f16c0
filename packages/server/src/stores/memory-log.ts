/**
 * One bounded log: dense offsets, one epoch, the oldest entries dropped first.
 * It knows no clock and no channel; the store asks.
 */
import type { AppendKey, Entry, Head, LogRead, Retention } from '../store.js';

/** What a log keeps when nobody says otherwise, in whichever store. */
export const RETENTION: Retention = { entries: 1000, bytes: 1024 * 1024, age: 24 * 3_600_000 };

interface Kept extends Entry {
  readonly at: number;
}

/** The last append of a session's sends. */
interface Last {
  number: number;
  part: number;
  at: number;
  /** Those before it that are not committed yet: if one of them comes again, it is known whether it is here. */
  earlier?: number[] | undefined;
}

export class MemoryLog {
  readonly epoch: string;
  /** Offset of the newest entry, 0 when there never was one. */
  top: number;
  /** Characters kept. */
  bytes = 0;
  /** When it was last appended to or asked for. */
  used = 0;
  readonly retention: Retention;
  /** Kept entries are `#entries[#start…]`; the space before is reclaimed in strides. */
  #entries: Kept[] = [];
  #start = 0;
  /** By session. Apart from the entries: a send may be repeated when its entry is long gone. */
  #last: Map<string, Last> | undefined;

  /** @param top where an earlier log of this name and epoch had come to, when it was forgotten empty. */
  constructor(epoch: string, retention: Retention, top = 0) {
    this.epoch = epoch;
    this.top = top;
    this.retention = retention;
  }

  /** Entries that are kept. */
  get count(): number {
    return this.#entries.length - this.#start;
  }

  get isEmpty(): boolean {
    return this.#entries.length === this.#start;
  }

  /** @param acked the last of the session's sends that is committed */
  append(body: string, now: number, key?: AppendKey, acked = Infinity): Entry {
    const entry: Kept = { epoch: this.epoch, offset: ++this.top, body, at: now };
    this.used = now;
    this.#entries.push(entry);
    this.bytes += body.length;
    if (key !== undefined) this.#remember(key, now, acked);
    while (this.count > this.retention.entries || (this.bytes > this.retention.bytes && this.count > 1)) {
      this.#dropOldest();
    }
    return entry;
  }

  /**
   * Whether this append was taken; `behind`: it was not, and a later one of its session was.
   * @param acked the last of the session's sends that is committed
   */
  find({ session, number, part }: AppendKey, acked: number): 'new' | 'duplicate' | 'behind' {
    const last = this.#last?.get(session);
    if (last === undefined || number > last.number) return 'new';
    if (number === last.number) return part <= last.part ? 'duplicate' : 'new';
    return number <= acked || last.earlier?.includes(number) === true ? 'duplicate' : 'behind';
  }

  #remember({ session, number, part }: AppendKey, at: number, acked: number): void {
    this.#last ??= new Map();
    const last = this.#last.get(session);
    if (last === undefined) {
      this.#last.set(session, { number, part, at });
      return;
    }
    if (last.number !== number) {
      if ((last.earlier?.[0] ?? Infinity) <= acked) last.earlier = last.earlier?.filter((one) => one > acked);
      if (last.number > acked) (last.earlier ??= []).push(last.number);
    }
    Object.assign(last, { number, part, at });
  }

  /** Forgets what was appended before that moment by sessions that are gone. */
  forgetSessions(before: number, isGone: (session: string) => boolean): void {
    if (this.#last === undefined) return;
    for (const [session, { at }] of this.#last)
      if (at < before && isGone(session)) this.#last.delete(session);
    if (this.#last.size === 0) this.#last = undefined;
  }

  head(): Head {
    return { epoch: this.epoch, offset: this.top, first: this.#first };
  }

  read(epoch: string, offset: number, max: number, isInbox: boolean): LogRead {
    const before = this.#first - 1;
    if (epoch !== this.epoch) return { kind: 'gap', reason: 'epoch', now: [this.epoch, before] };
    // Ahead of everything that was ever appended here: the reader saw another history.
    if (offset > this.top) return { kind: 'gap', reason: 'diverged', now: [this.epoch, this.top] };
    if (offset < before) {
      return { kind: 'gap', reason: isInbox ? 'inbox_overflow' : 'trimmed', now: [this.epoch, before] };
    }
    const from = this.#start + (offset - before);
    return {
      kind: 'entries',
      entries: offset === this.top ? [] : this.#entries.slice(from, from + max),
      head: [this.epoch, this.top],
    };
  }

  trimTo(offset: number): void {
    while (!this.isEmpty && this.#first <= offset) this.#dropOldest();
  }

  trimOlderThan(now: number): void {
    while (!this.isEmpty && now - (this.#entries[this.#start]?.at ?? now) > this.retention.age)
      this.#dropOldest();
  }

  get #first(): number {
    return this.top - this.count + 1;
  }

  #dropOldest(): void {
    const entry = this.#entries[this.#start];
    if (entry === undefined) return;
    this.#start++;
    this.bytes -= entry.body.length;
    // Amortised: half of the array is free space at most, and a dropped entry is not kept alive for long.
    if (this.#start > 32 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }
}
