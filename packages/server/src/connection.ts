/**
 * Shell. One live transport of a session, on this node: it performs what
 * `session.ts` decides, and tells it what came of it. Everything that it holds
 * is let go in `dispose`.
 */
import { drive, isInbox, MAX_FRAMES, MAX_MESSAGE_BYTES } from '@iskra/protocol/wire';
import type { CodeName, Continue, Measured } from '@iskra/protocol/wire';
import type { Core, SessionInfo, Variables } from './core.js';
import type { Place } from './guard.js';
import { endSession } from './hooks.js';
import type { Follower } from './hub.js';
import { Gathering } from './message.js';
import type { Message, Run } from './message.js';
import { enterByContinue, enterByHello, lifeOf, look, refreshIdentity } from './opening.js';
import type { Caller, Entrance } from './opening.js';
import type { Ids } from './observe/event.js';
import type { MetricTransport, Verdict } from './observe/metrics.js';
import type { Distribution } from './observe/metrics/distribution.js';
import { traceOf } from './observe/trace.js';
import { CLAIM_LEASE } from './rounds.js';
import { performSends } from './sends.js';
import { tellClosed, tellEntrance, tellGoingOn, tellParting, tellProof } from './telling.js';
import { Session } from './session.js';
import type { Mode, Report, SessionEffect, SessionEvent } from './session.js';
import type { Head, Identity } from './store.js';
import type { Transport } from './transports/transport.js';

/** Milliseconds in which a session whose peer went away may be attached again before its members leave (P47). */
const RETURN = 2_000;

const ANYBODY: Identity = {};

type LogEffect = Extract<SessionEffect, { type: 'read' | 'follow' }>;

export interface ConnectionFacts {
  readonly mode: Mode;
  readonly address: string;
  /** The request that opened the connection, for `authenticate`: may be made when it is asked for. */
  readonly request: Request;
  /** What middleware before it has set: may be read when it is asked for. */
  readonly variables?: Variables | undefined;
  readonly place: Place;
  /** The header of that request. */
  readonly traceparent?: string | undefined;
  /** What the client calls it, in its own log too; known from `hello` on. */
  attempt?: string | undefined;
  /** When it came, ms; known until it is welcomed. */
  since?: number | undefined;
}

/** Trace ids of the connections that came with one: most have none, and pay nothing for it. */
const traces = new WeakMap<Connection, string>();

export class Connection implements Follower {
  readonly #core: Core;
  readonly #transport: Transport;
  readonly #mode: Mode;
  readonly #address: string;
  readonly #session: Session;
  readonly #drive: { tell(event: SessionEvent): void; stop(): void };
  readonly #place: Place;
  /** Kept until the session is open: an idle connection holds no request. */
  #facts: ConnectionFacts | undefined;
  #identity: Identity = ANYBODY;
  /** What leaves at the end of this turn; made when there is something. */
  #out: Gathering | undefined;
  #after: (() => void) | undefined;
  #turnAwaited = false;
  #flushing = false;
  /** This turn's writing was put off once. */
  #waited = false;
  #disposed = false;
  #claim: string | undefined;

