/**
 * The memory store: the reference implementation of the Store contract, for one
 * process. What it holds dies with the process, and its epochs say so: after a
 * restart every cursor meets another epoch and is told a gap.
 */
import type { Member, Position } from '@iskra/protocol/wire';
import { isInbox, SESSION_WINDOW } from '@iskra/protocol/wire';
import { memberBody } from '../members.js';
import type {
  Appended,
  AppendKey,
  Begun,
  Closed,
  Committed,
  EndedSession,
  Entered,
  Entry,
  Head,
  Identity,
  Kept,
  Known,
  LogRead,
  MemberPage,
  Retention,
  SessionState,
  Store,
  StoreTerms,
} from '../store.js';
import { MemoryLog, RETENTION } from './memory-log.js';
import { MemoryMembers } from './memory-members.js';

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
  /** Of the newest connection. */
  attempt: string | undefined;
  acked: number;
  contact: number;
  /** Undefined while it holds nothing: most sessions are at rest, their outcomes acknowledged. */
  inbox: MemoryLog | undefined;
  /** Head of the inbox while there is none. */
  inboxTop: number;
  claim: { id: string; number: number; until: number } | undefined;
  /** A claim ran out before its commit: the sends that follow may have run already. */
  interrupted: boolean;
  leases: Map<string, { member: Member; lapsed: boolean }> | undefined;
  /** Its credentials count no more. */
  revoked: boolean;
  revision: number;
}

/** What a log costs beside its bodies: without it, logs that were only asked for would never count. */
const LOG_BYTES = 256;

/** Sessions of a subject that are gone through to find one. */
const FEW = 8;

/** Of one that is forbidden nothing is kept but that: no connection that still has it is further. */
const FORBIDDEN = { generation: 0, silence: 0, revision: Number.MAX_SAFE_INTEGER };

const NOTHING: Kept = { sessions: 0, channel: { entries: 0, bytes: 0 }, inbox: { entries: 0, bytes: 0 } };

