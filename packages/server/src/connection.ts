/**
 * Shell. One live transport of a session, on this node: it performs what
 * `session.ts` decides, and tells it what came of it. Everything that it holds
 * is let go in `dispose`.
 */
import { drive, isInbox, MAX_FRAMES, MAX_MESSAGE_BYTES } from '@iskra/protocol/wire';
import type { CodeName, Measured } from '@iskra/protocol/wire';
import type { Core } from './core.js';
import type { Place } from './guard.js';
import { endSession } from './hooks.js';
import type { Follower } from './hub.js';
import { Gathering } from './message.js';
import type { Message, Run } from './message.js';
import { lifeOf } from './opening.js';
import type { Entrance } from './opening.js';
import type { Ids } from './observe/event.js';
import type { MetricTransport } from './observe/metrics.js';
import { traceOf } from './observe/trace.js';
import { Peer } from './peer.js';
import type { ConnectionFacts } from './peer.js';
import { Session } from './session.js';
import type { Mode, SessionEffect, SessionEvent } from './session.js';
import type { Head, Identity } from './store.js';
import {
  countHello,
  countRoundTrip,
  tellClosed,
  tellEntrance,
  tellGoingOn,
  tellParting,
  tellProof,
  tellReport,
} from './telling.js';
import type { Transport } from './transports/transport.js';
import { Work } from './work.js';

/** Milliseconds in which a session whose peer went away may be attached again before its members leave (P47). */
const RETURN = 2_000;

type LogEffect = Extract<SessionEffect, { type: 'read' | 'follow' }>;

/** Trace ids of the connections that came with one: most have none, and pay nothing for it. */
const traces = new WeakMap<Connection, string>();

export class Connection implements Follower {
  readonly #core: Core;
  readonly #transport: Transport;
  readonly #mode: Mode;
  readonly #session: Session;
  readonly #drive: { tell(event: SessionEvent): void; stop(): void };
  readonly #place: Place;
  readonly #peer: Peer;
  /** The sends of it that are under way, from their beginning until they are committed. */
  #work: Work | undefined;
  /** What leaves at the end of this turn; made when there is something. */
  #out: Gathering | undefined;
  #after: (() => void) | undefined;
  #turnAwaited = false;
  #flushing = false;
  /** This turn's writing was put off once. */
  #waited = false;
  /** Bytes that came since everything was performed; over the limit nothing more is read until it is again. */
  #unsettled = 0;
  #disposed = false;