  constructor(core: Core, transport: Transport, facts: ConnectionFacts) {
    this.#core = core;
    this.#transport = transport;
    this.#mode = facts.mode;
    this.#address = facts.address;
    this.#facts = facts;
    this.#place = facts.place;
    this.#session = new Session(core.settings[facts.mode], core.clock.now());
    this.#drive = drive(this.#session, core.clock, (effect) => this.#perform(effect));
    facts.since = core.clock.now();
    const trace = traceOf(facts.traceparent);
    if (trace !== undefined) traces.set(this, trace);
    transport.listener = this;
    core.connections.add(this);
    const traffic = core.metrics.traffic[transport.name];
    traffic.open++;
    traffic.opened++;
    // A stream that never says hello has a deadline from its first moment. Others come with their message.
    if (this.#mode === 'stream') this.#drive.tell({ type: 'heard' });
  }

  get isPoll(): boolean {
    return this.#mode === 'poll';
  }

  get transport(): MetricTransport {
    return this.#transport.name;
  }

  get generation(): number {
    return this.#session.generation;
  }

  get session(): string | undefined {
    return this.#session.id;
  }

  /** Bytes that wait until its peer takes them. */
  get queued(): number {
    return this.#transport.queued;
  }

  /** What its events say of it. */
  get ids(): Ids {
    return {
      session: this.#session.id,
      // 0 before there is one.
      generation: this.#session.generation || undefined,
      attempt: this.#facts?.attempt,
      transport: this.#transport.name,
      address: this.#address,
      trace: traces.get(this),
    };
  }

  /** It was closed from this side. */
  get isClosed(): boolean {
    return this.#session.isClosed;
  }

  /** Milliseconds since its client was heard last. */
  get silence(): number {
    return this.#session.silence(this.#core.clock.now());
  }

  /** What its heartbeats showed; undefined before the first was answered, and where there are none. */
  get measured(): Measured | undefined {
    return this.#session.measured;
  }

  /** The frames of a message that arrived, and its length in bytes; undefined when it is none. */
  receive(frames: readonly unknown[] | undefined, bytes = 0): void {
    const traffic = this.#core.metrics.traffic[this.#transport.name];
    traffic.received++;
    traffic.receivedBytes += bytes;
    // What a WebSocket answers is an answer to what went down it.
    if (this.#mode === 'stream' && this.#core.whereabouts.awaits && frames?.some(isPong)) this.#prove();
    this.#drive.tell({ type: 'messageReceived', frames });
  }

  offer(run: Run, alone: boolean): void {
    // The common case of a broadcast, without an event and its effects for each of its readers.
    const message = this.#mode === 'stream' ? this.#session.accept(run) : undefined;
    if (message === undefined) this.#drive.tell({ type: 'runOffered', run, alone });
    else if (alone && this.#out === undefined) this.#write(message);
    else this.#enqueue(message);
  }

  headSeen(log: string, head: Head): void {
    // Nearly every look at nearly every log says nothing new: without an event and its effects for each.
    if (this.#session.isAt(log, head, this.#core.clock.now())) return;
    this.#drive.tell({ type: 'headSeen', log, head });
  }

  get channels(): number {
    return this.#session.channels;
  }

  follows(channel: string): boolean {
    return this.#session.follows(channel);
  }

  superseded(): void {
    this.#drive.tell({ type: 'superseded' });
  }

  replaced(): void {
    this.#drive.tell({ type: 'replaced' });
  }

  regain(): void {
    this.#drive.tell({ type: 'successorGone' });
  }

  heard(): void {
    this.#drive.tell({ type: 'heard' });
  }

  echoed(moment: number): void {
    this.#drive.tell({ type: 'echoed', moment });
  }

  answered(moment: number): void {
    this.#drive.tell({ type: 'answered', moment });
  }

  identified(identity: Identity): void {
    this.#identity = identity;
    this.#drive.tell({ type: 'identified', ...lifeOf(this.#core, identity) });
  }

  changed(): void {
    this.#drive.tell({ type: 'changed' });
  }

  /** The client is to be elsewhere in so many ms. */
  drain(after: number): void {
    this.#drive.tell({ type: 'draining', after });
  }

  /** The transport has room again. */
  writable(): void {
    this.#drive.tell({ type: 'writable' });
  }

  /** Closes from the server's side. */
  refuse(code: CodeName): void {
    this.#drive.tell({ type: 'refused', code });
  }

  /** Writes what was gathered in this turn, in one go. */
  flush(): void {
    // A log that is being read has its entries here by the next turn, as a rule: one write for both (P12).
    if (this.#mode === 'stream' && !this.#waited && this.#session.isReading) {
      this.#waited = true;
      return this.#core.hub.wantsFlush(this);
    }
    this.#waited = false;
    this.#flushing = true;
    if (this.#turnAwaited) {
      this.#turnAwaited = false;
      this.#drive.tell({ type: 'turnEnded' });
    }
    this.#writeOut();
    this.#flushing = false;
    const after = this.#after;
    this.#after = undefined;
    after?.();
  }

  /** What was gathered leaves as one message. */
  #writeOut(): void {
    const message = this.#out?.message;
    this.#out = undefined;
    if (message !== undefined) this.#write(message);
  }

  #write(message: Message): void {
    const traffic = this.#core.metrics.traffic[this.#transport.name];
    traffic.sent++;
    traffic.sentBytes += message.bytes;
    if (!this.#transport.write(message) && !this.#disposed) this.#drive.tell({ type: 'blocked' });
  }

  #enqueue(message: Message): void {
    // A poll gathers its one answer itself, and says when that is full.
    if (this.#mode !== 'stream') {
      this.#write(message);
      return this.#wantFlush();
    }
    // A message has room for so much (P4); and a reader that cannot follow must be noticed before its whole log is here.
    const { count = 0, length = 0 } = this.#out ?? {};
    if (count + message.count > MAX_FRAMES || length + message.frames.length > MAX_MESSAGE_BYTES) {
      this.#writeOut();
    }
    (this.#out ??= new Gathering()).add(message);
    this.#wantFlush();
  }

  #wantFlush(): void {
    if (!this.#flushing) this.#core.hub.wantsFlush(this);
  }

  /** The peer closed its socket because it goes away (1001): nobody may come to say `bye` (P47). */
  wentAway(): void {
    const { id, generation } = this.#session;
    const { store, clock, events } = this.#core;
    if (id !== undefined && !this.#disposed) {
      const ids = this.ids;
      clock.at(clock.now() + RETURN, () => {
        // Nothing has to be taken back when it returns: the store lets nothing lapse that a later generation holds.
        store.lapse(id, generation).catch((error: unknown) => events.fail('store_failed', error, ids));
      });
    }
    this.dispose();
  }

  /** The transport is gone, or the session is done with it. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#drive.stop();
    this.#facts = undefined;
    this.#core.metrics.traffic[this.#transport.name].open--;
    const { id, logs } = this.#session;
    for (const log of logs) this.#core.hub.unfollow(log, this);
    if (id !== undefined && this.#mode !== 'send') tellParting(this.#core, this, id);
    if (id !== undefined) this.#core.hub.leave(id, this);
    if (this.#mode === 'stream' && !this.#session.isClosed) this.#core.metrics.ends.gone++;
    // A stream that ends is followed by a hello, which tells its channels anew.
    if (id !== undefined && this.#mode === 'poll') {
      const channels = logs.filter((log) => !isInbox(log));
      this.#core.channels.keep(id, channels, this.#core.clock.now());
    }
    this.#core.connections.delete(this);
    this.#place.release();
    this.#core.drain?.parted(this);
  }

  // ── effects ───────────────────────────────────────────────────────────────

  #perform(effect: SessionEffect): void {
    const core = this.#core;
    switch (effect.type) {
      case 'write':
        return this.#enqueue(effect.message);
      case 'awaitTurn':
        this.#turnAwaited = true;
        return this.#wantFlush();
      case 'begin':
        return this.#work(async (session) => {
          const asked = core.clock.now();
          const result = await core.store.begin(session, effect.number, this.#claimId(), CLAIM_LEASE);
          // This process, or the answer, slept for longer than the claim lasts: another node may have performed it.
          if (core.clock.now() - asked >= CLAIM_LEASE) return { type: 'begun', result: { kind: 'busy' } };
          // Nothing was performed yet, and nobody here will: the next connection need not wait for the lease.
          if (this.#isOver && result.kind === 'run' && !result.redelivered) {
            await core.store.release(session, this.#claimId());
          }
          return this.#unlessGone(session, result.kind, { type: 'begun', result });
        });
      case 'perform':
        return this.#work(async (session) => {
          const { batch, redelivered } = effect;
          core.sends.spend(session, batch.length, core.clock.now());
          const claim = this.#claimId();
          const performing = { session, claim };
          core.performing.add(performing);
          const outcomes = await performSends(core, this.#info, batch, {
            id: claim,
            redelivered,
            from: this,
          }).finally(() => core.performing.delete(performing));
          // The connection went away, or gave its answer (P68), but the work is done: it must not run again, and the next
          // one has its outcome.
          if (this.#isOver) {
            const first = batch[0]?.number ?? 0;
            const last = batch[batch.length - 1]?.number ?? 0;
            const known = outcomes.filter((outcome) => outcome !== undefined);
            await core.store.commit(session, first, last, claim, known);
          }
          return { type: 'performed', outcomes };
        });
      case 'commit':
        return this.#work(async (session) => {
          const { first, last, outcomes } = effect;
          const result = await core.store.commit(session, first, last, this.#claimId(), outcomes);
          // It was given back. The next batch may have a name of its own.
          this.#claim = undefined;
          return this.#unlessGone(session, result.kind, { type: 'committed', result });
        });
      case 'follow':
        core.channels.obeyed(this.#session.id ?? '', effect.log, 'taken');
        return this.#follow(effect);
      case 'read':
        return this.#read(effect);
      case 'unfollow':
        core.channels.obeyed(this.#session.id ?? '', effect.log, 'left');
        return core.hub.unfollow(effect.log, this);
      case 'join':
        if (this.#facts !== undefined) this.#facts.attempt = effect.hello.attempt;
        return this.#ask(() => {
          const verdict = effect.hello.key === undefined ? 'opened' : 'resumed';
          return this.#enter(this.#counted(enterByHello(core, effect.hello, this.#caller), verdict));
        });
      case 'rejoin':
        return this.#ask(() =>
          this.#enter(enterByContinue(core, effect.request, this.#mode), effect.request),
        );
      case 'reattach':
        return this.#ask(async (session) => {
          const result = await core.store.attach(session);
          return this.#unlessGone(session, result.kind, { type: 'reattached', result });
        });
      case 'identify':
        return this.#ask(() => this.#identify(effect.credentials));
      case 'look':
        return this.#ask((session) => this.#look(session));
      case 'skip':
        return this.#ask(async (session) => {
          const result = await core.store.skip(session, effect.from, effect.number);
          return this.#unlessGone(session, result.kind, { type: 'committed', result });
        });
      case 'trimInbox':
        return this.#ask((session) => core.store.trimInbox(session, effect.offset));
      case 'touch':
        return this.#ask(async (session) => {
          const touched = await core.store.touch(session, effect.generation);
          return this.#unlessGone(session, touched.kind, { type: 'touched', result: touched.kind });
        });
      case 'measured':
        return this.#observe(core.metrics.roundTrip, effect.roundTrip);
      case 'echo':
        for (const other of core.hub.ofSession(this.#info.id)) if (!other.isPoll) other.echoed(effect.moment);
        return;
      case 'tellAnswered':
        for (const other of core.hub.ofSession(this.#info.id))
          if (!other.isPoll) other.answered(effect.moment);
        return;
      case 'report':
        return this.#report(effect);
      case 'end':
        return this.#ask((session) => endSession(core, 'bye', { ...this.ids, session }));
      case 'answer':
        this.#after = () => this.#transport.finish();
        return this.#wantFlush();
      case 'finish':
        return this.#afterFlush(() => this.#transport.finish(effect.code, effect.retryAfter));
      case 'close':
        if (this.#mode === 'stream') core.metrics.ends[effect.code]++;
        if (effect.code !== 'bye' && effect.code !== 'superseded') {
          core.metrics.refused(effect.code);
          tellClosed(core, this.ids, effect.code, this.#session.missed(core.clock.now()), effect.field);
        }
        return this.#afterFlush(() => this.#transport.close(effect.code, effect.retryAfter));
    }
  }

  /** Asks the store or the application, and tells the session the answer. A failure to answer is an answer too. */
  #ask(question: (session: string) => Promise<SessionEvent | void>): void {
    question(this.#session.id ?? '').then(
      (event) => {
        if (event !== undefined) this.#tell(event);
      },
      (error: unknown) => this.#storeFailed(error),
    );
  }

  /** The same for sends: what was begun is waited for by a node that ends, also when its client is elsewhere. */
  #work(question: (session: string) => Promise<SessionEvent>): void {
    const core = this.#core;
    core.working++;
    this.#ask((session) => question(session).finally(() => core.working--));
  }

  #tell(event: SessionEvent): void {
    if (!this.#disposed) this.#drive.tell(event);
  }

  #storeFailed(error: unknown): void {
    this.#core.events.fail('store_failed', error, this.ids);
    this.#tell({ type: 'storeFailed' });
  }