export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly #window: number;
  readonly #presenceWindow: number;
  readonly #retention: Retention;
  readonly #inboxRetention: Retention;
  readonly #maxBytes: number;
  #terms: StoreTerms = {};
  readonly #now: () => number;
  readonly #randomId: () => string;
  readonly #run: string;
  readonly #logs = new Map<string, MemoryLog>();
  /** Characters of all logs when they were counted last, and those appended since. */
  #weight = 0;
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #nonces = new Map<string, SessionRecord>();
  /** When the session of a nonce ended, oldest first. */
  readonly #ended = new Map<string, number>();
  /** When a session was forbidden, by its id and by its nonce, oldest first. */
  readonly #forbidden = new Map<string, number>();
  /** Until when a subject opens no session. */
  readonly #refused = new Map<string, number>();
  /** An array each, as most subjects have one session or two; a set where everybody is the same guest. */
  readonly #subjects = new Map<string, readonly string[] | Set<string>>();
  readonly #members = new MemoryMembers();
  /** What nodes say of themselves. */
  readonly #reports = new Map<string, { text: string; until: number }>();
  /** One for each node of this process. */
  readonly #listeners = new Set<(log: string, entry: Entry) => void>();
  readonly #watchers = new Set<(session: string) => void>();
  #epochs = 0;
  #kept: Kept = NOTHING;

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

  agree(terms: StoreTerms): void {
    this.#terms = terms;
  }

  async openSession(nonce: string, identity: Identity) {
    const { subject } = identity;
    if (subject !== undefined && (this.#refused.get(subject) ?? 0) > this.#now())
      return { kind: 'refused' as const };
    const known = this.#nonces.get(nonce);
    if (known !== undefined) {
      if (known.identity.subject !== subject) return { kind: 'taken' as const };
      return { kind: 'opened' as const, state: this.#state(known) };
    }
    if (this.#forbidden.has(nonce)) return { kind: 'forbidden' as const };
    if (this.#ended.has(nonce)) return { kind: 'ended' as const };
    const record: SessionRecord = {
      id: this.#randomId(),
      nonce,
      identity,
      generation: 0,
      attempt: undefined,
      acked: 0,
      contact: this.#now(),
      inbox: undefined,
      inboxTop: 0,
      claim: undefined,
      interrupted: false,
      leases: undefined,
      revoked: false,
      revision: 0,
    };
    if (subject !== undefined) this.#list(record.id, subject);
    this.#sessions.set(record.id, record);
    this.#nonces.set(nonce, record);
    return { kind: 'opened' as const, state: this.#state(record) };
  }

  async attach(session: string, identity?: Identity, attempt?: string) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    if (attempt === undefined || attempt !== record.attempt) record.generation++;
    record.attempt = attempt;
    if (identity !== undefined) {
      record.identity = identity;
      record.revoked = false;
    }
    this.#rejoin(record);
    return { kind: 'attached' as const, state: this.#state(record) };
  }

  async identify(session: string, identity: Identity): Promise<void> {
    const record = this.#live(session);
    if (record === undefined) return;
    record.identity = identity;
    record.revoked = false;
    record.revision++;
    this.#changed(session);
  }

  async revoke(session: string): Promise<void> {
    const record = this.#sessions.get(session);
    if (record === undefined) return;
    record.revoked = true;
    record.revision++;
    this.#changed(session);
  }

  async refuse(subject: string, ms: number): Promise<void> {
    if (ms > 0) this.#refused.set(subject, this.#now() + ms);
    else this.#refused.delete(subject);
  }

  async sessionsOf(subject: string) {
    return [...(this.#subjects.get(subject) ?? [])];
  }

  async stateOf(session: string): Promise<Known> {
    const record = this.#sessions.get(session);
    if (record === undefined) return { kind: this.#forbidden.has(session) ? 'forbidden' : 'unknown' };
    if (this.#now() - record.contact > this.#window) return { kind: 'unknown' };
    return { kind: 'current', state: this.#state(record) };
  }

  async touch(session: string, generation?: number) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    if (generation !== undefined && generation !== record.generation) return { kind: 'superseded' as const };
    this.#rejoin(record);
    return { kind: 'current' as const, state: this.#state(record) };
  }

  async lapse(session: string, generation: number): Promise<void> {
    const record = this.#sessions.get(session);
    if (record?.generation === generation) this.#lapse(record);
  }

  async close(session: string, why?: 'forbidden'): Promise<Closed> {
    const record = this.#sessions.get(session);
    const ended = record && this.#remove(record);
    if (why !== undefined) {
      if (record !== undefined) this.#forbidden.set(record.nonce, this.#now());
      this.#forbidden.delete(session);
      this.#forbidden.set(session, this.#now());
      this.#changed(session);
    }
    return ended === undefined ? { kind: 'unknown' } : { kind: 'ended', ended };
  }

  append(log: string, body: string, key: AppendKey): Promise<Appended | { kind: 'duplicate' }>;
  append(log: string, body: string): Promise<Appended>;
  async append(log: string, body: string, key?: AppendKey) {
    const target = this.#log(log);
    const acked = key && this.#ackedOf(key);
    const found = key && target.find(key, acked!);
    if (found === 'duplicate' || found === 'behind') return { kind: found };
    const entry = target.append(body, this.#now(), key, acked);
    this.#hint(log, entry);
    // A flood fills many logs between two sweeps.
    this.#weight += body.length;
    if (this.#weight > this.#maxBytes * 1.125) this.#forget(this.#now());
    return { kind: 'appended' as const, entry };
  }

  async taken(log: string, key: AppendKey): Promise<boolean> {
    return this.#log(log).find(key, this.#ackedOf(key)) === 'duplicate';
  }

  /** Of a session that is gone everything counts as committed: nobody asks any more. */
  #ackedOf({ session }: AppendKey): number {
    return this.#sessions.get(session)?.acked ?? Infinity;
  }

  async post(session: string, body: string) {
    const record = this.#sessions.get(session);
    // Not contact: only its client keeps a session alive.
    if (record === undefined || this.#now() - record.contact > this.#window)
      return { kind: 'unknown' as const };
    return { kind: 'posted' as const, entry: this.#appendToInbox(record, body) };
  }

  async read(log: string, epoch: string, offset: number, max: number): Promise<LogRead> {
    if (!isInbox(log)) return this.#log(log).read(epoch, offset, max, false);
    const found = this.#log(log).read(epoch, offset, max, true);
    const revision = this.#revisionOf(log.slice(1));
    return revision === 0 ? found : { ...found, revision };
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

  onHint(
    listener: (log: string, entry: Entry) => void,
    _missed?: () => void,
    changed: (session: string) => void = () => {},
  ): () => void {
    this.#listeners.add(listener);
    this.#watchers.add(changed);
    return () => {
      this.#listeners.delete(listener);
      this.#watchers.delete(changed);
    };
  }

  async begin(session: string, number: number, claim: string, lease: number): Promise<Begun> {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' };
    if (record.revoked) return { kind: 'revoked' };
    if (number <= record.acked) {
      return { kind: 'duplicate', acked: record.acked, inbox: this.#inboxHead(record) };
    }
    if (number > record.acked + 1) return { kind: 'expect', number: record.acked + 1 };
    const now = this.#now();
    const holder = record.claim;
    if (holder !== undefined && holder.id !== claim) {
      if (holder.until > now) return { kind: 'busy' };
      record.interrupted = true;
    }
    record.claim = { id: claim, number, until: now + lease };
    return { kind: 'run', redelivered: record.interrupted };
  }

  async commit(
    session: string,
    first: number,
    last: number,
    claim: string,
    outcomes: readonly string[],
  ): Promise<Committed> {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' };
    if (record.claim?.id !== claim || record.claim.number !== first) return { kind: 'stale' };
    record.claim = undefined;
    record.interrupted = false;
    // A skip may have been further already: what is committed never becomes uncommitted.
    record.acked = Math.max(record.acked, last);
    for (const outcome of outcomes) this.#appendToInbox(record, outcome);
    return { kind: 'committed', acked: record.acked, inbox: this.#inboxHead(record) };
  }

  async renew(session: string, claim: string, lease: number): Promise<void> {
    const held = this.#sessions.get(session)?.claim;
    if (held?.id === claim) held.until = this.#now() + lease;
  }

  async release(session: string, claim: string): Promise<void> {
    const record = this.#sessions.get(session);
    if (record?.claim?.id === claim) record.claim = undefined;
  }

  async skip(session: string, from: number, number: number) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    if (from > record.acked + 1) return { kind: 'expect' as const, number: record.acked + 1 };
    record.acked = Math.max(record.acked, number);
    return { kind: 'committed' as const, acked: record.acked, inbox: this.#inboxHead(record) };
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
    return { kind: this.#join(channel, member) };
  }

  async leave(session: string, channel: string): Promise<void> {
    const leases = this.#sessions.get(session)?.leases;
    const lease = leases?.get(channel);
    leases?.delete(channel);
    if (lease !== undefined && !lease.lapsed) this.#part(channel, lease.member);
  }

  async members(channel: string) {
    return this.#members.of(channel);
  }

  async membersPage(channel: string, place: number, bytes: number): Promise<MemberPage> {
    return this.#members.after(channel, place, bytes);
  }

  async sweep() {
    const now = this.#now();
    const ended: EndedSession[] = [];
    const inbox = { entries: 0, bytes: 0 };
    for (const record of this.#sessions.values()) {
      const silence = now - record.contact;
      if (silence > this.#window) ended.push(this.#remove(record));
      else if (silence > this.#presenceWindow) this.#lapse(record);
      inbox.entries += record.inbox?.count ?? 0;
      inbox.bytes += record.inbox?.bytes ?? 0;
    }
    this.#forget(now);
    const channel = { entries: 0, bytes: 0 };
    for (const log of this.#logs.values()) {
      channel.entries += log.count;
      channel.bytes += log.bytes;
    }
    this.#kept = { sessions: this.#sessions.size, channel, inbox };
    return ended;
  }

  kept(): Kept {
    return this.#kept;
  }

  async ping(): Promise<void> {
    // It is where we are.
  }

  async report(node: string, text: string, lease: number) {
    const now = this.#now();
    this.#reports.set(node, { text, until: now + lease });
    for (const [name, { until }] of this.#reports) if (until <= now) this.#reports.delete(name);
    return [...this.#reports].flatMap(([name, report]) => (name === node ? [] : report.text));
  }

  async end(): Promise<void> {
    // Nothing was opened, and another node of this process may go on with it.
  }

  #changed(session: string): void {
    for (const watcher of this.#watchers) watcher(session);
  }

  #hint(log: string, entry: Entry): void {
    for (const listener of this.#listeners) listener(log, entry);
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
      identity: record.revoked ? { ...record.identity, expiresAt: 0 } : record.identity,
      generation: record.generation,
      acked: record.acked,
      inbox: this.#inboxHead(record),
      ...(record.revision > 0 && { revision: record.revision }),
    };
  }

  #revisionOf(session: string): number {
    const known = this.#sessions.get(session) ?? (this.#forbidden.has(session) ? FORBIDDEN : undefined);
    return known?.revision ?? 0;
  }

  #inboxHead({ inbox, inboxTop }: SessionRecord): Position {
    return inbox === undefined ? [this.#run, inboxTop] : [inbox.epoch, inbox.top];
  }

  /** Asked every few seconds for every log that is read: an inbox at rest is not made up for it. */
  #head(name: string): Head {
    const session = isInbox(name) ? name.slice(1) : '';
    const record = this.#sessions.get(session);
    if (record === undefined) {
      const head = this.#log(name).head();
      return this.#forbidden.has(session) ? { ...head, session: FORBIDDEN } : head;
    }
    const { inbox, inboxTop, generation, contact, revision } = record;
    const head = inbox?.head() ?? { epoch: this.#run, offset: inboxTop, first: inboxTop + 1 };
    const silence = this.#now() - contact;
    return { ...head, session: { generation, silence, ...(revision > 0 && { revision }) } };
  }

  /** A log to read. An inbox that nothing was written to is not kept: most sessions never need one. */
  #log(name: string): MemoryLog {
    if (isInbox(name)) {
      const record = this.#sessions.get(name.slice(1));
      return record?.inbox ?? new MemoryLog(this.#run, this.#inboxRetention, record?.inboxTop);
    }
    let log = this.#logs.get(name);
    if (log === undefined) {
      log = new MemoryLog(this.#run + (++this.#epochs).toString(36), this.#retentionOf(name));
      this.#logs.set(name, log);
    }
    // Asking is use as well: a silent log whose readers stand at its head is not dropped under them.
    log.used = this.#now();
    return log;
  }

  #retentionOf(channel: string): Retention {
    const own = this.#terms.retentionOf?.(channel);
    return own === undefined ? this.#retention : { ...this.#retention, ...own };
  }

  #inbox(record: SessionRecord): MemoryLog {
    return (record.inbox ??= new MemoryLog(this.#run, this.#inboxRetention, record.inboxTop));
  }

  #appendToInbox(record: SessionRecord, body: string): Entry {
    const entry = this.#inbox(record).append(body, this.#now());
    this.#hint(`@${record.id}`, entry);
    return entry;
  }

  #rejoin(record: SessionRecord): void {
    for (const [channel, lease] of record.leases ?? []) {
      if (!lease.lapsed) continue;
      lease.lapsed = false;
      this.#join(channel, lease.member);
    }
  }

  #lapse(record: SessionRecord): void {
    for (const [channel, lease] of record.leases ?? []) {
      if (lease.lapsed) continue;
      lease.lapsed = true;
      this.#part(channel, lease.member);
    }
  }

  #remove(record: SessionRecord): EndedSession {
    const { id: session, identity, generation } = record;
    this.#sessions.delete(session);
    this.#nonces.delete(record.nonce);
    this.#ended.set(record.nonce, this.#now());
    this.#unlist(record);
    this.#lapse(record);
    return { session, identity, generation };
  }

  #list(session: string, subject: string): void {
    const listed = this.#subjects.get(subject) ?? [];
    if (listed instanceof Set) listed.add(session);
    else if (listed.length < FEW) this.#subjects.set(subject, listed.concat(session));
    else this.#subjects.set(subject, new Set(listed).add(session));
  }

  #unlist({ id, identity: { subject } }: SessionRecord): void {
    if (subject === undefined) return;
    const listed = this.#subjects.get(subject) ?? [];
    if (listed instanceof Set) {
      listed.delete(id);
      if (listed.size === 0) this.#subjects.delete(subject);
      return;
    }
    const others = listed.filter((other) => other !== id);
    if (others.length > 0) this.#subjects.set(subject, others);
    else this.#subjects.delete(subject);
  }

  #join(channel: string, member: Member): 'joined' | 'renewed' {
    if (!this.#members.add(channel, member)) return 'renewed';
    void this.append(channel, memberBody('member_joined', member));
    return 'joined';
  }

  #part(channel: string, member: Member): void {
    this.#members.remove(channel, member.id);
    void this.append(channel, memberBody('member_left', member));
  }

  /** Drops what is old, then, over the byte limit, whole logs, the one used longest ago first. */
  #forget(now: number): void {
    for (const [nonce, at] of this.#ended) {
      if (now - at <= this.#window) break;
      this.#ended.delete(nonce);
    }
    for (const [session, at] of this.#forbidden) {
      if (now - at <= this.#window) break;
      this.#forbidden.delete(session);
    }
    for (const [subject, until] of this.#refused) if (until <= now) this.#refused.delete(subject);
    let bytes = 0;
    for (const [name, log] of this.#logs) {
      log.trimOlderThan(now);
      log.forgetSessions(now - 2 * this.#window, (session) => !this.#sessions.has(session));
      // A position outlives its entries: whoever comes back within a session's window stands where it stood.
      const positions = Math.max(log.retention.age, 2 * this.#window);
      if (log.isEmpty && now - log.used > positions) this.#logs.delete(name);
      else bytes += log.bytes + LOG_BYTES;
    }
    if (bytes > this.#maxBytes) {
      const byUse = [...this.#logs].sort(([, a], [, b]) => a.used - b.used);
      for (const [name, log] of byUse) {
        if (bytes <= this.#maxBytes) break;
        bytes -= log.bytes + LOG_BYTES;
        this.#logs.delete(name);
      }
    }
    this.#weight = bytes;
  }
}
