/**
 * The memory store: the reference implementation of the Store contract, for one
 * process. What it holds dies with the process, and its epochs say so: after a
 * restart every cursor meets another epoch and is told a gap.
 */
import type { Member } from '@iskra/protocol/wire';
import { byteLength, SESSION_WINDOW } from '@iskra/protocol/wire';
import type {
  Begun,
  Entered,
  Entry,
  Head,
  Identity,
  Lease,
  LogRead,
  MemberPage,
  SessionState,
  Store,
} from '../store.js';
import { MemoryLog } from './memory-log.js';
import type { Retention } from './memory-log.js';

export interface MemoryStoreOptions {
  /** Milliseconds that a session lives on after its last contact. Default 120,000. */
  window?: number;
  /** Milliseconds that a member stays listed after the session's last contact. Default 30,000. */
  presenceWindow?: number;
  /** What a channel's log keeps. Default: 1,000 entries, 1 MiB, 24 hours. */
  retention?: Partial<Retention>;
  /** What a session's inbox keeps. Default: 1,000 entries, 1 MiB, 24 hours. */
  inbox?: Partial<Retention>;
  /** Bytes of all logs together; beyond it the logs used longest ago are dropped, which their readers are told. Default 256 MiB. */
  maxBytes?: number;
  /** Monotonic milliseconds. Default `performance.now`. */
  now?: () => number;
  /** Random text of 128 bits for ids and epochs. */
  randomId?: () => string;
}

interface SessionRecord {
  readonly id: string;
  readonly nonce: string;
  identity: Identity;
  generation: number;
  acked: number;
  contact: number;
  /** Undefined while it holds nothing: most sessions are at rest, their outcomes acknowledged. */
  inbox: MemoryLog | undefined;
  /** Head of the inbox while there is none. */
  inboxTop: number;
  claim: { id: string; until: number } | undefined;
  /** A claim ran out before its commit: the sends that follow may have run already. */
  interrupted: boolean;
  leases: Map<string, { member: Member; lapsed: boolean }> | undefined;
}

/** A member in a list. */
interface Seat {
  member: Member;
  /** Rises with each that comes, so that a page can say where the next one begins. */
  readonly place: number;
}

/** What a log costs beside its bodies: without it, logs that were only asked for would never count. */
const LOG_BYTES = 256;

const RETENTION: Retention = { entries: 1000, bytes: 1024 * 1024, age: 24 * 3_600_000 };

