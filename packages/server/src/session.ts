/**
 * PURE. One session, seen from one connection: from `hello` or `continue` to
 * `close`. It decides what is sent, read, begun and committed; `connection.ts`
 * does it.
 *
 *   waiting ── hello, continue ──▶ opening ── joined ──▶ live ──▶ closed
 *
 * A poll is a connection that lives for one answer: `mode` says when it is over,
 * and nothing else here cares.
 */
import { faultEnvelope, readClientFrame, Dimension, INBOX, MAX_FRAMES } from '@iskra/protocol/wire';
import type { ClientFrame, CodeName, DeadlinePassed, Machine, Send, ServerFrame } from '@iskra/protocol/wire';
import { Downlink } from './downlink.js';
import type { DownlinkEffect } from './downlink.js';
import { Message } from './message.js';
import type { Run } from './message.js';
import type { SessionEffect, SessionEvent, SessionSettings } from './session-events.js';
import { Uplink } from './uplink.js';
import type { Queued, Rate, UplinkEffect } from './uplink.js';

export type * from './session-events.js';

type Phase = 'waiting' | 'opening' | 'live' | 'closed';

/** Numbers that one skip may pass: more than any store loses of a session that it still knows. */
const MAX_SKIP = 1_000_000;

/** Frames that are no sends: each costs an answer or a call. A whole message of them fits. */
const TALK: Rate = { perSecond: 200, burst: MAX_FRAMES };

/** Between two events; never pushed to. */
const NOTHING: SessionEffect[] = [];

export class Session implements Machine<SessionEvent, SessionEffect> {
  readonly #settings: SessionSettings;
  /** Made with the first send: many a poll brings none. */
  #uplink: Uplink | undefined;
  /** Sends that the session's rate lets through at first; what its other requests have left of it. */
  #allowance = Infinity;
  readonly #downlink: Downlink;
  #phase: Phase = 'waiting';
  #id: string | undefined;
  #generation = 0;
  /** Head of the inbox when the connection came in. */
  #inboxHead = 0;
  /** The name of the inbox in the store, made once: it is a key of several maps. */
  #inboxLog = '';
  #heartbeat: number;
  /** Frames that came behind `hello` while the session was being opened. */
  #early: unknown[] | undefined;
  #effects: SessionEffect[] = NOTHING;
  #wrote = false;
  #lastHeard: number;
  #heardSinceTouch = false;
  // Moments at which something is due; Infinity when not.
  #pingAt = Infinity;
  #giveUpAt: number;
  #expiresAt = Infinity;
  #slowAt = Infinity;
  #answerAt = Infinity;
  /** A poll that found a busy channel is not answered before, so that one answer carries many entries. */
  #answerFrom = 0;
  /** The time of a held answer is over: give it, also when it is empty. */
  #answerDue = false;
  #turnAwaited = false;
  /** The last send that is known to be committed. */
  #acked = 0;
  /** Credentials are being looked at. */
  #identifying = false;
  /** Frames beside the sends that may still come, and since when that is so. */
  #talk = TALK.burst;
  #talkedAt: number;

  constructor(settings: SessionSettings, now: number) {
    this.#settings = settings;
    this.#talkedAt = now;
    this.#heartbeat = settings.heartbeat;
    this.#downlink = new Downlink(settings.readSize);
    this.#lastHeard = now;
    this.#giveUpAt = now + settings.helloTimeout;
  }

