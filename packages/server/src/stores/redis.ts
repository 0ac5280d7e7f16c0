/**
 * The Redis store: the Store contract for several nodes, on one Redis or a cluster. Each atomic verb is one script in
 * one slot; verbs that touch a session and channels are several, in an order in which a node may die (presence.ts).
 */
import type { RedisOptions } from 'ioredis';
import type { Member, Position } from '@iskra/protocol/wire';
import { INBOX, isInbox, SESSION_WINDOW } from '@iskra/protocol/wire';
import { ToldError } from '../observe/failure.js';
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
  SessionState,
  Store,
  StoreTerms,
  Touched,
} from '../store.js';
import { RETENTION } from './memory-log.js';
import { Claims } from './redis/claims.js';
import { continueFrom, headOf, parseForks } from './redis/continuity.js';
import type { LogState } from './redis/continuity.js';
import { endedSession, Endings } from './redis/endings.js';
import { Hints } from './redis/hints.js';
import { Keys, sessionOf, slotOf } from './redis/keys.js';
import { Link } from './redis/link.js';
import { Presence } from './redis/presence.js';
import type { Asking } from './redis/presence.js';
import * as logs from './redis/scripts/log.js';
import * as nodes from './redis/scripts/nodes.js';
import * as lists from './redis/scripts/presence.js';
import * as sessions from './redis/scripts/session.js';
import * as subjects from './redis/scripts/subjects.js';
import type { Script } from './redis/scripts/script.js';
import { Tails } from './redis/tails.js';
import { Together } from './redis/together.js';

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

/** Logs whose heads are asked for at once. */
const HEADS_AT_ONCE = 200;
const QUESTIONS_AT_ONCE = 64;
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

type Answer = string[];
type StateAnswer = [
  ...[identity: string, generation: string, acked: string, epoch: string, top: string],
  ...[revoked: string, revision: string],
];
type LogAnswer = [epoch: string, top: string, first: string, forks: string, ...more: unknown[]];

export function redisStore(options: RedisStoreOptions | string = {}): Store {
  return new RedisStore(typeof options === 'string' ? { url: options } : options);
}

class RedisStore implements Store {
  readonly #keys: Keys;
  readonly #link: Link;
  readonly #hints: Hints;
  readonly #tails = new Tails();
  readonly #claims = new Claims();
  readonly #together = new Together((channel, bodies) => this.#appendAll(channel, bodies));
  readonly #presence: Presence;
  readonly #endings: Endings;
  readonly #window: number;
  readonly #retention: Retention;
  readonly #keep: readonly number[];
  #terms: StoreTerms = {};
  readonly #inboxKeep: readonly number[];
  readonly #given: (() => number) | undefined;
  /** Of sessions, that this node was told of. */
  #changes = 0;
  #listener: (log: LogName, entry: Entry) => void = () => {};
  #missed: () => void = () => {};
  #changed: (session: string) => void = () => {};

