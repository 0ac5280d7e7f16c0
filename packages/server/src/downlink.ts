/**
 * PURE. What one connection has delivered of each log, and what comes next: it
 * sends only the successor of what it sent before (P25). A hint that is not the
 * successor, or that came while nothing could be written, is answered by
 * reading the log; so a slow reader is a position and no queue.
 */
import { decodeBody, isInbox, judgeEntry, SYSTEM } from '@iskra/protocol/wire';
import type { GapReason, Position, Subscribed } from '@iskra/protocol/wire';
import { isFor } from './except.js';
import { Message, entriesMessage, wireName } from './message.js';
import type { Run } from './message.js';
import type { Room } from './room.js';
import type { Entry, Head, LogRead } from './store.js';

export type DownlinkEffect =
  /** Register for the log's hints, then read it (P26). */
  | { type: 'follow'; log: string; epoch: string; offset: number; max: number }
  | { type: 'read'; log: string; epoch: string; offset: number; max: number }
  | { type: 'unfollow'; log: string }
  | { type: 'write'; message: Message }
  /** For who watches the node. */
  | { type: 'report'; event: 'gap'; reason: GapReason };

/** A log that was read, and from where. */
export interface LogAnswer {
  readonly log: string;
  readonly epoch: string;
  readonly offset: number;
  readonly result: LogRead;
}

interface Reader {
  readonly log: string;
  epoch: string;
  offset: number;
  reading: boolean;
  /** Something was appended that was not written: read when that is possible again. */
  missed: boolean;
}

export class Downlink {
  readonly #readSize: number;
  /** A list, not a map: most connections read two logs, and a map costs as much as ten of these. */
  #readers: Reader[] = [];
  #isFull = false;
  /** Its inbox, which says whose it is. */
  #inbox = '';
  #room: Room | undefined;

  /** @param readSize entries of one log read */
  constructor(readSize: number) {
    this.#readSize = readSize;
  }

  /** The logs that it reads. */
  get logs(): string[] {
    return this.#readers.map(({ log }) => log);
  }

