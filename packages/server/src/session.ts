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
import { Answer } from './answer.js';
import { Deadlines } from './deadlines.js';
import { Downlink } from './downlink.js';
import type { DownlinkEffect } from './downlink.js';
import { Message } from './message.js';
import type { Run } from './message.js';
import { Bucket } from './rates.js';
import type { Rate } from './rates.js';
import type { SessionEffect, SessionEvent, SessionSettings } from './session-events.js';
import { Uplink } from './uplink.js';
import type { Queued, UplinkEffect } from './uplink.js';

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
  readonly #deadlines: Deadlines;
  readonly #downlink: Downlink;
  /** Made with the first send, let go at rest: most sessions send nothing most of the time. */
  #uplink: Uplink | undefined;
  /** Sends that the session's rate lets through at first; what its other requests have left of it. */
  #allowance: number | undefined;
  /** Frames beside the sends that may still come; let go when it is full. */
  #talk: Bucket | undefined;
  /** Of a poll. */
  readonly #answer: Answer | undefined;
  #phase: Phase = 'waiting';
  #id: string | undefined;
  #generation = 0;
  /** Head of the inbox when the connection came in. */
  #inboxHead = 0;
  /** The name of the inbox in the store, made once: it is a key of several maps. */
  #inboxLog = '';
  /** Frames that came behind `hello` while the session was being opened. */
  #early: unknown[] | undefined;
  #effects: SessionEffect[] = NOTHING;
  #wrote = false;
  /** The last send that is known to be committed. */
  #acked = 0;
  /** Credentials are being looked at. */
  #identifying = false;

  constructor(settings: SessionSettings, now: number) {
    this.#settings = settings;
    this.#deadlines = new Deadlines(settings, now);
    this.#downlink = new Downlink(settings.readSize);
    this.#answer = settings.mode === 'poll' ? new Answer() : undefined;
  }

  get deadline(): number {
    if (this.#phase === 'closed') return Infinity;
    return Math.min(
      this.#deadlines.next,
      this.#answer?.deadline ?? Infinity,
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
        this.#deadlines.heard(now);
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
        return this.#deadlines.identified(event.expiresIn, now);
      case 'storeFailed':
        return this.#close('overload');
      case 'headSeen':
        return this.#downward(this.#downlink.compareHead(event.log, event.head));
      case 'touched':
        if (event.result === 'unknown') this.#close('session_unknown');
        if (event.result === 'superseded') this.#supersede(now);
        return;
      case 'heard':
        return this.#deadlines.heard(now);
      case 'superseded':
        return this.#supersede(now);
      case 'replaced':
        return this.#answer?.fallDue();
      case 'successorGone':
        if (this.#phase === 'live' && this.#deadlines.isSuperseded) this.#do({ type: 'reattach' });
        return;
      case 'reattached':
        if (event.result.kind === 'unknown') return this.#close('session_unknown');
        this.#generation = event.result.state.generation;
        return this.#deadlines.regained();
      case 'draining':
        return this.#drain(event.within);
      case 'blocked':
        // Told again with every write that is not data: the time runs from the first.
        if (!this.#downlink.isFull) this.#deadlines.filled(now);
        return this.#downlink.fill();
      case 'writable':
        this.#deadlines.drained();
        return this.#downward(this.#downlink.drain());
      case 'turnEnded':
        return this.#answer?.turnEnded();
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
    return (this.#talk ??= new Bucket(TALK, now)).take(now) === 0;
  }

  #take(frame: Exclude<ClientFrame, Send>, now: number): void {
    switch (frame[0]) {
      case 'pong':
        // It was heard, which is all that a heartbeat asks for.
        return;
      case 'ping':
        // Nothing comes before welcome (P12); a probe has had its own.
        if (this.#phase === 'waiting' && !this.#wrote) return this.#complain('bad_frame', 'hello');
        return this.#write(Message.of(['pong', frame[1]]));
      case 'hello':
        if (this.#phase !== 'waiting') return this.#complain('bad_frame', 'hello');
        this.#phase = 'opening';
        this.#deadlines.greeted(frame[1].heartbeat);
        return this.#do({ type: 'join', hello: frame[1] });
      case 'continue':
        if (this.#phase !== 'waiting' || this.#settings.mode === 'stream') {
          return this.#complain('bad_frame', 'continue');
        }
        this.#phase = 'opening';
        this.#answer?.hold(frame[1].wait ?? 0, this.#settings.linger, now);
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
    this.#uplink ??= new Uplink(this.#settings.rate, now, this.#allowance);
    this.#allowance = undefined;
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
          this.#answer?.hurry();
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
    this.#allowance = event.allowance;
    this.#deadlines.joined(now);
    this.#deadlines.identified(event.expiresIn, now);
    this.#answer?.passed(now);
    if (event.welcome !== undefined) {
      this.#write(Message.of(event.welcome));
      // Opening is answered at once, whatever there is to say beside welcome.
      this.#answer?.fallDue();
    }
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
    this.#deadlines.probed(now);
    this.#write(Message.of(welcome));
    this.#receiveEarly(now);
    if (this.#settings.mode !== 'stream') this.#finish();
  }

  #supersede(now: number): void {
    if (this.#settings.mode === 'poll') return this.#close('superseded');
    this.#deadlines.superseded(now);
  }

  #drain(within: number): void {
    // Nothing comes before welcome (P12), and there is no session to move yet.
    if (this.#phase !== 'live') return this.#close('drain');
    const envelope = faultEnvelope('drain', Dimension.node, { retryAfter: within });
    this.#write(Message.of(['drain', { ...envelope, payload: { ...envelope.payload, within } }]));
    this.#answer?.fallDue();
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

  #onDeadline(now: number): void {
    const code = this.#deadlines.endAt(now);
    if (code !== undefined) return this.#close(code);
    if (this.#deadlines.beats(now)) this.#beat(now);
    this.#answer?.passed(now);
    this.#upward(this.#uplink?.next(now));
  }

  #beat(now: number): void {
    this.#write(Message.of(['ping', Math.round(now)]));
    if (this.#phase === 'live' && this.#deadlines.wasHeard()) {
      this.#do({ type: 'touch', generation: this.generation });
    }
    // What is as good as new is not kept while nothing happens.
    if (this.#uplink?.isAtRest(now) === true) this.#uplink = undefined;
    if (this.#talk?.isFull(now) === true) this.#talk = undefined;
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
    if (this.#answer !== undefined) {
      if (this.#downlink.isReading) return;
      const verdict = this.#answer.judge(this.#wrote, turnEnded, now);
      if (verdict === 'awaitTurn') this.#do({ type: 'awaitTurn' });
      if (verdict !== 'give') return;
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
