/**
 * Shell. One live transport of a session, on this node: it performs what
 * `session.ts` decides, and tells it what came of it. Everything that it holds
 * is let go in `dispose`.
 */
import { Dimension, INBOX, drive, VERSION } from '@iskra/protocol/wire';
import type {
  CodeName,
  Continue,
  Cursors,
  Envelope,
  Hello,
  ServerFrame,
  Welcome,
} from '@iskra/protocol/wire';
import type { Core, SessionInfo } from './core.js';
import type { Follower } from './hub.js';
import { Message } from './message.js';
import type { Run } from './message.js';
import { may, performSends } from './sends.js';
import { Session } from './session.js';
import type { Mode, SessionEffect, SessionEvent } from './session.js';
import type { Head, Identity, SessionState } from './store.js';
import type { Transport } from './transports/transport.js';

const READ_SIZE = 128;
const PROBE_TIMEOUT = 30_000;
/** Milliseconds that a claim outlives its holder; renewed with every batch. */
const CLAIM_LEASE = 60_000;

export interface ConnectionFacts {
  readonly mode: Mode;
  readonly address: string;
  /** The request that opened the connection, for `authenticate`. */
  readonly request: Request;
  /** Called once, when the connection has let go of everything. */
  readonly onDisposed?: () => void;
  /** Called once, when the peer has shown that it belongs here, before the first byte is written. */
  readonly onJoined?: () => void;
}

export class Connection implements Follower {
  readonly #core: Core;
  readonly #transport: Transport;
  readonly #mode: Mode;
  readonly #address: string;
  readonly #session: Session;
  readonly #drive: { tell(event: SessionEvent): void; stop(): void };
  readonly #onDisposed: (() => void) | undefined;
  #onJoined: (() => void) | undefined;
  /** Kept until the session is open: an idle connection holds no request. */
  #request: Request | undefined;
  #identity: Identity = {};
  #out: Message[] = [];
  #after: (() => void) | undefined;
  #turnAwaited = false;
  #flushing = false;
  #disposed = false;
  #claim: string | undefined;