  get deadline(): number {
    if (this.#phase === 'closed') return Infinity;
    return Math.min(
      this.#pingAt,
      this.#giveUpAt,
      this.#expiresAt,
      this.#slowAt,
      this.#silentAt,
      this.#answerAt,
      this.#uplink?.deadline ?? Infinity,
    );
  }

  /** The session's id, once it is known. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Channels that it reads, the inbox not counted. */
  get channels(): number {
    return this.#downlink.channels;
  }

  follows(channel: string): boolean {
    return this.#downlink.follows(channel);
  }

  /** The logs that it reads. */
  get logs(): string[] {
    return this.#downlink.logs;
  }

  /** Whether entries are on their way from the store. */
  get isReading(): boolean {
    return this.#downlink.isReading;
  }

  get generation(): number {
    return this.#generation;
  }

  /** The run's message, when it is simply the next thing to write; otherwise `runOffered` decides. */
  accept(run: Run): Message | undefined {
    return this.#phase === 'live' ? this.#downlink.accept(run) : undefined;
  }

  handle(event: SessionEvent | DeadlinePassed, now: number): SessionEffect[] {
    if (this.#phase === 'closed') return [];
    this.#effects = [];
    this.#react(event, now);
    if (this.#settings.mode !== 'stream') {
      const turnEnded = event.type === 'turnEnded' || (event.type === 'runOffered' && event.alone);
      this.#finishWhenAnswered(turnEnded, now);
    }
    // Nothing of what was said is kept: an idle session holds its positions and no more.
    const effects = this.#effects;
    this.#effects = NOTHING;
    return effects;
  }

  #react(event: SessionEvent | DeadlinePassed, now: number): void {
    switch (event.type) {
      case 'runOffered':
        return this.#downward(this.#downlink.offer(event.run));
      case 'messageReceived':
        this.#heard(now);
        return this.#receive(event.frames, now);
      case 'begun':
        return this.#upward(this.#uplink?.begun(event.result, now));
      case 'performed':
        return this.#upward(this.#uplink?.performed(event.outcomes));
      case 'committed':
        return this.#upward(this.#uplink?.committed(event.result, now));
      case 'logRead':
        return this.#downward(this.#downlink.answered(event));
      case 'joined':
        return this.#join(event, now);
      case 'probed':
        return this.#answerProbe(event.welcome, now);
      case 'refused':
        // Who only wants to leave a session that has ended already gets what it wants (P72).
        if (event.code === 'session_unknown' && this.#early?.some(isBye)) return this.#close('bye');
        return this.#close(event.code, event.field);
      case 'identified':
        this.#identifying = false;
        this.#expiresAt = now + event.expiresIn;
        return;
      case 'storeFailed':
        return this.#close('overload');
      case 'headSeen':
        return this.#downward(this.#downlink.compareHead(event.log, event.head));
      case 'touched':
        if (event.result === 'unknown') this.#close('session_unknown');
        if (event.result === 'superseded') this.#supersede(now);
        return;
      case 'heard':
        return this.#heard(now);
      case 'superseded':
        return this.#supersede(now);
      case 'replaced':
        this.#answerDue = true;
        return;
      case 'successorGone':
        if (this.#phase === 'live' && this.#giveUpAt < Infinity) this.#do({ type: 'reattach' });
        return;
      case 'reattached':
        if (event.result.kind === 'unknown') return this.#close('session_unknown');
        this.#generation = event.result.state.generation;
        this.#giveUpAt = Infinity;
        return;
      case 'draining':
        return this.#drain(event.within);
      case 'blocked':
        // Told again with every write that is not data: the time runs from the first.
        if (!this.#downlink.isFull) this.#slowAt = now + this.#settings.slowTimeout;
        return this.#downlink.fill();
      case 'writable':
        this.#slowAt = Infinity;
        return this.#downward(this.#downlink.drain());
      case 'turnEnded':
        this.#turnAwaited = false;
        return;
      case 'deadlinePassed':
        return this.#onDeadline(now);
    }
  }

  // ── frames ────────────────────────────────────────────────────────────────

  #receive(frames: readonly unknown[] | undefined, now: number): void {
    if (frames === undefined) return this.#complain('bad_frame', 'message');
    for (const raw of frames) {
      if (this.#phase === 'closed') return;
      if (this.#phase === 'opening') {
        this.#early ??= [];
        if (this.#early.length >= MAX_FRAMES) return this.#close('rate_limited');
        this.#early.push(raw);
        continue;
      }
      const read = readClientFrame(raw);
      const frame = read.ok ? read.frame : undefined;
      if (frame !== undefined && isSend(frame)) this.#queue({ number: frame[1], send: frame }, now);
      else if (!read.ok && read.number !== undefined)
        this.#queue({ number: read.number, refusedField: read.field }, now);
      else if (!this.#mayTalk(now)) return this.#close('rate_limited');
      else if (frame !== undefined) this.#take(frame, now);
      else if (!read.ok) this.#complain('bad_frame', read.field);
    }
    if (this.#phase === 'live') this.#upward(this.#uplink?.next(now));
  }

  #receiveEarly(now: number): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#receive(early, now);
  }

  /** Whether a frame that is no send may come now. */
  #mayTalk(now: number): boolean {
    this.#talk = Math.min(TALK.burst, this.#talk + ((now - this.#talkedAt) * TALK.perSecond) / 1000);
    this.#talkedAt = now;
    return this.#talk-- >= 1;
  }

  #take(frame: Exclude<ClientFrame, Send>, now: number): void {
    switch (frame[0]) {
      case 'pong':
        // A value from another connection or another time says nothing about the round-trip.
        if (frame[1] <= now && now - frame[1] < 60_000)
          this.#do({ type: 'measured', roundTrip: now - frame[1] });
        return;
      case 'ping':
        // Nothing comes before welcome (P12); a probe has had its own.
        if (this.#phase === 'waiting' && !this.#wrote) return this.#complain('bad_frame', 'hello');
        return this.#write(Message.of(['pong', frame[1]]));
      case 'hello':
        if (this.#phase !== 'waiting') return this.#complain('bad_frame', 'hello');
        this.#phase = 'opening';
        this.#heartbeat = Math.min(this.#settings.heartbeat, frame[1].heartbeat ?? Infinity);
        return this.#do({ type: 'join', hello: frame[1] });
      case 'continue':
        if (this.#phase !== 'waiting' || this.#settings.mode === 'stream') {
          return this.#complain('bad_frame', 'continue');
        }
        this.#phase = 'opening';
        this.#answerAt = now + (frame[1].wait ?? 0);
        this.#answerFrom = now + Math.min(this.#settings.linger, frame[1].wait ?? 0);
        return this.#do({ type: 'rejoin', request: frame[1] });
      case 'skip':
        if (frame[1] > this.#acked + MAX_SKIP) return this.#complain('bad_frame', 'number');
        return this.#queue({ number: frame[1], skip: true }, now);
      case 'ack':
        return this.#whenLive(() => this.#acknowledgeInbox(frame[1]));
      case 'auth':
        return this.#whenLive(() => {
          if (this.#identifying) return this.#complain('rate_limited', 'auth');
          this.#identifying = true;
          this.#do({ type: 'identify', credentials: frame[1] });
        });
      case 'bye':
        return this.#whenLive(() => {
          this.#do({ type: 'end' });
          this.#close('bye');
        });
    }
  }

  #queue(item: Queued, now: number): void {
    if (this.#phase === 'waiting') return this.#complain('bad_frame', 'hello');
    if (this.#uplink === undefined) {
      this.#uplink = new Uplink(this.#settings.rate, now);
      this.#uplink.allow(this.#allowance);
    }
    if (this.#uplink.queued >= this.#settings.window) return this.#close('rate_limited');
    this.#uplink.take(item);
  }

  #whenLive(act: () => void): void {
    if (this.#phase === 'live') act();
    else this.#complain('bad_frame', 'hello');
  }

  #acknowledgeInbox(offset: number): void {
    const sent = this.#downlink.offsetOf(this.#inboxLog) ?? this.#inboxHead;
    if (offset > sent) return this.#complain('bad_frame', 'offset');
    this.#do({ type: 'trimInbox', offset });
  }

  #upward(effects: readonly UplinkEffect[] = []): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'acknowledge':
          this.#acked = Math.max(this.#acked, effect.number);
          this.#answerFrom = 0;
          this.#write(Message.of(['acked', effect.number, effect.inbox]));
          break;
        case 'expect':
          this.#write(Message.of(['expect', effect.number]));
          break;
        case 'lost':
          this.#close('session_unknown');
          break;
        default:
          this.#do(effect);
      }
    }
  }

  // ── joining and leaving ───────────────────────────────────────────────────

  #join(event: Extract<SessionEvent, { type: 'joined' }>, now: number): void {
    this.#phase = 'live';
    this.#id = event.state.session;
    this.#generation = event.state.generation;
    this.#inboxHead = event.state.inbox[1];
    this.#inboxLog = INBOX + event.state.session;
    this.#acked = event.state.acked;
    this.#allowance = event.allowance ?? Infinity;
    this.#giveUpAt = Infinity;
    this.#expiresAt = now + event.expiresIn;
    if (this.#answerAt <= now) this.#answerDue = true;
    if (event.welcome !== undefined) {
      this.#write(Message.of(event.welcome));
      // Opening is answered at once, whatever there is to say beside welcome.
      this.#answerDue = true;
    }
    if (this.#settings.mode === 'stream') this.#pingAt = now + this.#settings.markerDelay;
    if (this.#settings.mode !== 'send') {
      const read = event.cursors[INBOX]?.[1] ?? 0;
      // A cursor says the same as an ack.
      if (read > 0 && read <= this.#inboxHead) this.#do({ type: 'trimInbox', offset: read });
      const start = event.cursors[INBOX] ?? [event.state.inbox[0], 0];
      this.#do(this.#downlink.follow(this.#inboxLog, start));
      for (const [channel, cursor] of Object.entries(event.cursors)) {
        if (channel === INBOX) continue;
        if (event.denied.includes(channel))
          this.#write(Message.of(['gap', channel, 'denied', [...cursor], [...cursor]]));
        else this.#do(this.#downlink.follow(channel, cursor));
      }
    }
    this.#receiveEarly(now);
  }

  /** A probe is heard and echoed, and changes nothing (P16). A stream may go on to a real `hello`. */
  #answerProbe(welcome: ServerFrame, now: number): void {
    this.#phase = 'waiting';
    this.#giveUpAt = now + this.#settings.probeTimeout;
    this.#write(Message.of(welcome));
    this.#receiveEarly(now);
    if (this.#settings.mode === 'stream') this.#pingAt = now + this.#settings.markerDelay;
    else this.#finish();
  }

  #supersede(now: number): void {
    if (this.#settings.mode === 'poll') return this.#close('superseded');
    this.#giveUpAt = Math.min(this.#giveUpAt, now + this.#settings.supersededGrace);
  }

  #drain(within: number): void {
    // Nothing comes before welcome (P12), and there is no session to move yet.
    if (this.#phase !== 'live') return this.#close('drain');
    const envelope = faultEnvelope('drain', Dimension.node, { retryAfter: within });
    this.#write(Message.of(['drain', { ...envelope, payload: { ...envelope.payload, within } }]));
    this.#answerDue = true;
  }

  #close(code: CodeName, field?: string, retryAfter?: number): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    const detail = { ...(field !== undefined && { field }), ...(retryAfter !== undefined && { retryAfter }) };
    this.#write(Message.of(['close', faultEnvelope(code, Dimension.connection, detail)]));
    this.#do({ type: 'close', code, ...detail });
  }

  /** An error that costs the client one frame, not its session (P5). Without a session there is nothing to keep. */
  #complain(code: CodeName, field: string): void {
    if (this.#phase !== 'live') return this.#close(code, field);
    this.#write(Message.of(['error', faultEnvelope(code, Dimension.message, { field })]));
  }

  // ── time ──────────────────────────────────────────────────────────────────

  #heard(now: number): void {
    this.#lastHeard = now;
    this.#heardSinceTouch = true;
  }

  /** When a stream has been silent for too long (P53). A poll has its `wait`. */
  get #silentAt(): number {
    const hears = this.#settings.mode === 'stream' && this.#phase === 'live';
    return hears ? this.#lastHeard + this.#heartbeat * 2.5 : Infinity;
  }

