/**
 * The memory store: the reference implementation of the Store contract, for one
 * process. What it holds dies with the process, and its epochs say so: after a
 * restart every cursor meets another epoch and is told a gap.
 */
import type { Member } from '@iskra/protocol/wire';
import { isInbox, SESSION_WINDOW } from '@iskra/protocol/wire';
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
  Store,
  StoreTerms,
} from '../store.js';
import { MemoryLog, RETENTION } from './memory-log.js';
import { MemoryLogs } from './memory-logs.js';
import { MemoryPresence } from './memory-presence.js';
import { MemorySession } from './memory-session.js';
import type { InboxTerms } from './memory-session.js';
import { MemorySubjects } from './memory-subjects.js';

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

/** Of one that is forbidden nothing is kept but that: no connection that still has it is further. */
const FORBIDDEN = { generation: 0, silence: 0, revision: Number.MAX_SAFE_INTEGER };

const NOTHING: Kept = { sessions: 0, channel: { entries: 0, bytes: 0 }, inbox: { entries: 0, bytes: 0 } };

export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly #window: number;
  readonly #presenceWindow: number;
  readonly #now: () => number;
  readonly #randomId: () => string;
  readonly #run: string;
  readonly #channels: MemoryLogs;
  readonly #inboxes: InboxTerms;
  readonly #sessions = new Map<string, MemorySession>();
  readonly #nonces = new Map<string, MemorySession>();
  /** When the session of a nonce ended, oldest first. */
  readonly #ended = new Map<string, number>();
  /** When a session was forbidden, by its id and by its nonce, oldest first. */
  readonly #forbidden = new Map<string, number>();
  readonly #subjects = new MemorySubjects();
  readonly #presence = new MemoryPresence((channel, body) => void this.append(channel, body));
  /** What nodes say of themselves. */
  readonly #reports = new Map<string, { text: () => string; until: number }>();
  /** One for each node of this process. */
  readonly #listeners = new Set<(log: string, entry: Entry) => void>();
  readonly #watchers = new Set<(session: string) => void>();
  #kept: Kept = NOTHING;

  constructor(options: MemoryStoreOptions) {
    this.#window = options.window ?? SESSION_WINDOW;
    this.#presenceWindow = options.presenceWindow ?? 30_000;
    // Whole milliseconds: a fraction would cost each session a box for it.
    this.#now = options.now ?? (() => Math.floor(performance.now()));
    this.#randomId =
      options.randomId ??
      (() => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'));
    this.#run = this.#randomId()
      .toLowerCase()
      .replace(/[^0-9a-z]/g, '')
      .slice(0, 10);
    const retention = { ...RETENTION, ...options.retention };
    this.#channels = new MemoryLogs(this.#run, retention, options.maxBytes ?? 256 * 1024 * 1024);
    this.#inboxes = { epoch: this.#run, retention: { ...RETENTION, ...options.inbox } };
  }

  agree(terms: StoreTerms): void {
    this.#channels.agree(terms);
  }

  async openSession(nonce: string, identity: Identity) {
    const { subject } = identity;
    if (subject !== undefined && this.#subjects.isRefused(subject, this.#now()))
      return { kind: 'refused' as const };
    const known = this.#nonces.get(nonce);
    if (known !== undefined) {
      if (known.identity.subject !== subject) return { kind: 'taken' as const };
      return { kind: 'opened' as const, state: known.state(this.#inboxes) };
    }
    if (this.#forbidden.has(nonce)) return { kind: 'forbidden' as const };
    if (this.#ended.has(nonce)) return { kind: 'ended' as const };
    const record = new MemorySession(this.#randomId(), nonce, identity, this.#now());
    if (subject !== undefined) this.#subjects.list(record.id, subject);
    this.#sessions.set(record.id, record);
    this.#nonces.set(nonce, record);
    return { kind: 'opened' as const, state: record.state(this.#inboxes) };
  }

  async attach(session: string, identity?: Identity, attempt?: string) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    record.attach(identity, attempt);
    this.#presence.rejoin(record);
    return { kind: 'attached' as const, state: record.state(this.#inboxes) };
  }

  async identify(session: string, identity: Identity): Promise<void> {
    const record = this.#live(session);
    if (record === undefined) return;
    record.identify(identity);
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
    this.#subjects.refuse(subject, this.#now() + ms);
  }

  async sessionsOf(subject: string) {
    return this.#subjects.of(subject);
  }

  async stateOf(session: string): Promise<Known> {
    const record = this.#sessions.get(session);
    if (record === undefined) return { kind: this.#forbidden.has(session) ? 'forbidden' : 'unknown' };
    if (this.#now() - record.contact > this.#window) return { kind: 'unknown' };
    return { kind: 'current', state: record.state(this.#inboxes) };
  }

  async touch(session: string, generation?: number) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    if (generation !== undefined && generation !== record.generation) return { kind: 'superseded' as const };
    this.#presence.rejoin(record);
    return { kind: 'current' as const, state: record.state(this.#inboxes) };
  }

  async lapse(session: string, generation: number): Promise<void> {
    const record = this.#sessions.get(session);
    if (record?.generation === generation) this.#presence.lapse(record);
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
    if (this.#channels.grew(body.length)) this.#forget(this.#now());
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
    return record.begin(number, claim, lease, this.#now(), this.#inboxes);
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
    if (!record.commit(first, last, claim)) return { kind: 'stale' };
    for (const outcome of outcomes) this.#appendToInbox(record, outcome);
    return { kind: 'committed', acked: record.acked, inbox: record.inboxHead(this.#inboxes) };
  }

  async renew(session: string, claim: string, lease: number): Promise<void> {
    this.#sessions.get(session)?.renew(claim, this.#now() + lease);
  }

  async release(session: string, claim: string): Promise<void> {
    this.#sessions.get(session)?.release(claim);
  }

  async skip(session: string, from: number, number: number) {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' as const };
    if (!record.skip(from, number)) return { kind: 'expect' as const, number: record.acked + 1 };
    return { kind: 'committed' as const, acked: record.acked, inbox: record.inboxHead(this.#inboxes) };
  }

  async trimInbox(session: string, offset: number): Promise<void> {
    this.#sessions.get(session)?.trimInbox(offset);
  }

  async enter(session: string, channel: string, member: Member, most: number): Promise<Entered> {
    const record = this.#live(session);
    if (record === undefined) return { kind: 'unknown' };
    return this.#presence.enter(record, channel, member, most);
  }

  async leave(session: string, channel: string): Promise<void> {
    const record = this.#sessions.get(session);
    if (record !== undefined) this.#presence.leave(record, channel);
  }

  async members(channel: string) {
    return this.#presence.members.of(channel);
  }

  async membersPage(channel: string, place: number, bytes: number): Promise<MemberPage> {
    return this.#presence.members.after(channel, place, bytes);
  }

  async sweep() {
    const now = this.#now();
    const ended: EndedSession[] = [];
    const inbox = { entries: 0, bytes: 0 };
    for (const record of this.#sessions.values()) {
      const silence = now - record.contact;
      if (silence > this.#window) ended.push(this.#remove(record));
      else if (silence > this.#presenceWindow) this.#presence.lapse(record);
      inbox.entries += record.inbox?.count ?? 0;
      inbox.bytes += record.inbox?.bytes ?? 0;
    }
    this.#forget(now);
    this.#kept = { sessions: this.#sessions.size, channel: this.#channels.kept, inbox };
    return ended;
  }

  kept(): Kept {
    return this.#kept;
  }

  async ping(): Promise<void> {
    // It is where we are.
  }

  async report(node: string, text: () => string, lease: number) {
    const now = this.#now();
    this.#reports.set(node, { text, until: now + lease });
    for (const [name, { until }] of this.#reports) if (until <= now) this.#reports.delete(name);
    return [...this.#reports].flatMap(([name, report]) => (name === node ? [] : report.text()));
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
  #live(session: string): MemorySession | undefined {
    const record = this.#sessions.get(session);
    if (record === undefined) return undefined;
    const now = this.#now();
    // Past its window but not swept yet: the sweep, which tells its leases, is the only one to end it.
    if (now - record.contact > this.#window) return undefined;
    record.contact = now;
    return record;
  }

  #revisionOf(session: string): number {
    const known = this.#sessions.get(session) ?? (this.#forbidden.has(session) ? FORBIDDEN : undefined);
    return known?.revision ?? 0;
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
    // Asked for every session every few seconds: no object is copied into another.
    const about = revision > 0 ? { generation, silence, revision } : { generation, silence };
    return { epoch: head.epoch, offset: head.offset, first: head.first, session: about };
  }

  /** A log to read. */
  #log(name: string): MemoryLog {
    if (!isInbox(name)) return this.#channels.of(name, this.#now());
    const record = this.#sessions.get(name.slice(1));
    // That of a session that is gone is empty.
    return record?.inboxToRead(this.#inboxes) ?? new MemoryLog(this.#run, this.#inboxes.retention);
  }

  #appendToInbox(record: MemorySession, body: string): Entry {
    const entry = record.append(body, this.#now(), this.#inboxes);
    this.#hint(`@${record.id}`, entry);
    return entry;
  }

  #remove(record: MemorySession): EndedSession {
    const { id: session, identity, generation } = record;
    this.#sessions.delete(session);
    this.#nonces.delete(record.nonce);
    this.#ended.set(record.nonce, this.#now());
    if (identity.subject !== undefined) this.#subjects.unlist(session, identity.subject);
    this.#presence.lapse(record);
    return { session, identity, generation };
  }

  /** Drops what is old or too much. */
  #forget(now: number): void {
    for (const [nonce, at] of this.#ended) {
      if (now - at <= this.#window) break;
      this.#ended.delete(nonce);
    }
    for (const [session, at] of this.#forbidden) {
      if (now - at <= this.#window) break;
      this.#forbidden.delete(session);
    }
    this.#subjects.forget(now);
    this.#channels.forget(now, this.#window, (session) => !this.#sessions.has(session));
  }
}