  constructor(options: RedisStoreOptions) {
    const urls = urlsOf(options.url ?? 'redis://127.0.0.1:6379');
    const timeout = options.timeout ?? 3_000;
    this.#window = options.window ?? SESSION_WINDOW;
    this.#retention = { ...RETENTION, ...options.retention };
    this.#keep = termsOf(this.#retention);
    this.#inboxKeep = termsOf({ ...RETENTION, ...options.inbox });
    this.#given = options.now;
    this.#keys = new Keys(options.prefix ?? 'iskra');
    this.#link = new Link({
      urls,
      isCluster: options.cluster ?? urls.length > 1,
      connection: options.connection ?? {},
      timeout,
      isReplicated: options.durability === 'replicated',
      scripts: SCRIPTS,
    });
    this.#hints = new Hints(this.#link, this.#keys, timeout, {
      hinted: (log, entry) => {
        this.#tails.hinted(log, entry);
        this.#listener(log, entry);
      },
      changed: (log) => {
        // Whoever has not heard it, reads it: no read that was asked for before is remembered.
        this.#changes++;
        this.#tails.forget(log);
        this.#changed(sessionIn(log));
      },
      missed: () => this.#missed(),
      forgotten: (log) => this.#tails.forget(log),
    });
    const asking: Asking = {
      ask: (script, keys, args) => this.#ask(script, keys, args),
      askSession: (script, session, args) => this.#askSession(script, session, args),
      run: (script, keys, args) => this.#link.run(script, keys, args),
      keys: this.#keys,
      keepOf: (channel) => this.#keepOf(channel),
      age: this.#retention.age,
      presenceWindow: options.presenceWindow ?? 30_000,
    };
    this.#presence = new Presence(asking);
    this.#endings = new Endings(asking);
  }

  agree(terms: StoreTerms): void {
    this.#terms = terms;
  }

  // ── sessions ──────────────────────────────────────────────────────────────

  async openSession(nonce: string, identity: Identity): Promise<Opened> {
    const session = sessionOf(nonce);
    const { subject } = identity;
    // Listed first: whoever ends all sessions of a subject meets this one too, opened or not.
    if (subject !== undefined && !(await this.#list(subject, session))) return { kind: 'refused' };
    const args = [whose(identity), JSON.stringify(identity)];
    const [kind, state] = (await this.#askSession(sessions.openSession, session, args)) as [
      string,
      StateAnswer,
    ];
    if (kind === 'opened') return { kind, state: stateOf(session, state) };
    if (kind !== 'taken') return { kind: kind === 'forbidden' ? kind : 'ended' };
    // It is another one's: nobody is to take it for one of this subject.
    if (subject !== undefined) await this.#askSubject(subjects.unlist, subject, [session]);
    return { kind };
  }

  async attach(session: string, identity?: Identity, attempt = ''): Promise<Attached> {
    if (this.#terms.tellsEnds === true) await this.#endings.announce(session);
    const args = identity === undefined ? ['', ''] : [whose(identity), JSON.stringify(identity)];
    const answer = await this.#askSession(sessions.attach, session, [...args, attempt]);
    const [kind, state, returning, until, owner] = answer as [string, StateAnswer, string[], string, string];
    if (kind !== 'attached') return { kind: 'unknown' };
    await this.#presence.comeBack(session, returning, until);
    if (owner !== '') await this.#list(owner.slice(1), session);
    return { kind, state: stateOf(session, state) };
  }

  async touch(session: string, generation?: number): Promise<Touched> {
    const answer = await this.#askSession(sessions.touch, session, [generation ?? '']);
    const [kind, state, returning, until, owner] = answer as [string, StateAnswer, string[], string, string];
    if (kind !== 'current') return { kind: kind === 'superseded' ? kind : 'unknown' };
    await this.#presence.comeBack(session, returning, until);
    if (owner !== '') await this.#list(owner.slice(1), session);
    return { kind, state: stateOf(session, state) };
  }

  async stateOf(session: string): Promise<Known> {
    const [kind, state] = (await this.#askSession(sessions.stateOf, session, [])) as [string, StateAnswer];
    if (kind === 'current') return { kind, state: stateOf(session, state) };
    return { kind: kind === 'forbidden' ? kind : 'unknown' };
  }

  async identify(session: string, identity: Identity): Promise<void> {
    const { hints } = this.#keys.log(INBOX + session);
    await this.#askSession(sessions.identify, session, [whose(identity), JSON.stringify(identity), hints]);
  }

  async revoke(session: string): Promise<void> {
    await this.#askSession(sessions.revoke, session, [this.#keys.log(INBOX + session).hints]);
  }

  async refuse(subject: string, ms: number): Promise<void> {
    await this.#askSubject(subjects.refuse, subject, [Math.ceil(Math.min(ms, FOREVER))]);
  }

  async sessionsOf(subject: string): Promise<readonly string[]> {
    return (await this.#askSubject(subjects.sessionsOf, subject, [])) as Answer;
  }

  async lapse(session: string, generation: number): Promise<void> {
    const leases = (await this.#askSession(sessions.lapse, session, [generation])) as Answer;
    await this.#presence.lapsed(session, leases);
  }

  async close(session: string, why: 'forbidden' | '' = ''): Promise<Closed> {
    const { hints } = this.#keys.log(INBOX + session);
    const answer = (await this.#askSession(sessions.close, session, [why, hints])) as Answer;
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
    if (key === undefined) return { kind: 'appended', entry: await this.#together.append(channel, body) };
    // What the application published before it goes before it.
    this.#together.ask(channel);
    const { meta, entries, hints } = this.#keys.log(channel);
    const args = [hints, body, ...this.#keepOf(channel)];
    const { session, claim, number, part } = key;
    if (this.#claims.isOver(claim, this.#now)) {
      throw new ToldError('The claim for that send ran out; another node may perform it by now.');
    }
    const place = this.#link.placeOf(meta) ?? '';
    const connection = this.#link.connectionOf(place);
    const answer = (await this.#ask(
      logs.appendOnce,
      [meta, entries, this.#keys.last(channel, session)],
      [...args, number, part, this.#claims.ackedOf(key), 2 * this.#window, this.#claims.runAt(claim, place)],
    )) as Answer;
    const [kind = '', , , run = ''] = answer;
    if (kind === 'void')
      throw new ToldError('Redis failed over since that send was begun; it is begun again.');
    this.#claims.done(claim, place, run, connection);
    return kind === 'duplicate' || kind === 'behind' ? { kind } : appended(answer, body);
  }

  async #appendAll(channel: string, bodies: readonly string[]): Promise<Position> {
    const { meta, entries, hints } = this.#keys.log(channel);
    const args = [hints, ...this.#keepOf(channel), ...bodies];
    const [, epoch = '', offset] = (await this.#ask(logs.append, [meta, entries], args)) as Answer;
    return [epoch, Number(offset)];
  }

  async taken(channel: string, key: AppendKey): Promise<boolean> {
    const { session, number, part } = key;
    const args = [number, part, this.#claims.ackedOf(key)];
    return (await this.#ask(logs.taken, [this.#keys.last(channel, session)], args)) === 1;
  }

  async post(session: string, body: string): Promise<Posted> {
    const { hints } = this.#keys.log(INBOX + session);
    const args = [hints, ...this.#inboxKeep, body];
    const [kind, epoch = '', offset] = (await this.#askSession(sessions.post, session, args)) as Answer;
    return kind === 'posted' ? { kind, entry: { epoch, offset: Number(offset), body } } : { kind: 'unknown' };
  }

  async read(log: LogName, epoch: string, offset: number, max: number): Promise<LogRead> {
    const isWatched = this.#hints.has(log);
    const known = isWatched ? this.#tails.read(log, epoch, offset, max) : undefined;
    const isOwn = isInbox(log);
    const [most = 0, , age = 0] = isOwn ? this.#inboxKeep : this.#keepOf(log);
    // The newest ones are remembered here for longer than a log may keep them.
    if (known?.kind === 'entries' && known.head[1] - offset <= most) return known;
    const { meta, entries } = this.#keys.log(log);
    const args = [isOwn ? '' : age, offset, max];
    const changes = this.#changes;
    const answer = (await this.#ask(logs.read, [meta, entries], args)) as LogAnswer;
    const [bodies = [], revision = ''] = answer.slice(4) as [string[]?, string?];
    const found = continueFrom(logOf(answer), [epoch, offset], bodies, isOwn);
    if (found.kind === 'entries' && isWatched && this.#hints.has(log) && changes === this.#changes)
      this.#tails.learn(log, found);
    return revision === '' ? found : { ...found, revision: Number(revision) };
  }

  async heads(names: readonly LogName[]): Promise<readonly Head[]> {
    const heads = Array.from<Head>({ length: names.length });
    const groups = this.#inOneSlot(names);
    const ask = async (): Promise<void> => {
      for (let places = groups.pop(); places !== undefined; places = groups.pop()) {
        const keys = places.flatMap((at) => {
          const { meta, entries } = this.#keys.log(names[at] ?? '');
          return [meta, entries];
        });
        const ages = places.map((at) => {
          const log = names[at] ?? '';
          return isInbox(log) ? '' : (this.#keepOf(log)[2] ?? 0);
        });
        const answers = (await this.#ask(logs.heads, keys, ages)) as LogAnswer[];
        places.forEach((at, index) => (heads[at] = this.#head(names[at] ?? '', answers[index])));
      }
    };
    // A cluster has a slot for nearly each of them: not all at once.
    await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, ask));
    return heads;
  }

  watch(log: LogName): Promise<void> | undefined {
    return this.#hints.watch(log);
  }

  unwatch(log: LogName): void {
    this.#hints.unwatch(log, performance.now());
  }

  onHint(
    listener: (log: LogName, entry: Entry) => void,
    missed: () => void = () => {},
    changed: (session: string) => void = () => {},
  ): () => void {
    this.#listener = listener;
    this.#missed = missed;
    this.#changed = changed;
    return () => {
      this.#listener = this.#missed = this.#changed = () => {};
    };
  }

  // ── sends ─────────────────────────────────────────────────────────────────

  async begin(session: string, number: number, claim: string, lease: number): Promise<Begun> {
    const until = this.#now + lease;
    const place = this.#placeOf(session);
    const connection = this.#link.connectionOf(place);
    const answer = (await this.#askSession(sessions.begin, session, [number, claim, lease])) as Answer;
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
    const { hints } = this.#keys.log(INBOX + session);
    const args = [hints, ...this.#inboxKeep, first, last, claim, ...outcomes];
    const committed = committedOf((await this.#askSession(sessions.commit, session, args)) as Answer);
    if (committed.kind === 'committed') this.#claims.committed(claim, committed.acked);
    return committed;
  }

  async renew(session: string, claim: string, lease: number): Promise<void> {
    const until = this.#now + lease;
    if ((await this.#askSession(sessions.renew, session, [claim, lease])) === 1)
      this.#claims.renewed(claim, until);
  }

  async release(session: string, claim: string): Promise<void> {
    await this.#askSession(sessions.release, session, [claim]);
  }

  async skip(session: string, from: number, number: number): Promise<Committed> {
    return committedOf((await this.#askSession(sessions.skip, session, [from, number])) as Answer);
  }

  async trimInbox(session: string, offset: number): Promise<void> {
    await this.#askSession(sessions.trimInbox, session, [offset]);
    this.#tails.forget(INBOX + session);
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
    this.#hints.sweep(performance.now());
    this.#claims.sweep(this.#now);
    await this.#presence.sweep();
    return this.#terms.tellsEnds === true ? this.#endings.sweep() : [];
  }

  async ping(): Promise<void> {
    const names = this.#link.hasSlots ? PINGED : PINGED.slice(0, 1);
    const asked = names.map((name) => this.#ask(logs.ping, [this.#keys.log(name).meta], []));
    await Promise.any(asked).catch(({ errors }: AggregateError) => Promise.reject(errors[0] as Error));
  }

  async report(node: string, text: string, lease: number): Promise<readonly string[]> {
    return (await this.#ask(nodes.report, [this.#keys.nodes], [node, text, lease])) as Answer;
  }

  async end(): Promise<void> {
    this.#listener = () => {};
    this.#missed = () => {};
    this.#changed = () => {};
    this.#hints.end();
    this.#link.end();
  }

  // ── asking ────────────────────────────────────────────────────────────────

  /** What a channel keeps: entries, bytes, age. */
  #keepOf(channel: string): readonly number[] {
    const own = this.#terms.retentionOf?.(channel);
    // Asked with every read and every append: most channels are kept as all others.
    return own === undefined ? this.#keep : termsOf({ ...this.#retention, ...own });
  }

  /** This node's clock, by which its own claims run out. */
  get #now(): number {
    return this.#given?.() ?? performance.now();
  }

  #ask(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#link.run(script, keys, [this.#given?.() ?? '', ...args]);
  }

  #askSession(script: Script, session: string, args: readonly (string | number)[]): Promise<unknown> {
    const { meta, entries, leases, unsettled } = this.#keys.session(session);
    return this.#ask(script, [meta, entries, leases, unsettled], [this.#window, ...args]);
  }

  #askSubject(script: Script, subject: string, args: readonly (string | number)[]): Promise<unknown> {
    const { sessions: listed, refused } = this.#keys.subject(subject);
    return this.#ask(script, [listed, refused], args);
  }

  /** Whether the subject may have it. It stays listed for longer than it takes until it is listed again. */
  async #list(subject: string, session: string): Promise<boolean> {
    const keep = 3 * sessions.LISTED_AGAIN * this.#window;
    return (await this.#askSubject(subjects.list, subject, [session, keep])) === 1;
  }

  #placeOf(session: string): string {
    return this.#link.placeOf(this.#keys.session(session).meta) ?? '';
  }

  /** Indexes of logs that one script may ask for together. */
  #inOneSlot(names: readonly LogName[]): number[][] {
    const groups: number[][] = [];
    const open = new Map<number, number[]>();
    names.forEach((name, at) => {
      const slot = this.#link.hasSlots ? slotOf(this.#keys.log(name).meta) : 0;
      let group = open.get(slot);
      if (group === undefined || group.length >= HEADS_AT_ONCE) {
        group = [];
        open.set(slot, group);
        groups.push(group);
      }
      group.push(at);
    });
    return groups;
  }

  #head(log: LogName, answer: LogAnswer | undefined): Head {
    // The inbox of a session that is not there.
    if (answer === undefined || answer[0] === '') return { epoch: '0', offset: 0, first: 1 };
    const head = headOf(logOf(answer));
    this.#tails.compare(log, head);
    const [generation, silence, revision] = answer.slice(4);
    return silence === undefined
      ? head
      : {
          ...head,
          session: {
            ...{ generation: Number(generation), silence: Number(silence) },
            ...(revision !== '' && { revision: Number(revision) }),
          },
        };
  }
}

function urlsOf(given: string | readonly string[]): string[] {
  const urls = (typeof given === 'string' ? given.split(',') : [...given]).map((url) => url.trim());
  for (const url of urls) {
    if (/^rediss?:\/\/./.test(url) && URL.canParse(url)) continue;
    throw new TypeError(
      `"${url.replace(/\/\/[^@/]*@/, '//')}" is no URL of a Redis; it must be like redis://127.0.0.1:6379, rediss://user:password@host:6379, or several of them with commas between.`,
    );
  }
  return urls;
}

/** As scripts take it. */
const termsOf = ({ entries, bytes, age }: Retention): number[] => [entries, bytes, age];

const whose = ({ subject }: Identity): string => (subject === undefined ? '' : `=${subject}`);

const sessionIn = (log: LogName): string => log.slice(INBOX.length);

function stateOf(
  session: string,
  [identity, generation, acked, epoch, top, revoked, revision]: StateAnswer,
): SessionState {
  return {
    session,
    identity: { ...(JSON.parse(identity) as Identity), ...(revoked !== '' && { expiresAt: 0 }) },
    ...(revision !== '' && { revision: Number(revision) }),
    generation: Number(generation),
    acked: Number(acked),
    inbox: [epoch, Number(top)],
  };
}

function logOf([epoch, top, first, forks]: LogAnswer): LogState {
  if (epoch === '') return { epoch: '0', top: 0, first: 1, forks: [] };
  return { epoch, top: Number(top), first: Number(first), forks: parseForks(forks) };
}

function appended([, epoch = '', offset]: Answer, body: string): Appended {
  return { kind: 'appended', entry: { epoch, offset: Number(offset), body } };
}

function committedOf([kind, first, epoch = '', offset]: Answer): Committed {
  const inbox: Position = [epoch, Number(offset)];
  if (kind === 'committed') return { kind, acked: Number(first), inbox };
  if (kind === 'expect') return { kind, number: Number(first) };
  return { kind: kind === 'stale' ? kind : 'unknown' };
}
