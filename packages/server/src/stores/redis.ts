/**
 * The Redis store: the Store contract for several nodes, on one Redis or a cluster. Each atomic verb is one script in
 * one slot; verbs that touch a session and channels are several, in an order in which a node may die (presence.ts).
 */
import type { RedisOptions } from 'ioredis';
import type { Member } from '@iskra/protocol/wire';
import { INBOX, SESSION_WINDOW } from '@iskra/protocol/wire';
import type {
  Appended,
  AppendKey,
  Attached,
  Begun,
  Closed,
  Committed,
  EndedSession,
  Entered,
  Entry,
  Head,
  Identity,
  Known,
  LogName,
  LogRead,
  MemberPage,
  Opened,
  Posted,
  Retention,
  Store,
  StoreTerms,
  Touched,
} from '../store.js';
import { RETENTION } from './memory-log.js';
import { urlsOf } from './redis/address.js';
import { committedOf, entryOf, stateOf } from './redis/answers.js';
import type { Answer, StateAnswer } from './redis/answers.js';
import { Asking } from './redis/asking.js';
import { Claims } from './redis/claims.js';
import { endedSession, Endings } from './redis/endings.js';
import { Keys, sessionOf } from './redis/keys.js';
import { Link } from './redis/link.js';
import { Logs } from './redis/logs.js';
import { Presence } from './redis/presence.js';
import * as logs from './redis/scripts/log.js';
import * as nodes from './redis/scripts/nodes.js';
import * as lists from './redis/scripts/presence.js';
import * as sessions from './redis/scripts/session.js';
import * as subjects from './redis/scripts/subjects.js';
import type { Script } from './redis/scripts/script.js';

export interface RedisStoreOptions {
  /** `redis://` or `rediss://`. Several, in a list or with commas between them, are nodes of a cluster. Default `redis://127.0.0.1:6379`. */
  url?: string | readonly string[];
  /** Whether it is a Redis Cluster. Default: when there are several URLs. */
  cluster?: boolean;
  /** What ioredis is told beside the URL: TLS, sentinels, passwords. */
  connection?: RedisOptions;
  /** What all keys begin with. Nodes that share it are one server. Default `iskra`. */
  prefix?: string;
  /** Milliseconds that a session lives on after its last contact. Default 120,000. */
  window?: number;
  /** Milliseconds that a member stays listed after the session's last contact. Default 30,000. */
  presenceWindow?: number;
  /** What a channel's log keeps. Default: 1,000 entries, 1 MiB, 24 hours. */
  retention?: Partial<Retention>;
  /** What a session's inbox keeps. Default: 1,000 entries, 1 MiB, as long as the session. */
  inbox?: Partial<Retention>;
  /** `'replicated'`: nothing is acknowledged before one replica has it. Default `'primary'`. */
  durability?: 'primary' | 'replicated';
  /** Milliseconds that Redis has to answer. Default 3,000. */
  timeout?: number;
  /** Milliseconds, for tests. Default: the clock of Redis. */
  now?: () => number;
}

/** Milliseconds that Redis can count: a thousand years. */
const FOREVER = 1_000 * 365 * 86_400_000;
/** Logs that nobody has, in the first, the second and the last third of all slots: masters that share them all have one. */
const PINGED = ['@d', '@f', '@c'];

const SCRIPTS: readonly Script[] = [
  ...Object.values(logs),
  ...Object.values(sessions),
  ...Object.values(lists),
  ...Object.values(subjects),
  ...Object.values(nodes),
].filter((one): one is Script => typeof one === 'object');

export function redisStore(options: RedisStoreOptions | string = {}): Store {
  return new RedisStore(typeof options === 'string' ? { url: options } : options);
}

class RedisStore implements Store {
  readonly #asking: Asking;
  readonly #link: Link;
  readonly #claims = new Claims();
  readonly #logs: Logs;
  readonly #presence: Presence;
  readonly #endings: Endings;