  #follow(effect: LogEffect): void {
    const ready = this.#core.hub.follow(effect.log, this);
    if (ready === undefined) return this.#read(effect);
    this.#ask(async () => {
      await ready;
      if (this.#disposed) this.#core.hub.unfollow(effect.log, this);
      else this.#read(effect);
    });
  }

  /** Every poll reads two logs or more: asked without a promise of our own around that of the store. */
  #read({ log, epoch, offset, max }: LogEffect): void {
    this.#core.store.read(log, epoch, offset, max).then(
      (result) => this.#tell({ type: 'logRead', log, epoch, offset, result }),
      (error: unknown) => this.#storeFailed(error),
    );
  }

  #afterFlush(act: () => void): void {
    this.#after = () => {
      act();
      this.dispose();
    };
    this.#wantFlush();
  }

  // ── hello and continue ────────────────────────────────────────────────────

  /** Comes into the session, unless the peer has gone meanwhile. */
  async #enter(entrance: Promise<Entrance>, request?: Continue): Promise<SessionEvent | void> {
    const event = await entrance;
    // Only who was welcomed had a generation of its own, and so took the session from another.
    if (this.#disposed && event.type === 'joined' && event.welcome)
      this.#core.hub.regain(event.state.session);
    if (this.#disposed || event.type === 'refused') return event;
    if (event.type === 'probed' || event.welcome !== undefined) tellEntrance(this.#core, this.ids, event);
    else tellGoingOn(this.#core, this, event.state.session, request?.generation ?? 0);
    // A batch of sends is short, and may carry fresh credentials: cookies are in its own request.
    if (this.#mode !== 'send') this.#facts = undefined;
    this.#place.known();
    this.#transport.onWelcome();
    if (event.type === 'probed') return event;
    this.#identity = event.state.identity;
    const { hub } = this.#core;
    const { session } = event.state;
    // Told before the hub knows of it: what the hub then offers finds the session open.
    hub.heard(session);
    this.#drive.tell(event);
    if (this.#mode !== 'send' && !this.#disposed) hub.join(session, this);
    this.#core.drain?.joined(this);
  }

  /** @param verdict of a `hello`, if it is welcome */
  async #counted(entrance: Promise<Entrance>, verdict: Verdict): Promise<Entrance> {
    const event = await entrance;
    this.#countHello(event, verdict);
    return event;
  }

  #countHello(event: Entrance, verdict: Verdict): void {
    const { metrics, clock } = this.#core;
    metrics.verdicts[event.type === 'joined' ? verdict : event.type]++;
    const since = this.#facts?.since;
    if (event.type === 'joined' && metrics.measures && since !== undefined)
      this.#observe(metrics.firstMessage, clock.now() - since);
  }

  /** Milliseconds, where they are told apart by transport. */
  #observe(seconds: Readonly<Partial<Record<MetricTransport, Distribution>>>, ms: number): void {
    seconds[this.#transport.name]?.observe(ms / 1000);
  }

  async #identify(credentials: unknown): Promise<SessionEvent> {
    const identity = await refreshIdentity(this.#core, this.#info, credentials, this.#caller);
    if (typeof identity === 'string') return { type: 'refused', code: identity, field: 'auth' };
    this.#identity = identity;
    for (const other of this.#core.hub.ofSession(this.#info.id)) {
      if (other !== this) other.identified(identity);
    }
    return { type: 'identified', ...lifeOf(this.#core, identity) };
  }

  /** What the session is now, with which everything goes on. */
  async #look(session: string): Promise<SessionEvent> {
    const { identity, ...event } = await look(this.#core, session);
    if (identity !== undefined) this.#identity = identity;
    return event;
  }

  /** What the store answered; where it says that there is no such session, why. */
  #unlessGone(session: string, kind: string, event: SessionEvent): SessionEvent | Promise<SessionEvent> {
    if (kind === 'revoked') return this.#lookRevoked(session);
    return kind === 'unknown' ? this.#look(session) : event;
  }

  /** Nothing was begun. Where fresh credentials came in between, it is asked for again. */
  async #lookRevoked(session: string): Promise<SessionEvent> {
    const looked = await this.#look(session);
    const isWell = looked.type === 'looked' && looked.expiresIn > 0;
    return isWell ? { type: 'begun', result: { kind: 'busy' } } : looked;
  }

  get #caller(): Caller {
    return this.#facts ?? { address: this.#address, request: undefined };
  }

  /** What its session is told from now on, nobody hears. */
  get #isOver(): boolean {
    return this.#disposed || this.#session.isClosed;
  }

  get #info(): SessionInfo {
    // What the application found may have an `id` of its own, as a row of a table has.
    return { ...this.#identity, id: this.#session.id ?? '' };
  }

  // ── what is told of it ────────────────────────────────────────────────────

  #report(report: Report): void {
    const { events, metrics, clock } = this.#core;
    if (report.event === 'gap') {
      metrics.gaps[report.reason]++;
      return events.tell('gap', { ...this.ids, reason: report.reason });
    }
    const missed = this.#session.missed(clock.now());
    events.tell('heartbeat_missed', { ...this.ids, missed, evidence: missed });
  }

  #prove(): void {
    const { id, generation } = this.#session;
    if (id !== undefined) tellProof(this.#core, this.ids, id, generation);
  }

  #claimId(): string {
    return (this.#claim ??= this.#core.nextClaim());
  }
}

function isPong(frame: unknown): boolean {
  return Array.isArray(frame) && frame[0] === 'pong';
}