  constructor(core: Core, transport: Transport, facts: ConnectionFacts) {
    this.#core = core;
    this.#transport = transport;
    this.#mode = facts.mode;
    this.#address = facts.address;
    this.#request = facts.request;
    this.#onDisposed = facts.onDisposed;
    this.#onJoined = facts.onJoined;
    const { times, limits } = core;
    this.#session = new Session(
      {
        mode: facts.mode,
        heartbeat: times.heartbeat,
        markerDelay: times.marker,
        helloTimeout: times.hello,
        probeTimeout: PROBE_TIMEOUT,
        supersededGrace: times.supersededGrace,
        slowTimeout: times.slow,
        linger: times.linger,
        window: limits.sends * 2,
        rate: limits.sendRate,
        readSize: READ_SIZE,
      },
      core.clock.now(),
    );
    this.#drive = drive(this.#session, core.clock, (effect) => this.#perform(effect));
    transport.onWritable = () => this.#drive.tell({ type: 'writable' });
    core.metrics.connections[transport.name]++;
    // A stream that never says hello has a deadline from its first moment.
    this.#drive.tell({ type: 'heard' });
  }

  get generation(): number {
    return this.#session.generation;
  }

  get session(): string | undefined {
    return this.#session.id;
  }

  /** The frames of a message that arrived; undefined when it is none. */
  receive(frames: readonly unknown[] | undefined): void {
    this.#core.metrics.received[this.#transport.name]++;
    this.#drive.tell({ type: 'messageReceived', frames });
  }

  offer(run: Run, alone: boolean): void {
    // The common case of a broadcast, without an event and its effects for each of its readers.
    const message = this.#mode === 'stream' ? this.#session.accept(run) : undefined;
    if (message === undefined) this.#drive.tell({ type: 'runOffered', run, alone });
    else if (alone && this.#out.length === 0) this.#write(message);
    else this.#enqueue(message);
  }

  headSeen(log: string, head: Head): void {
    this.#drive.tell({ type: 'headSeen', log, head });
  }

  superseded(): void {
    this.#drive.tell({ type: 'superseded' });
  }

  replaced(): void {
    this.#drive.tell({ type: 'replaced' });
  }

  heard(): void {
    this.#drive.tell({ type: 'heard' });
  }

  drain(within: number): void {
    this.#drive.tell({ type: 'draining', within });
  }

  /** Closes from the server's side. */
  refuse(code: CodeName): void {
    this.#drive.tell({ type: 'refused', code });
  }

  /** Writes what was gathered in this turn, in one go. */
  flush(): void {
    this.#flushing = true;
    if (this.#turnAwaited) {
      this.#turnAwaited = false;
      this.#drive.tell({ type: 'turnEnded' });
    }
    if (this.#out.length > 0) {
      const message = Message.join(this.#out);
      this.#out = [];
      this.#write(message);
    }
    this.#flushing = false;
    const after = this.#after;
    this.#after = undefined;
    after?.();
  }

  #write(message: Message): void {
    this.#core.metrics.sent[this.#transport.name]++;
    if (!this.#transport.write(message) && !this.#disposed) this.#drive.tell({ type: 'blocked' });
  }

  #enqueue(message: Message): void {
    this.#out.push(message);
    this.#wantFlush();
  }

  #wantFlush(): void {
    if (!this.#flushing) this.#core.hub.wantsFlush(this);
  }

  /** The transport is gone, or the session is done with it. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#drive.stop();
    this.#request = undefined;
    this.#core.metrics.connections[this.#transport.name]--;
    for (const log of this.#session.logs) this.#core.hub.unfollow(log, this);
    const { id } = this.#session;
    if (id !== undefined) this.#core.hub.leave(id, this);
    this.#onDisposed?.();
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
        return this.#ask(async (session) => ({
          type: 'begun',
          result: await core.store.begin(session, effect.number, this.#claimId(), CLAIM_LEASE),
        }));
      case 'perform':
        return this.#ask(async () => ({
          type: 'performed',
          outcomes: await performSends(core, this.#info, effect.batch, effect.redelivered),
        }));
      case 'commit':
        return this.#ask(async (session) => ({
          type: 'committed',
          result: await core.store.commit(session, effect.number, this.#claimId(), effect.outcomes, true),
        }));
      case 'follow':
        return this.#ask(async () => {
          await core.hub.follow(effect.log, this);
          if (this.#disposed) core.hub.unfollow(effect.log, this);
          return this.#logRead(effect);
        });
      case 'read':
        return this.#ask(() => this.#logRead(effect));
      case 'unfollow':
        return core.hub.unfollow(effect.log, this);
      case 'join':
        return this.#ask(() => this.#join(effect.hello));
      case 'rejoin':
        return this.#ask(() => this.#rejoin(effect.request));
      case 'identify':
        return this.#ask(() => this.#identify(effect.credentials));
      case 'skip':
        return this.#ask(async (session) => ({
          type: 'committed',
          result: await core.store.skip(session, effect.number),
        }));
      case 'trimInbox':
        return this.#ask((session) => core.store.trimInbox(session, effect.offset));
      case 'touch':
        return this.#ask(async (session) => ({
          type: 'touched',
          result: (await core.store.touch(session, effect.generation)).kind,
        }));
      case 'end':
        return this.#ask(async (session) => core.presence.ended(await core.store.close(session)));
      case 'measured':
        return;
      case 'finish':
        return this.#afterFlush(() => this.#transport.finish(effect.code, effect.retryAfter));
      case 'close':
        if (effect.code !== 'bye' && effect.code !== 'superseded') {
          core.metrics.refused(effect.code);
          core.log.refused(effect.code, {
            session: this.#session.id,
            address: this.#address,
            transport: this.#transport.name,
            field: effect.field,
          });
        }
        return this.#afterFlush(() => this.#transport.close(effect.code, effect.retryAfter));
    }
  }

  /** Asks the store or the application, and tells the session the answer. A failure to answer is an answer too. */
  #ask(question: (session: string) => Promise<SessionEvent | void>): void {
    question(this.#session.id ?? '').then(
      (event) => {
        if (event !== undefined && !this.#disposed) this.#drive.tell(event);
      },
      (error: unknown) => {
        this.#core.log.storeFailed(error, { session: this.#session.id, transport: this.#transport.name });
        if (!this.#disposed) this.#drive.tell({ type: 'storeFailed' });
      },
    );
  }

  #afterFlush(act: () => void): void {
    this.#after = () => {
      act();
      this.dispose();
    };
    this.#wantFlush();
  }

  async #logRead(effect: Extract<SessionEffect, { type: 'read' | 'follow' }>): Promise<SessionEvent> {
    const { log, epoch, offset, max } = effect;
    return {
      type: 'logRead',
      log,
      epoch,
      offset,
      result: await this.#core.store.read(log, epoch, offset, max),
    };
  }

  // ── hello and continue ────────────────────────────────────────────────────

  async #join(hello: Hello): Promise<SessionEvent> {
    const { store, keys, opens, clock, hub, presence } = this.#core;
    if (hello.version !== VERSION) return refused('version', 'version');
    let session: string | undefined;
    if (hello.key !== undefined) {
      session = keys.verify(hello.key, hello.nonce);
      if (session === undefined) return refused('unauthorized', 'key');
    }
    if (hello.probe === true) {
      if (session === undefined) return refused('bad_frame', 'key');
      this.#welcomed();
      return {
        type: 'probed',
        welcome: this.#welcome({ session, identity: {}, generation: 0, acked: 0, inbox: ['0', 0] }, hello),
      };
    }
    if (this.#core.draining) return refused('drain');
    if (session === undefined) {
      if (opens.take(this.#address, clock.now()) > 0) return refused('rate_limited');
    }

    // A resuming client without credentials keeps the identity that the store remembers.
    const asks = session === undefined || hello.auth !== undefined;
    const identity = asks ? await this.#authenticate(hello.auth) : undefined;
    if (asks && identity === undefined) return refused('unauthorized', 'auth');

    if (session === undefined) {
      const opened = await store.openSession(hello.nonce, identity ?? {});
      if (opened.kind === 'taken') return refused('forbidden', 'nonce');
      session = opened.state.session;
    } else if (identity !== undefined) {
      const before = await store.touch(session);
      if (before.kind !== 'current') return refused('session_unknown');
      if (before.state.identity.subject !== identity.subject) return refused('forbidden', 'auth');
    }
    const attached = await store.attach(session, identity);
    if (attached.kind === 'unknown') return refused('session_unknown');
    if (isExpired(attached.state.identity)) return refused('unauthorized', 'auth');
    await presence.rejoined(attached.rejoined);
    this.#identity = attached.state.identity;
    const denied = await this.#denied(attached.state, hello.cursors ?? {});
    const event = this.#joined(
      attached.state,
      hello.cursors ?? {},
      denied,
      this.#welcome(attached.state, hello),
    );
    if (!this.#disposed) {
      this.#drive.tell(event);
      hub.join(session, this);
    }
    return { type: 'heard' };
  }

  async #rejoin(request: Continue): Promise<SessionEvent> {
    const { store, keys, hub } = this.#core;
    const session = keys.verify(request.key, request.nonce);
    if (session === undefined) return refused('unauthorized', 'key');
    const touched = await store.touch(session, this.#mode === 'poll' ? request.generation : undefined);
    if (touched.kind === 'unknown') return refused('session_unknown');
    if (touched.kind === 'superseded') return refused('superseded');
    if (isExpired(touched.state.identity)) return refused('unauthorized', 'auth');
    this.#identity = touched.state.identity;
    const cursors = request.cursors ?? {};
    const denied = this.#mode === 'poll' ? await this.#denied(touched.state, cursors) : [];
    hub.heard(session);
    if (!this.#disposed) {
      this.#drive.tell(this.#joined(touched.state, cursors, denied));
      if (this.#mode === 'poll' && !this.#disposed) hub.join(session, this);
    }
    return { type: 'heard' };
  }

  #joined(
    state: SessionState,
    cursors: Cursors,
    denied: readonly string[],
    welcome?: ServerFrame,
  ): SessionEvent {
    this.#welcomed();
    const { expiresAt } = state.identity;
    const expiresIn = expiresAt === undefined ? Infinity : expiresAt - Date.now();
    return { type: 'joined', state, welcome, cursors, denied, expiresIn };
  }

  #welcomed(): void {
    this.#request = undefined;
    this.#onJoined?.();
    this.#onJoined = undefined;
  }

  async #denied(state: SessionState, cursors: Cursors): Promise<string[]> {
    const session: SessionInfo = { id: state.session, ...state.identity };
    const denied: string[] = [];
    for (const channel of Object.keys(cursors)) {
      if (channel === INBOX) continue;
      const allowed =
        this.#core.contract.hasChannel(channel) && (await may(this.#core, session, 'subscribe', channel));
      if (!allowed) denied.push(channel);
    }
    return denied;
  }

  async #identify(credentials: unknown): Promise<SessionEvent> {
    const identity = await this.#authenticate(credentials);
    if (identity === undefined) return refused('unauthorized', 'auth');
    if (identity.subject !== this.#identity.subject) return refused('forbidden', 'auth');
    this.#identity = identity;
    await this.#core.store.identify(this.#info.id, identity);
    return { type: 'identified', expiresIn: (identity.expiresAt ?? Infinity) - Date.now() };
  }

  async #authenticate(credentials: unknown): Promise<Identity | undefined> {
    const { authenticate, log } = this.#core;
    if (authenticate === undefined) return {};
    try {
      return await authenticate(this.#request ?? new Request('http://localhost/'), credentials);
    } catch (error) {
      log.handlerFailed(error, { hook: 'authenticate', address: this.#address });
      return undefined;
    }
  }

  #welcome(state: SessionState, hello: Hello): ServerFrame {
    const { limits, times, keys, node } = this.#core;
    const payload: Welcome = {
      version: VERSION,
      session: state.session,
      key: keys.sign(state.session, hello.nonce),
      generation: state.generation,
      inbox: [state.inbox[0], 0],
      acked: state.acked,
      heartbeat: Math.min(times.heartbeat, hello.heartbeat ?? Infinity),
      window: times.window,
      node,
      limits: { message: limits.message, envelope: 65_536, sends: limits.sends, channels: limits.channels },
    };
    const envelope: Envelope = {
      delta: 'connection_established',
      dimension: Dimension.connection,
      // A session that comes back has held before; of a new one nothing is known yet.
      omega: hello.key === undefined ? 0.5 : 0.9,
      lambda: 'monitor_stability',
      payload,
    };
    return ['welcome', envelope];
  }

  get #info(): SessionInfo {
    return { id: this.#session.id ?? '', ...this.#identity };
  }

  #claimId(): string {
    return (this.#claim ??= `${this.#core.node}:${crypto.randomUUID()}`);
  }
}

function refused(code: CodeName, field?: string): SessionEvent {
  return { type: 'refused', code, ...(field !== undefined && { field }) };
}

function isExpired(identity: Identity): boolean {
  return identity.expiresAt !== undefined && identity.expiresAt <= Date.now();
}