  constructor(options: RedisStoreOptions) {
    const urls = urlsOf(options.url ?? 'redis://127.0.0.1:6379');
    const timeout = options.timeout ?? 3_000;
    this.#link = new Link({
      urls,
      isCluster: options.cluster ?? urls.length > 1,
      connection: options.connection ?? {},
      timeout,
      isReplicated: options.durability === 'replicated',
      scripts: SCRIPTS,
    });
    this.#asking = new Asking({
      keys: new Keys(options.prefix ?? 'iskra'),
      link: this.#link,
      window: options.window ?? SESSION_WINDOW,
      presenceWindow: options.presenceWindow ?? 30_000,
      retention: { ...RETENTION, ...options.retention },
      inbox: { ...RETENTION, ...options.inbox },
      now: options.now,
    });
    this.#logs = new Logs(this.#asking, this.#claims, timeout);
    this.#presence = new Presence(this.#asking);
    this.#endings = new Endings(this.#asking);
  }

  agree(terms: StoreTerms): void {
    this.#asking.agree(terms);
  }

  // ── sessions ──────────────────────────────────────────────────────────────

  async openSession(nonce: string, identity: Identity): Promise<Opened> {
    const session = sessionOf(nonce);
    const { subject } = identity;
    // Listed first: whoever ends all sessions of a subject meets this one too, opened or not.
    if (subject !== undefined && !(await this.#list(subject, session))) return { kind: 'refused' };
    const args = [whose(identity), JSON.stringify(identity)];
    const [kind, state] = (await this.#asking.askSession(sessions.openSession, session, args)) as [
      string,
      StateAnswer,
    ];
    if (kind === 'opened') return { kind, state: stateOf(session, state) };
    if (kind !== 'taken') return { kind: kind === 'forbidden' ? kind : 'ended' };
    // It is another one's: nobody is to take it for one of this subject.
    if (subject !== undefined) await this.#asking.askSubject(subjects.unlist, subject, [session]);
    return { kind };
  }

  async attach(session: string, identity?: Identity, attempt = ''): Promise<Attached> {
    if (this.#asking.tellsEnds) await this.#endings.announce(session);
    const args = identity === undefined ? ['', ''] : [whose(identity), JSON.stringify(identity)];
    const answer = await this.#asking.askSession(sessions.attach, session, [...args, attempt]);
    const [kind, state, returning, until, owner] = answer as [string, StateAnswer, string[], string, string];
    if (kind !== 'attached') return { kind: 'unknown' };
    await this.#presence.comeBack(session, returning, until);
    if (owner !== '') await this.#list(owner.slice(1), session);
    return { kind, state: stateOf(session, state) };
  }

  async touch(session: string, generation?: number): Promise<Touched> {
    const answer = await this.#asking.askSession(sessions.touch, session, [generation ?? '']);
    const [kind, state, returning, until, owner] = answer as [string, StateAnswer, string[], string, string];
    if (kind !== 'current') return { kind: kind === 'superseded' ? kind : 'unknown' };
    await this.#presence.comeBack(session, returning, until);
    if (owner !== '') await this.#list(owner.slice(1), session);
    return { kind, state: stateOf(session, state) };
  }

  async stateOf(session: string): Promise<Known> {
    const [kind, state] = (await this.#asking.askSession(sessions.stateOf, session, [])) as [
      string,
      StateAnswer,
    ];
    if (kind === 'current') return { kind, state: stateOf(session, state) };
    return { kind: kind === 'forbidden' ? kind : 'unknown' };
  }

  async identify(session: string, identity: Identity): Promise<void> {
    await this.#asking.askSession(sessions.identify, session, [
      whose(identity),
      JSON.stringify(identity),
      this.#hintsOf(session),
    ]);
  }

  async revoke(session: string): Promise<void> {
    await this.#asking.askSession(sessions.revoke, session, [this.#hintsOf(session)]);
  }

  async refuse(subject: string, ms: number): Promise<void> {
    await this.#asking.askSubject(subjects.refuse, subject, [Math.ceil(Math.min(ms, FOREVER))]);
  }

  async sessionsOf(subject: string): Promise<readonly string[]> {
    return (await this.#asking.askSubject(subjects.sessionsOf, subject, [])) as Answer;
  }

  async lapse(session: string, generation: number): Promise<void> {
    const leases = (await this.#asking.askSession(sessions.lapse, session, [generation])) as Answer;
    await this.#presence.lapsed(session, leases);
  }

  async close(session: string, why: 'forbidden' | '' = ''): Promise<Closed> {
    const answer = (await this.#asking.askSession(sessions.close, session, [
      why,
      this.#hintsOf(session),
    ])) as Answer;
    const [identity = '', generation, ...leases] = answer;
    await this.#presence.lapsed(session, leases);
    return identity === ''
      ? { kind: 'unknown' }
      : { kind: 'ended', ended: endedSession(session, identity, generation) };
  }

  // ── logs ──────────────────────────────────────────────────────────────────

  append(channel: string, body: string, key: AppendKey): Promise<Appended | { kind: 'duplicate' | 'behind' }>;
  append(channel: string, body: string): Promise<Appended>;
  async append(
    channel: string,
    body: string,
    key?: AppendKey,
  ): Promise<Appended | { kind: 'duplicate' | 'behind' }> {
    if (key !== undefined) return this.#logs.appendOnce(channel, body, key);
    return { kind: 'appended', entry: await this.#logs.append(channel, body) };
  }

  taken(channel: string, key: AppendKey): Promise<boolean> {
    return this.#logs.taken(channel, key);
  }

  async post(session: string, body: string): Promise<Posted> {
    const args = [this.#hintsOf(session), ...this.#asking.inboxKeep, body];
    const answer = (await this.#asking.askSession(sessions.post, session, args)) as Answer;
    return answer[0] === 'posted' ? { kind: 'posted', entry: entryOf(answer, body) } : { kind: 'unknown' };
  }

  read(log: LogName, epoch: string, offset: number, max: number): Promise<LogRead> {
    return this.#logs.read(log, epoch, offset, max);
  }

  heads(names: readonly LogName[]): Promise<readonly Head[]> {
    return this.#logs.heads(names);
  }

  watch(log: LogName): Promise<void> | undefined {
    return this.#logs.watch(log);
  }

  unwatch(log: LogName): void {
    this.#logs.unwatch(log);
  }

  onHint(
    hinted: (log: LogName, entry: Entry) => void,
    missed: () => void = () => {},
    changed: (session: string) => void = () => {},
  ): () => void {
    this.#logs.listen({ hinted, missed, changed });
    return () => this.#logs.listen(undefined);
  }

  // ── sends ─────────────────────────────────────────────────────────────────

  async begin(session: string, number: number, claim: string, lease: number): Promise<Begun> {
    const until = this.#asking.now + lease;
    const place = this.#placeOf(session);
    const connection = this.#link.connectionOf(place);
    const answer = (await this.#asking.askSession(sessions.begin, session, [number, claim, lease])) as Answer;
    const [kind, first, second = '', third] = answer;
    switch (kind) {
      case 'run':
        this.#claims.begun(claim, number, until, place, second, connection);
        return { kind, redelivered: Number(first) === 1 };
      case 'duplicate':
        return { kind, acked: Number(first), inbox: [second, Number(third)] };
      case 'expect':
        return { kind, number: Number(first) };
      case 'busy':
      case 'revoked':
        return { kind };
      default:
        return { kind: 'unknown' };
    }
  }

  async commit(
    session: string,
    first: number,
    last: number,
    claim: string,
    outcomes: readonly string[],
  ): Promise<Committed> {
    if (!this.#claims.isWhole(claim, this.#placeOf(session), (place) => this.#link.connectionOf(place))) {
      // Another master may have lost what it was told under this claim: all of it is begun again.
      await this.release(session, claim);
      return { kind: 'stale' };
    }
    const args = [this.#hintsOf(session), ...this.#asking.inboxKeep, first, last, claim, ...outcomes];
    const committed = committedOf((await this.#asking.askSession(sessions.commit, session, args)) as Answer);
    if (committed.kind === 'committed') this.#claims.committed(claim, committed.acked);
    return committed;
  }

  async renew(session: string, claim: string, lease: number): Promise<void> {
    const until = this.#asking.now + lease;
    if ((await this.#asking.askSession(sessions.renew, session, [claim, lease])) === 1)
      this.#claims.renewed(claim, until);
  }

  async release(session: string, claim: string): Promise<void> {
    await this.#asking.askSession(sessions.release, session, [claim]);
  }

  async skip(session: string, from: number, number: number): Promise<Committed> {
    return committedOf((await this.#asking.askSession(sessions.skip, session, [from, number])) as Answer);
  }

  async trimInbox(session: string, offset: number): Promise<void> {
    await this.#asking.askSession(sessions.trimInbox, session, [offset]);
    this.#logs.forget(INBOX + session);
  }

  // ── members ───────────────────────────────────────────────────────────────

  enter(session: string, channel: string, member: Member, most: number): Promise<Entered> {
    return this.#presence.enter(session, channel, member, most);
  }

  leave(session: string, channel: string): Promise<void> {
    return this.#presence.leave(session, channel);
  }

  async members(channel: string): Promise<readonly Member[]> {
    return (await this.#presence.page(channel, 0, -1)).members;
  }

  membersPage(channel: string, place: number, bytes: number): Promise<MemberPage> {
    return this.#presence.page(channel, place, bytes);
  }

  async sweep(): Promise<readonly EndedSession[]> {
    this.#logs.sweep();
    this.#claims.sweep(this.#asking.now);
    await this.#presence.sweep();
    return this.#asking.tellsEnds ? this.#endings.sweep() : [];
  }

  async ping(): Promise<void> {
    const names = this.#link.hasSlots ? PINGED : PINGED.slice(0, 1);
    const asked = names.map((name) => this.#asking.ask(logs.ping, [this.#asking.keys.log(name).meta], []));
    await Promise.any(asked).catch(({ errors }: AggregateError) => Promise.reject(errors[0] as Error));
  }

  async report(node: string, text: () => string, lease: number): Promise<readonly string[]> {
    return (await this.#asking.ask(nodes.report, [this.#asking.keys.nodes], [node, text(), lease])) as Answer;
  }

  async end(): Promise<void> {
    this.#logs.end();
    this.#link.end();
  }

  /** Whether the subject may have it. It stays listed for longer than it takes until it is listed again. */
  async #list(subject: string, session: string): Promise<boolean> {
    const keep = 3 * sessions.LISTED_AGAIN * this.#asking.window;
    return (await this.#asking.askSubject(subjects.list, subject, [session, keep])) === 1;
  }

  #placeOf(session: string): string {
    return this.#link.placeOf(this.#asking.keys.session(session).meta) ?? '';
  }

  /** Where who watches its inbox is told that a session changed. */
  #hintsOf(session: string): string {
    return this.#asking.keys.log(INBOX + session).hints;
  }
}

const whose = ({ subject }: Identity): string => (subject === undefined ? '' : `=${subject}`);