export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly #window: number;
  readonly #presenceWindow: number;
  readonly #retention: Retention;
  readonly #inboxRetention: Retention;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #randomId: () => string;
  readonly #run: string;
  readonly #logs = new Map<string, MemoryLog>();
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #nonces = new Map<string, SessionRecord>();
  /** When the session of a nonce ended, oldest first. */
  readonly #ended = new Map<string, number>();
  /** By channel and session, in the order in which they came. */
  readonly #members = new Map<string, Map<string, Seat>>();
  #seats = 0;
  #listener: (log: string, entry: Entry) => void = () => {};
  #epochs = 0;

  constructor(options: MemoryStoreOptions) {
    this.#window = options.window ?? SESSION_WINDOW;
    this.#presenceWindow = options.presenceWindow ?? 30_000;
    this.#retention = { ...RETENTION, ...options.retention };
    this.#inboxRetention = { ...RETENTION, ...options.inbox };
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    // Whole milliseconds: a fraction would cost each session a box for it.
    this.#now = options.now ?? (() => Math.floor(performance.now()));
    this.#randomId =
      options.randomId ??
      (() => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'));
    this.#run = this.#randomId()
      .toLowerCase()
      .replace(/[^0-9a-z]/g, '')
      .slice(0, 10);
  }

  async openSession(nonce: string, identity: Identity) {
    const known = this.#nonces.get(nonce);
    if (known !== undefined) {
      if (known.identity.subject !== identity.subject) return { kind: 'taken' as const };
      return { kind: 'opened' as const, state: this.#state(known) };
    }
    if (this.#ended.has(nonce)) return { kind: 'ended' as const };
    const record: SessionRecord = {
      id: this.#randomId(),
      nonce,
      identity,
      generation: 0,
      acked: 0,
      contact: this.#now(),
      inbox: undefined,
      inboxTop: 0,
      claim: undefined,
      interrupted: false,
      leases: undefined,
    };
    this.#sessions.set(record.id, record);
    this.#nonces.set(nonce, record);
    return { kind: 'opened' as const, state: this.#state(record) };
  }

  async attach(session: string, identity?: Identity) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    record.generation++;
    if (identity !== undefined) record.identity = identity;
    return { kind: 'attached' as const, state: this.#state(record), rejoined: this.#rejoin(record) };
  }

  async identify(session: string, identity: Identity): Promise<void> {
    const record = this.#live(session);
    if (record !== undefined) record.identity = identity;
  }

  async touch(session: string, generation?: number) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    if (generation !== undefined && generation !== record.generation) return { kind: 'superseded' as const };
    return { kind: 'current' as const, state: this.#state(record), rejoined: this.#rejoin(record) };
  }

  async lapse(session: string, generation: number) {
    const record = this.#sessions.get(session);
    return record?.generation === generation ? this.#lapse(record) : [];
  }

  async close(session: string) {
    const record = this.#sessions.get(session);
    return record === undefined ? [] : this.#remove(record);
  }

  async append(log: string, body: string, key?: string) {
    const target = this.#log(log);
    const before = key === undefined ? undefined : target.find(key);
    if (before !== undefined) return { kind: 'duplicate' as const, entry: before };
    const entry = target.append(body, this.#now(), key);
    this.#listener(log, entry);
    return { kind: 'appended' as const, entry };
  }

  async post(session: string, body: string) {
    const record = this.#sessions.get(session);
    // Not contact: only its client keeps a session alive.
    if (record === undefined || this.#now() - record.contact > this.#window)
      return { kind: 'unknown' as const };
    return { kind: 'posted' as const, entry: this.#appendToInbox(record, body) };
  }

  async read(log: string, epoch: string, offset: number, max: number): Promise<LogRead> {
    return this.#log(log).read(epoch, offset, max, log.startsWith('@'));
  }

  async heads(logs: readonly string[]): Promise<Head[]> {
    return logs.map((log) => this.#head(log));
  }

  watch(): undefined {
    // Every append reaches the listener.
  }

  unwatch(): void {
    // Nothing was registered.
  }

  onHint(listener: (log: string, entry: Entry) => void): void {
    this.#listener = listener;
  }

  async begin(session: string, number: number, claim: string, lease: number): Promise<Begun> {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' };
    if (number <= record.acked) {
      return { kind: 'duplicate', acked: record.acked, inbox: record.inbox?.top ?? record.inboxTop };
    }
    if (number > record.acked + 1) return { kind: 'expect', number: record.acked + 1 };
    const now = this.#now();
    const holder = record.claim;
    if (holder !== undefined && holder.id !== claim) {
      if (holder.until > now) return { kind: 'busy' };
      record.interrupted = true;
    }
    record.claim = { id: claim, until: now + lease };
    return { kind: 'run', redelivered: record.interrupted };
  }

  async commit(
    session: string,
    number: number,
    claim: string,
    outcomes: readonly string[],
    release: boolean,
  ) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    if (record.claim?.id !== claim) return { kind: 'stale' as const };
    if (release) record.claim = undefined;
    record.interrupted = false;
    // A skip may have been further already: what is committed never becomes uncommitted.
    record.acked = Math.max(record.acked, number);
    for (const outcome of outcomes) this.#appendToInbox(record, outcome);
    return { kind: 'committed' as const, acked: record.acked, inbox: record.inbox?.top ?? record.inboxTop };
  }

  async skip(session: string, number: number) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    record.acked = Math.max(record.acked, number);
    return { kind: 'committed' as const, acked: record.acked, inbox: record.inbox?.top ?? record.inboxTop };
  }

  async trimInbox(session: string, offset: number): Promise<void> {
    const record = this.#sessions.get(session);
    if (record?.inbox === undefined) return;
    record.inbox.trimTo(offset);
    if (!record.inbox.isEmpty) return;
    record.inboxTop = record.inbox.top;
    record.inbox = undefined;
  }

  async enter(session: string, channel: string, member: Member, most: number): Promise<Entered> {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' };
    record.leases ??= new Map();
    if (!record.leases.has(channel) && record.leases.size >= most) return { kind: 'full' };
    record.leases.set(channel, { member, lapsed: false });
    return { kind: this.#list(channel, member) ? 'joined' : 'renewed' };
  }

  async leave(session: string, channel: string) {
    const record = this.#sessions.get(session);
    const lease = record?.leases?.get(channel);
    record?.leases?.delete(channel);
    if (lease === undefined || lease.lapsed) return { left: false };
    this.#unlist(channel, session);
    return { left: true, member: lease.member };
  }

  async members(channel: string) {
    return [...(this.#members.get(channel)?.values() ?? [])].map(({ member }) => member);
  }

  async membersPage(channel: string, place: number, bytes: number): Promise<MemberPage> {
    const members: Member[] = [];
    let last = place;
    let room = bytes;
    for (const seat of this.#members.get(channel)?.values() ?? []) {
      if (seat.place <= place) continue;
      room -= byteLength(JSON.stringify(seat.member)) + 1;
      if (room < 0 && members.length > 0) return { members, more: last };
      members.push(seat.member);
      last = seat.place;
    }
    return { members };
  }

  async sweep() {
    const now = this.#now();
    const lapsed: Lease[] = [];
    const ended: string[] = [];
    for (const record of this.#sessions.values()) {
      const silence = now - record.contact;
      if (silence > this.#window) {
        ended.push(record.id);
        lapsed.push(...this.#remove(record));
      } else if (record.leases !== undefined && silence > this.#presenceWindow) {
        lapsed.push(...this.#lapse(record));
      }
    }
    this.#forget(now);
    return { lapsed, ended };
  }

  async end(): Promise<void> {
    this.#listener = () => {};
  }

  /** A session that is still within its window; asking for it is contact. */
  #live(session: string): SessionRecord | undefined {
    const record = this.#sessions.get(session);
    if (record === undefined) return undefined;
    const now = this.#now();
    // Past its window but not swept yet: the sweep, which tells its leases, is the only one to end it.
    if (now - record.contact > this.#window) return undefined;
    record.contact = now;
    return record;
  }

  #state(record: SessionRecord): SessionState {
    return {
      session: record.id,
      identity: record.identity,
      generation: record.generation,
      acked: record.acked,
      inbox: [record.inbox?.epoch ?? this.#run, record.inbox?.top ?? record.inboxTop],
    };
  }

  /** Asked every few seconds for every log that is read: an inbox at rest is not made up for it. */
  #head(name: string): Head {
    const record = name.startsWith('@') ? this.#sessions.get(name.slice(1)) : undefined;
    if (record === undefined || record.inbox !== undefined) return this.#log(name).head();
    return { epoch: this.#run, offset: record.inboxTop, first: record.inboxTop + 1 };
  }

  /** A log to read. An inbox that nothing was written to is not kept: most sessions never need one. */
  #log(name: string): MemoryLog {
    if (name.startsWith('@')) {
      const record = this.#sessions.get(name.slice(1));
      return record?.inbox ?? new MemoryLog(this.#run, this.#inboxRetention, record?.inboxTop);
    }
    let log = this.#logs.get(name);
    if (log === undefined) {
      log = new MemoryLog(this.#run + (++this.#epochs).toString(36), this.#retention);
      this.#logs.set(name, log);
    }
    // Asking is use as well: a silent log whose readers stand at its head is not dropped under them.
    log.used = this.#now();
    return log;
  }

  #inbox(record: SessionRecord): MemoryLog {
    return (record.inbox ??= new MemoryLog(this.#run, this.#inboxRetention, record.inboxTop));
  }

  #appendToInbox(record: SessionRecord, body: string): Entry {
    const entry = this.#inbox(record).append(body, this.#now());
    this.#listener(`@${record.id}`, entry);
    return entry;
  }

  #rejoin(record: SessionRecord): Lease[] {
    const rejoined: Lease[] = [];
    for (const [channel, lease] of record.leases ?? []) {
      if (!lease.lapsed) continue;
      lease.lapsed = false;
      if (this.#list(channel, lease.member)) rejoined.push({ channel, member: lease.member });
    }
    return rejoined;
  }

  #lapse(record: SessionRecord): Lease[] {
    const lapsed: Lease[] = [];
    for (const [channel, lease] of record.leases ?? []) {
      if (lease.lapsed) continue;
      lease.lapsed = true;
      this.#unlist(channel, record.id);
      lapsed.push({ channel, member: lease.member });
    }
    return lapsed;
  }

  #remove(record: SessionRecord): Lease[] {
    this.#sessions.delete(record.id);
    this.#nonces.delete(record.nonce);
    this.#ended.set(record.nonce, this.#now());
    return this.#lapse(record);
  }

  #list(channel: string, member: Member): boolean {
    let members = this.#members.get(channel);
    if (members === undefined) this.#members.set(channel, (members = new Map()));
    const seat = members.get(member.id);
    if (seat === undefined) members.set(member.id, { member, place: ++this.#seats });
    else seat.member = member;
    return seat === undefined;
  }

  #unlist(channel: string, session: string): void {
    const members = this.#members.get(channel);
    members?.delete(session);
    if (members?.size === 0) this.#members.delete(channel);
  }

  /** Drops what is old, then, over the byte limit, whole logs, the one used longest ago first. */
  #forget(now: number): void {
    for (const [nonce, at] of this.#ended) {
      if (now - at <= this.#window) break;
      this.#ended.delete(nonce);
    }
    let bytes = 0;
    for (const [name, log] of this.#logs) {
      log.trimOlderThan(now);
      if (log.isEmpty && now - log.used > this.#retention.age) this.#logs.delete(name);
      else bytes += log.bytes + LOG_BYTES;
    }
    if (bytes <= this.#maxBytes) return;
    const byUse = [...this.#logs].sort(([, a], [, b]) => a.used - b.used);
    for (const [name, log] of byUse) {
      if (bytes <= this.#maxBytes) return;
      bytes -= log.bytes + LOG_BYTES;
      this.#logs.delete(name);
    }
  }
}
