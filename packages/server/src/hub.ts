/**
 * This node: which connections read which log, and which belong to a session.
 * It wakes them and holds no message queue: entries of one turn of the event
 * loop are gathered into runs, encoded once, and offered to every reader.
 */
import { INBOX } from '@iskra/protocol/wire';
import type { Measured } from '@iskra/protocol/wire';
import { Run } from './message.js';
import type { Clock } from '@iskra/protocol/wire';
import type { Distribution } from './observe/metrics/distribution.js';
import type { MetricTransport } from './observe/metrics.js';
import type { Entry, Identity, Store } from './store.js';

/** What the hub asks of a connection. */
export interface Follower {
  readonly transport: MetricTransport;
  readonly generation: number;
  /** It lives for one answer. */
  readonly isPoll: boolean;
  /** Channels that it delivers. */
  readonly channels: number;
  readonly session: string | undefined;
  /** What its heartbeats showed. */
  readonly measured: Measured | undefined;
  follows(channel: string): boolean;
  /** `alone`: nothing else is offered in this turn, so it may be written at once. */
  offer(run: Run, alone: boolean): void;
  headSeen(log: string, head: Awaited<ReturnType<Store['heads']>>[number]): void;
  superseded(): void;
  replaced(): void;
  /** The connection that took the session over is gone. */
  regain(): void;
  heard(): void;
  /** A ping of the peer came with a request beside it. */
  echoed(moment: number): void;
  /** The peer answered a heartbeat with a request beside it. */
  answered(moment: number): void;
  /** What its session is may have changed. */
  changed(): void;
  /** Fresh credentials came by another connection of the session. */
  identified(identity: Identity): void;
  flush(): void;
}

/** How long entries wait here until they are written. */
export interface DeliveryTimes {
  readonly clock: Pick<Clock, 'now'>;
  readonly seconds: Distribution;
}

/** One follower, or the set of them: most inboxes and many channels have one, and a set costs 200 bytes. */
type Followers = Follower | Set<Follower>;

export class Hub {
  readonly #store: Store;
  readonly #defer: (task: () => void) => void;
  readonly #logs = new Map<string, Followers>();
  readonly #sessions = new Map<string, Followers>();
  /** Logs whose hints are being switched on. */
  readonly #watching = new Map<string, Promise<void>>();
  /** The run of each log that may still grow in this turn. */
  readonly #open = new Map<string, Run>();
  #runs: Run[] = [];
  #outgoing = new Set<Follower>();
  #scheduled = false;
  readonly #times: DeliveryTimes | undefined;
  /** When the first entry of this turn came; undefined before, and when nobody wants to know. */
  #hintedAt: number | undefined;
  readonly #deafen: () => void;

  /**
   * @param defer runs a task once, after the current turn of the event loop.
   * @param times undefined when delivery is not timed.
   */
  constructor(store: Store, defer: (task: () => void) => void, times?: DeliveryTimes) {
    this.#store = store;
    this.#defer = defer;
    this.#times = times;
    this.#deafen = store.onHint(
      (log, entry) => this.#hint(log, entry),
      // If the store does not answer either, the next check does it, and says so.
      () => void this.checkHeads().catch(() => {}),
      (session) => each(this.#logs.get(INBOX + session), (follower) => follower.changed()),
    );
  }

  /** Once this resolves (undefined: at once) the log's hints reach this node: what is read from then on has no hole (P26). */
  follow(log: string, follower: Follower): Promise<void> | undefined {
    const first = !this.#logs.has(log);
    add(this.#logs, log, follower);
    if (first) {
      const ready: Promise<void> | undefined = this.#store.watch(log)?.finally(() => {
        // A late answer says nothing of a watch that began after it.
        if (this.#watching.get(log) === ready) this.#watching.delete(log);
      });
      if (ready !== undefined) this.#watching.set(log, ready);
    }
    return this.#watching.get(log);
  }