  /** Channels that it reads, the inbox not counted. */
  get channels(): number {
    let count = 0;
    for (const { log } of this.#readers) if (!isInbox(log)) count++;
    return count;
  }

  /** Whether an answer of the store is awaited. */
  get isReading(): boolean {
    return this.#readers.some(({ reading }) => reading);
  }

  /** Nothing can be written now: the connection takes no more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** It has one answer, of bounded size: beyond that it is full. */
  bound(room: Room): void {
    this.#room = room;
  }

  /** Something else is written. */
  spend(message: Message): void {
    this.#room?.spend(message);
  }

  follows(log: string): boolean {
    return this.#find(log) !== undefined;
  }

  /** The offset up to which a log was delivered. */
  offsetOf(log: string): number | undefined {
    return this.#find(log)?.offset;
  }

  follow(log: string, [epoch, offset]: Position): DownlinkEffect {
    if (isInbox(log)) this.#inbox = log;
    // Not pushed, which would make room for sixteen more.
    this.#readers = this.#readers.concat({ log, epoch, offset, reading: true, missed: false });
    return { type: 'follow', log, epoch, offset, max: this.#readSize };
  }

  /** The run's message, when it is simply the next thing to write; otherwise `offer` decides. */
  accept(run: Run): Message | undefined {
    const reader = this.#find(run.log);
    if (
      reader === undefined ||
      reader.reading ||
      this.#isFull ||
      reader.offset + 1 !== run.first ||
      reader.epoch !== run.epoch ||
      run.isInbox ||
      run.excepts
    ) {
      return undefined;
    }
    reader.offset = run.last;
    return run.message;
  }

  offer(run: Run): DownlinkEffect[] {
    const reader = this.#find(run.log);
    if (reader === undefined) return [];
    if (reader.reading || this.#isFull) {
      reader.missed = true;
      return [];
    }
    switch (judgeEntry([reader.epoch, reader.offset], run.epoch, run.first)) {
      case 'next':
        return this.#deliver(reader, run.entries, run);
      case 'ignore':
        return run.last > reader.offset ? [this.#read(reader)] : [];
      case 'resync':
        return [this.#read(reader)];
    }
  }

  answered({ log, epoch, offset, result }: LogAnswer): DownlinkEffect[] {
    const reader = this.#find(log);
    if (reader === undefined || !reader.reading) return [];
    // The late answer to a subscription that ended meanwhile: this one's own answer is still to come.
    if (reader.epoch !== epoch || reader.offset !== offset) return [];
    reader.reading = false;
    if (this.#isFull) {
      reader.missed = true;
      return [];
    }
    const effects = this.#take(reader, result);
    if (reader.missed && !this.#isFull) effects.push(this.#read(reader));
    return effects;
  }

  /** Whether a log was delivered up to its head. */
  isAt(log: string, { epoch, offset }: Head): boolean {
    const reader = this.#find(log);
    return reader !== undefined && !reader.reading && epoch === reader.epoch && offset <= reader.offset;
  }

  /** Reads on when the store is further, or in another epoch; without an offset the epoch alone is compared. */
  compareHead(log: string, { epoch, offset = 0 }: Pick<Head, 'epoch'> & Partial<Head>): DownlinkEffect[] {
    const reader = this.#find(log);
    if (reader === undefined || reader.reading || this.#isFull) return [];
    return epoch !== reader.epoch || offset > reader.offset ? [this.#read(reader)] : [];
  }

  /** The connection takes no more. */
  fill(): void {
    this.#isFull = true;
  }

  /** There is room again: what was missed is read. */
  drain(): DownlinkEffect[] {
    this.#isFull = false;
    return this.#readers
      .filter(({ missed, reading }) => missed && !reading)
      .map((reader) => this.#read(reader));
  }

  #take(reader: Reader, result: LogRead): DownlinkEffect[] {
    switch (result.kind) {
      case 'entries': {
        const last = result.entries[result.entries.length - 1];
        reader.missed ||= result.head[1] > (last?.offset ?? reader.offset);
        // The same text, but the store's own: a position from the wire would keep its copy alive.
        if (last === undefined) reader.epoch = result.head[0];
        return last === undefined ? [] : this.#deliver(reader, result.entries);
      }
      case 'gap':
        return this.#tellGap(reader, result.reason, result.now);
      case 'fork':
        reader.missed = true;
        return [this.#move(reader, 'forked', [result.next, result.base])];
    }
  }

  /** Writes the successors, as many as there is room for; `run` is what they are, if all of them are. */
  #deliver(reader: Reader, entries: readonly Entry[], run?: Run): DownlinkEffect[] {
    const { log } = reader;
    if (run?.excepts !== false && !isInbox(log)) {
      const from = entries.findIndex((entry) => !isFor(entry, this.#inbox));
      if (from >= 0) return this.#passOver(reader, entries, from);
    }
    const count = this.#room?.take(log, entries) ?? entries.length;
    if (count !== entries.length) {
      this.#isFull = true;
      reader.missed = true;
    }
    const written = count === entries.length ? entries : entries.slice(0, count === 'tooBig' ? 1 : count);
    const last = written[written.length - 1];
    if (last === undefined) return [];
    const to: Position = [last.epoch, last.offset];
    if (count === 'tooBig') return this.#tellGap(reader, 'too_big', to);
    [reader.epoch, reader.offset] = to;
    const message = run !== undefined && written === entries ? run.message : entriesMessage(log, written);
    if (!isInbox(log)) return [{ type: 'write', message }];
    const { before, after } = this.#obeyOutcomes(written);
    return [...before, { type: 'write', message }, ...after];
  }

  /** Those from `from` on are not for this session: its cursor moves on, and nothing is told (P82). */
  #passOver(reader: Reader, entries: readonly Entry[], from: number): DownlinkEffect[] {
    const effects = from === 0 ? [] : this.#deliver(reader, entries.slice(0, from));
    // There was no room for all of those before.
    if (this.#isFull) return effects;
    const end = entries.findIndex((entry, index) => index > from && isFor(entry, this.#inbox));
    const { epoch, offset } = entries[end < 0 ? entries.length - 1 : end - 1]!;
    effects.push(this.#move(reader, 'excepted', [epoch, offset]));
    return end < 0 ? effects : [...effects, ...this.#deliver(reader, entries.slice(end))];
  }

  #tellGap(reader: Reader, reason: GapReason, to: Position): DownlinkEffect[] {
    const told = this.#move(reader, reason, to);
    reader.missed = true;
    // Of the reading of events nothing is told: it would go round.
    return reader.log === SYSTEM ? [told] : [told, { type: 'report', event: 'gap', reason }];
  }

  #move(reader: Reader, reason: GapReason | 'excepted' | 'forked', to: Position): DownlinkEffect {
    const was: Position = [reader.epoch, reader.offset];
    [reader.epoch, reader.offset] = to;
    const message = Message.of(['gap', wireName(reader.log), reason, [...was], [...to]]);
    this.#room?.moved(message);
    return { type: 'write', message };
  }

  /**
   * A subscription begins on this connection behind the outcome that announces it (P41), and ends likewise (P43). Where the server
   * ended it, the gap goes before the entry: whoever has the entry must not go on with the channel (P83).
   */
  #obeyOutcomes(entries: readonly Entry[]): { before: DownlinkEffect[]; after: DownlinkEffect[] } {
    const before: DownlinkEffect[] = [];
    const after: DownlinkEffect[] = [];
    const old = this.#readers;
    for (const { body } of entries) {
      if (!/^\{"delta":"(un)?subscribed"/.test(body)) continue;
      const { envelope, answers } = decodeBody(body);
      const { channel, position } = (envelope.payload ?? {}) as Subscribed;
      const known = this.#find(channel);
      if (envelope.delta === 'subscribed') {
        if (answers !== undefined && known === undefined) after.push(this.follow(channel, position));
      } else if (known !== undefined) {
        if (answers === undefined) (old.includes(known) ? before : after).push(...this.#deny(known));
        this.#readers = this.#readers.filter((reader) => reader !== known);
        after.push({ type: 'unfollow', log: channel });
      }
    }
    return { before, after };
  }

  #deny(reader: Reader): DownlinkEffect[] {
    return this.#tellGap(reader, 'denied', [reader.epoch, reader.offset]);
  }

  #find(log: string): Reader | undefined {
    for (const reader of this.#readers) if (reader.log === log) return reader;
    return undefined;
  }

  #read(reader: Reader): DownlinkEffect {
    reader.reading = true;
    reader.missed = false;
    const { log, epoch, offset } = reader;
    return { type: 'read', log, epoch, offset, max: this.#readSize };
  }
}