  #onDeadline(now: number): void {
    if (now >= this.#giveUpAt) return this.#close(this.#phase === 'live' ? 'superseded' : 'timeout');
    if (now >= this.#expiresAt) return this.#close('unauthorized');
    if (now >= this.#slowAt) return this.#close('slow_consumer');
    if (now >= this.#silentAt) return this.#close('timeout');
    if (now >= this.#pingAt) this.#beat(now);
    if (now >= this.#answerAt) {
      this.#answerAt = Infinity;
      this.#answerDue = true;
    }
    this.#upward(this.#uplink?.next(now));
  }

  #beat(now: number): void {
    this.#pingAt = now + this.#heartbeat;
    this.#write(Message.of(['ping', Math.round(now)]));
    if (this.#phase === 'live' && this.#heardSinceTouch) {
      this.#heardSinceTouch = false;
      this.#do({ type: 'touch', generation: this.generation });
    }
  }

  /** An answer is complete when nothing is under way any more, and the entries of this turn have been offered. */
  #finishWhenAnswered(turnEnded: boolean, now: number): void {
    if (this.#phase !== 'live') return;
    const held = this.#uplink?.heldBack(now) ?? 0;
    if (held > 0) {
      const retryAfter = Math.ceil(held);
      this.#write(Message.of(['error', faultEnvelope('rate_limited', Dimension.session, { retryAfter })]));
      return this.#finish('rate_limited', retryAfter);
    }
    if (this.#uplink?.settled === false || this.#identifying) return;
    if (this.#settings.mode === 'poll') {
      if (this.#downlink.isReading) return;
      if (!this.#answerDue) {
        if (!this.#wrote) return;
        if (now < this.#answerFrom) {
          this.#answerAt = Math.min(this.#answerAt, this.#answerFrom);
          return;
        }
      }
      if (!turnEnded) {
        if (!this.#turnAwaited) this.#do({ type: 'awaitTurn' });
        this.#turnAwaited = true;
        return;
      }
    }
    this.#finish();
  }

  #finish(code?: CodeName, retryAfter?: number): void {
    this.#phase = 'closed';
    this.#do({ type: 'finish', ...(code !== undefined && { code, retryAfter }) });
  }

  #downward(effects: readonly DownlinkEffect[]): void {
    for (const effect of effects) this.#do(effect);
  }

  #write(message: Message): void {
    this.#do({ type: 'write', message });
  }

  #do(effect: SessionEffect): void {
    if (effect.type === 'write') this.#wrote = true;
    this.#effects.push(effect);
  }
}

function isBye(frame: unknown): boolean {
  return Array.isArray(frame) && frame[0] === 'bye';
}

function isSend(frame: ClientFrame): frame is Send {
  switch (frame[0]) {
    case 'publish':
    case 'request':
    case 'subscribe':
    case 'unsubscribe':
      return true;
    default:
      return false;
  }
}