  unfollow(log: string, follower: Follower): void {
    if (remove(this.#logs, log, follower)) this.#store.unwatch(log);
  }

  /** A connection of a session is live here; older generations are told. */
  join(session: string, follower: Follower): void {
    each(this.#sessions.get(session), (other) => {
      if (other.generation < follower.generation) other.superseded();
      else if (other.generation > follower.generation) follower.superseded();
      else other.replaced();
    });
    add(this.#sessions, session, follower);
  }

  leave(session: string, follower: Follower): void {
    const known = this.#sessions.get(session);
    // One that never joined, as a batch of sends, has taken the session from nobody.
    if (known !== follower && !(known instanceof Set && known.has(follower))) return;
    if (remove(this.#sessions, session, follower)) return;
    // A poll ends with each answer, and its client goes on with the next one.
    if (!follower.isPoll && this.#newest(session).generation < follower.generation) this.regain(session);
  }

  /** The newest connection of a session is gone: the one before it, if it is still here, takes the session again (P13). */
  regain(session: string): void {
    if (this.#sessions.has(session)) this.#newest(session).regain();
  }

  /** The session was heard on another connection, as when an event stream's client posts. */
  heard(session: string): void {
    each(this.#sessions.get(session), (follower) => follower.heard());
  }

  /** How many have a connection here. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** The logs that are read here. */
  get logs(): string[] {
    return [...this.#logs.keys()];
  }

  /** The connections of a session on this node. */
  ofSession(session: string): Follower[] {
    const found: Follower[] = [];
    each(this.#sessions.get(session), (follower) => found.push(follower));
    return found;
  }

  /** Whether a session has another connection here than this one. */
  hasOthers(session: string, follower: Follower): boolean {
    const known = this.#sessions.get(session);
    if (known instanceof Set) return known.size > (known.has(follower) ? 1 : 0);
    return known !== undefined && known !== follower;
  }

  /** The follower has something to write: its flush is called once at the end of this turn. */
  wantsFlush(follower: Follower): void {
    this.#outgoing.add(follower);
    this.#schedule();
  }

  /** No hint is heard any more. */
  end(): void {
    this.#deafen();
  }

  /** Compares what was delivered here with the store's heads: repairs a hint that was lost (P27). */
  async checkHeads(): Promise<void> {
    const { logs } = this;
    const heads = await this.#store.heads(logs);
    logs.forEach((log, index) => {
      const head = heads[index];
      if (head !== undefined) each(this.#logs.get(log), (follower) => follower.headSeen(log, head));
    });
  }

  #newest(session: string): Follower {
    return this.ofSession(session).reduce((newest, other) =>
      other.generation > newest.generation ? other : newest,
    );
  }

  #hint(log: string, entry: Entry): void {
    if (!this.#logs.has(log)) return;
    this.#hintedAt ??= this.#times?.clock.now();
    if (this.#open.get(log)?.extend(entry)) return;
    const run = new Run(log, entry);
    this.#open.set(log, run);
    this.#runs.push(run);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#defer(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const runs = this.#runs;
    this.#runs = [];
    this.#open.clear();
    const alone = runs.length === 1;
    for (const run of runs) each(this.#logs.get(run.log), (follower) => follower.offer(run, alone));
    const outgoing = this.#outgoing;
    if (outgoing.size > 0) {
      this.#outgoing = new Set();
      for (const follower of outgoing) follower.flush();
    }
    if (this.#hintedAt !== undefined) this.#observe(runs, this.#hintedAt);
  }

  /** All of a turn's entries are written by now, so none of them took longer than the first. */
  #observe(runs: readonly Run[], since: number): void {
    this.#hintedAt = undefined;
    if (this.#times === undefined || runs.length === 0) return;
    const { clock, seconds } = this.#times;
    let entries = 0;
    for (const run of runs) entries += run.entries.length;
    seconds.observe((clock.now() - since) / 1000, entries);
  }
}

function add(map: Map<string, Followers>, key: string, follower: Follower): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, follower);
  else if (known instanceof Set) known.add(follower);
  else if (known !== follower) map.set(key, new Set([known, follower]));
}

/** Whether nobody is left. */
function remove(map: Map<string, Followers>, key: string, follower: Follower): boolean {
  const known = map.get(key);
  if (known instanceof Set) {
    known.delete(follower);
    if (known.size > 0) return false;
  } else if (known !== follower) {
    return false;
  }
  map.delete(key);
  return true;
}

function each(followers: Followers | undefined, act: (follower: Follower) => void): void {
  if (followers === undefined) return;
  if (followers instanceof Set) for (const follower of followers) act(follower);
  else act(followers);
}