  constructor(core: Core, transport: Transport, facts: ConnectionFacts) {
    this.#core = core;
    this.#transport = transport;
    this.#mode = facts.mode;
    this.#place = facts.place;
    this.#peer = new Peer(core, facts);
    this.#session = new Session(core.settings[facts.mode], core.clock.now());
    this.#drive = drive(this.#session, core.clock, (effect) => this.#perform(effect));
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
      attempt: this.#peer.attempt,
      transport: this.#transport.name,
      address: this.#peer.address,
      trace: traces.get(this),
    };
  }

  /** It was closed from this side. */
  get isClosed(): boolean {
    return this.#session.isClosed;
  }

  /** What its session is told from now on, nobody hears. */
  get isOver(): boolean {
    return this.#disposed || this.#session.isClosed;
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
    this.#weigh(bytes);
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
    this.#peer.identified(identity);
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
    this.#peer.forget();
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

  // ── what leaves ───────────────────────────────────────────────────────────

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

  #afterFlush(act: () => void): void {
    this.#after = () => {
      act();
      this.dispose();
    };
    this.#wantFlush();
  }

  // ── what its session wants done ───────────────────────────────────────────

  #perform(effect: SessionEffect): void {
    const core = this.#core;
    switch (effect.type) {
      case 'join':
        return this.#ask(async () => {
          const entrance = await this.#peer.byHello(effect.hello);
          countHello(core, effect.hello, entrance, this.#transport.name, this.#peer.since);
          return this.#enter(entrance);
        });
      case 'rejoin':
        return this.#ask(async () =>
          this.#enter(await this.#peer.byContinue(effect.request), effect.request.generation),
        );
      case 'reattach':
        return this.#ask(async (session) => {
          const result = await core.store.attach(session);
          return this.#peer.unlessGone(session, result.kind, { type: 'reattached', result });
        });
      case 'touch':
        return this.#ask(async (session) => {
          const touched = await core.store.touch(session, effect.generation);
          return this.#peer.unlessGone(session, touched.kind, { type: 'touched', result: touched.kind });
        });
      case 'look':
        return this.#ask((session) => this.#peer.look(session));
      case 'identify':
        return this.#ask((session) => this.#peer.identify(session, effect.credentials, this));
      case 'end':
        return this.#ask((session) => endSession(core, 'bye', { ...this.ids, session }));

      case 'follow':
        core.channels.obeyed(this.#session.id ?? '', effect.log, 'taken');
        return this.#follow(effect);
      case 'read':
        return this.#read(effect);
      case 'unfollow':
        core.channels.obeyed(this.#session.id ?? '', effect.log, 'left');
        return core.hub.unfollow(effect.log, this);
      case 'trimInbox':
        return this.#ask((session) => core.store.trimInbox(session, effect.offset));

      case 'begin':
        return this.#onWork((work, session) => work.begin(session, effect));
      case 'perform':
        return this.#onWork((work, session) => work.perform(session, effect));
      case 'commit':
        this.#onWork((work, session) => work.commit(session, effect));
        // With it the claim is given back: what comes then has one of its own.
        this.#work = undefined;
        return;
      case 'skip':
        return this.#ask(async (session) => {
          const result = await core.store.skip(session, effect.from, effect.number);
          return this.#peer.unlessGone(session, result.kind, { type: 'committed', result });
        });

      case 'measured':
        return countRoundTrip(core, this.#transport.name, effect.roundTrip);
      case 'report':
        return tellReport(core, this.ids, effect, this.#missed);
      case 'echo':
        return this.#beside((other) => other.echoed(effect.moment));
      case 'tellAnswered':
        return this.#beside((other) => other.answered(effect.moment));

      case 'write':
        return this.#enqueue(effect.message);
      case 'awaitTurn':
        this.#turnAwaited = true;
        return this.#wantFlush();
      case 'answer':
        this.#after = () => this.#transport.finish();
        return this.#wantFlush();
      case 'finish':
        return this.#afterFlush(() => this.#transport.finish(effect.code, effect.retryAfter));
      case 'close':
        if (this.#mode === 'stream') core.metrics.ends[effect.code]++;
        if (effect.code !== 'bye' && effect.code !== 'superseded') {
          core.metrics.refused(effect.code);
          tellClosed(core, this.ids, effect.code, this.#missed, effect.field);
        }
        return this.#afterFlush(() => this.#transport.close(effect.code, effect.retryAfter));
    }
  }

  /**
   * Comes into the session, unless the peer has gone meanwhile.
   *
   * @param continued the generation of a connection that goes on with it
   */
  #enter(entrance: Entrance, continued = 0): SessionEvent | void {
    const { hub, drain } = this.#core;
    // Only who was welcomed had a generation of its own, and so took the session from another.
    if (this.#disposed && entrance.type === 'joined' && entrance.welcome) hub.regain(entrance.state.session);
    if (this.#disposed || entrance.type === 'refused') return entrance;
    if (entrance.type === 'probed' || entrance.welcome !== undefined)
      tellEntrance(this.#core, this.ids, entrance);
    else tellGoingOn(this.#core, this, entrance.state.session, continued);
    this.#peer.entered(entrance);
    this.#place.known();
    this.#transport.onWelcome();
    if (entrance.type === 'probed') return entrance;
    const { session } = entrance.state;
    // Told before the hub knows of it: what the hub then offers finds the session open.
    hub.heard(session);
    this.#drive.tell(entrance);
    if (this.#mode !== 'send' && !this.#disposed) hub.join(session, this);
    drain?.joined(this);
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
  #onWork(question: (work: Work, session: string) => Promise<SessionEvent>): void {
    const core = this.#core;
    const work = (this.#work ??= new Work(core, this.#peer, this));
    core.working++;
    this.#ask((session) => question(work, session).finally(() => core.working--));
  }

  #tell(event: SessionEvent): void {
    if (this.#disposed) return;
    this.#drive.tell(event);
    if (!this.#isHeld) return;
    // Who is not read is not heard; it is we who make it wait.
    this.#drive.tell({ type: 'heard' });
    this.#weigh(0);
  }

  /** So many bytes more came. A peer that is held is slowed by its own network: everything else would have to be kept here. */
  #weigh(bytes: number): void {
    const wasHeld = this.#isHeld;
    this.#unsettled = this.#session.isSettled ? 0 : this.#unsettled + bytes;
    if (this.#isHeld && !this.isOver) this.#transport.pause?.();
    else if (wasHeld) this.#transport.resume?.();
  }

  get #isHeld(): boolean {
    return this.#unsettled > this.#core.limits.unsettled;
  }

  #storeFailed(error: unknown): void {
    this.#core.events.fail('store_failed', error, this.ids);
    this.#tell({ type: 'storeFailed' });
  }

  /** Those of its session that stay: a poll has its one answer, which others cannot add to. */
  #beside(act: (other: Follower) => void): void {
    for (const other of this.#core.hub.ofSession(this.#session.id ?? '')) if (!other.isPoll) act(other);
  }

  #prove(): void {
    const { id, generation } = this.#session;
    if (id !== undefined) tellProof(this.#core, this.ids, id, generation);
  }

  get #missed(): number {
    return this.#session.missed(this.#core.clock.now());
  }
}

function isPong(frame: unknown): boolean {
  return Array.isArray(frame) && frame[0] === 'pong';
}
