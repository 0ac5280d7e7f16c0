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
import { faultEnvelope, Dimension, INBOX, SYSTEM } from '@iskra/protocol/wire';
import type { DeadlinePassed, Machine, Measured, ServerFrame } from '@iskra/protocol/wire';
import { Conversation } from './conversation.js';
import { goOn, measure, receive, receiveEarly, rest } from './frames.js';
import { Message } from './message.js';
import type { Run } from './message.js';
import type { SessionEffect, SessionEvent, SessionSettings } from './session-events.js';
import type { Head } from './store.js';

export type * from './session-events.js';

/** Fresh credentials are asked for while the old ones still hold, so that nothing has to be closed (P81). */
const REMINDER = Message.of([
  'error',
  faultEnvelope('unauthorized', Dimension.session, {
    field: 'auth',
    message: 'The credentials end soon: send fresh ones; until then everything goes on.',
  }),
]);

export class Session implements Machine<SessionEvent, SessionEffect> {
  readonly #talk: Conversation;

  constructor(settings: SessionSettings, now: number) {
    this.#talk = new Conversation(settings, now);
  }

  get deadline(): number {
    const { phase, deadlines, answer, uplink } = this.#talk;
    if (phase === 'closed') return Infinity;
    return Math.min(deadlines.next, answer?.deadline ?? Infinity, uplink?.deadline ?? Infinity);
  }

  /** It hears nothing any more. */
  get isClosed(): boolean {
    return this.#talk.phase === 'closed';
  }

  /** The session's id, once it is known. */
  get id(): string | undefined {
    return this.#talk.id;
  }

  /** Channels that it reads, the inbox not counted. */
  get channels(): number {
    return this.#talk.downlink.channels;
  }

  follows(channel: string): boolean {
    return this.#talk.downlink.follows(channel);
  }

  /** The logs that it reads. */
  get logs(): string[] {
    return this.#talk.downlink.logs;
  }

  /** Whether entries are on their way from the store. */
  get isReading(): boolean {
    return this.#talk.downlink.isReading;
  }

  /** Nothing that came of its client waits to be performed. */
  get isSettled(): boolean {
    const { uplink, early } = this.#talk;
    return uplink?.settled !== false && early === undefined;
  }

  /** Milliseconds since its client was heard last. */
  silence(now: number): number {
    return this.#talk.deadlines.silence(now);
  }

  /** Heartbeats for which nothing was heard of it. */
  missed(now: number): number {
    return this.#talk.deadlines.missed(now);
  }

  get generation(): number {
    return this.#talk.generation;
  }

  /** What its heartbeats showed; undefined before the first was answered, and where there are none. */
  get measured(): Measured | undefined {
    const { heartbeats, deadlines } = this.#talk;
    return heartbeats?.measured(deadlines.heartbeat);
  }

  /** The run's message, when it is simply the next thing to write; otherwise `runOffered` decides. */
  accept(run: Run): Message | undefined {
    return this.#talk.phase === 'live' ? this.#talk.downlink.accept(run) : undefined;
  }

  /** Whether the store's head of a log tells nothing that is not known here; otherwise `headSeen` decides. */
  isAt(log: string, head: Head, now: number): boolean {
    const { downlink, deadlines, generation, revision } = this.#talk;
    if (!downlink.isAt(log, head)) return false;
    const { session } = head;
    if (session === undefined) return true;
    return (
      session.generation <= generation &&
      (session.revision ?? 0) <= revision &&
      !deadlines.isNews(now - session.silence)
    );
  }

  handle(event: SessionEvent | DeadlinePassed, now: number): SessionEffect[] {
    const talk = this.#talk;
    if (talk.phase === 'closed') return [];
    react(talk, event, now);
    if (talk.settings.mode !== 'stream') {
      const turnEnded = event.type === 'turnEnded' || (event.type === 'runOffered' && event.alone);
      finishWhenAnswered(talk, turnEnded, now);
    }
    return talk.said();
  }
}

function react(talk: Conversation, event: SessionEvent | DeadlinePassed, now: number): void {
  switch (event.type) {
    case 'runOffered':
      return talk.doAll(talk.downlink.offer(event.run));
    case 'messageReceived':
      talk.deadlines.heard(now);
      return receive(talk, event.frames, now);
    case 'begun':
      return goOn(talk, talk.uplink?.begun(event.result, now));
    case 'performed':
      return goOn(talk, talk.uplink?.performed(event.outcomes));
    case 'committed':
      return goOn(talk, talk.uplink?.committed(event.result, now));
    case 'logRead':
      compareRevision(talk, event.result.revision);
      return talk.doAll(talk.downlink.answered(event));
    case 'joined':
      return join(talk, event, now);
    case 'probed':
      return answerProbe(talk, event.welcome, now);
    case 'refused':
      // Who only wants to leave a session that has ended already gets what it wants (P72).
      if (isGone(event) && talk.early?.some(isBye)) return talk.close('bye');
      return talk.close(event.code, event.field);
    case 'identified':
      talk.identifying = false;
      return talk.deadlines.identified(event.expiresIn, event.refreshIn ?? Infinity, now);
    case 'changed':
      if (talk.phase === 'live') talk.do({ type: 'look' });
      return;
    case 'looked':
      return looked(talk, event, now);
    case 'storeFailed':
      return talk.close('overload');
    case 'headSeen':
      if (event.head.session !== undefined) compareSession(talk, event.head.session, now);
      return talk.doAll(talk.downlink.compareHead(event.log, event.head));
    case 'touched':
      if (event.result === 'unknown') talk.close('session_unknown');
      if (event.result === 'superseded') supersede(talk, now);
      return;
    case 'heard':
      return talk.deadlines.heard(now);
    case 'echoed':
      if (talk.phase === 'live') talk.write(Message.of(['pong', event.moment]));
      return;
    case 'answered':
      return measure(talk, event.moment, now);
    case 'superseded':
      return supersede(talk, now);
    case 'replaced':
      return talk.answer?.fallDue();
    case 'successorGone':
      if (talk.phase === 'live' && talk.deadlines.isSuperseded) talk.do({ type: 'reattach' });
      return;
    case 'reattached':
      if (event.result.kind === 'unknown') return talk.close('session_unknown');
      talk.generation = event.result.state.generation;
      return talk.deadlines.regained();
    case 'draining':
      return drain(talk, event.after);
    case 'blocked':
      // Told again with every write that is not data: the time runs from the first.
      if (!talk.downlink.isFull) talk.deadlines.filled(now);
      return talk.downlink.fill();
    case 'writable':
      talk.deadlines.drained();
      return talk.doAll(talk.downlink.drain());
    case 'turnEnded':
      return talk.answer?.turnEnded();
    case 'deadlinePassed':
      return onDeadline(talk, now);
  }
}

// ── joining and leaving ───────────────────────────────────────────────────

function join(talk: Conversation, event: Extract<SessionEvent, { type: 'joined' }>, now: number): void {
  talk.phase = 'live';
  talk.id = event.state.session;
  talk.generation = event.state.generation;
  talk.inboxHead = event.state.inbox[1];
  talk.inboxLog = INBOX + event.state.session;
  talk.acked = event.state.acked;
  talk.allowance = event.allowance;
  talk.deadlines.joined(now);
  talk.revision = event.state.revision ?? 0;
  talk.deadlines.identified(event.expiresIn, event.refreshIn ?? Infinity, now);
  talk.answer?.passed(now);
  if (event.welcome !== undefined) {
    talk.write(Message.of(event.welcome));
    // Opening is answered at once, whatever there is to say beside welcome.
    talk.answer?.opens(now);
  }
  if (talk.deadlines.reminds(now)) talk.write(REMINDER);
  if (talk.settings.mode !== 'send') {
    const read = event.cursors[INBOX]?.[1] ?? 0;
    // A cursor says the same as an ack.
    if (read > 0 && read <= talk.inboxHead) talk.do({ type: 'trimInbox', offset: read });
    const start = event.cursors[INBOX] ?? [event.state.inbox[0], 0];
    talk.do(talk.downlink.follow(talk.inboxLog, start));
    for (const [channel, cursor] of Object.entries(event.cursors)) {
      if (channel === INBOX) continue;
      if (event.denied.includes(channel)) {
        talk.write(Message.of(['gap', channel, 'denied', [...cursor], [...cursor]]));
        if (channel !== SYSTEM) talk.do({ type: 'report', event: 'gap', reason: 'denied' });
      } else talk.do(talk.downlink.follow(channel, cursor));
    }
  }
  receiveEarly(talk, now);
}

/** A probe is heard and echoed, and changes nothing (P16). A stream may go on to a real `hello`. */
function answerProbe(talk: Conversation, welcome: ServerFrame, now: number): void {
  talk.phase = 'waiting';
  talk.deadlines.probed(now);
  talk.write(Message.of(welcome));
  receiveEarly(talk, now);
  if (talk.settings.mode !== 'stream') talk.finish();
}

/** Fresh credentials may have come elsewhere, or these were revoked (P84). */
function looked(talk: Conversation, event: Extract<SessionEvent, { type: 'looked' }>, now: number): void {
  talk.revision = event.revision;
  if (event.expiresIn <= 0) return talk.close('unauthorized', 'auth');
  talk.deadlines.identified(event.expiresIn, event.refreshIn, now);
}

/** What the store knows of the session, also by way of other nodes (P13, P53). */
function compareSession(talk: Conversation, known: NonNullable<Head['session']>, now: number): void {
  compareRevision(talk, known.revision);
  talk.deadlines.heardElsewhere(now - known.silence);
  if (known.generation > talk.generation) supersede(talk, now);
}

function compareRevision(talk: Conversation, known = 0): void {
  if (known > talk.revision) talk.do({ type: 'look' });
}

function supersede(talk: Conversation, now: number): void {
  if (talk.settings.mode === 'poll') return talk.close('superseded');
  talk.deadlines.superseded(now);
}

function drain(talk: Conversation, after: number): void {
  // Nothing comes before welcome (P12), and there is no session to move yet.
  if (talk.phase !== 'live') return talk.close('drain');
  const envelope = faultEnvelope('drain', Dimension.node);
  talk.write(Message.of(['drain', { ...envelope, payload: { ...envelope.payload, after } }]));
  talk.answer?.fallDue();
}

// ── time ──────────────────────────────────────────────────────────────────

function onDeadline(talk: Conversation, now: number): void {
  const code = talk.deadlines.endAt(now);
  if (code !== undefined) return talk.close(code);
  if (talk.deadlines.beats(now)) beat(talk, now);
  if (talk.deadlines.reminds(now)) {
    // The next poll is told: it comes at once, and to whichever node.
    if (talk.answer === undefined) talk.write(REMINDER);
    else talk.answer.fallDue();
  }
  talk.answer?.passed(now);
  goOn(talk, talk.uplink?.next(now));
}

function beat(talk: Conversation, now: number): void {
  talk.write(Message.of(['ping', Math.round(now)]));
  talk.heartbeats?.sent();
  if (talk.phase === 'live' && talk.deadlines.wasHeard()) {
    talk.do({ type: 'touch', generation: talk.generation });
  } else if (talk.deadlines.missed(now) > 0) talk.do({ type: 'report', event: 'heartbeat_missed' });
  rest(talk, now);
}

/** An answer is complete when nothing is under way any more, and the entries of this turn have been offered. */
function finishWhenAnswered(talk: Conversation, turnEnded: boolean, now: number): void {
  const isSending = talk.settings.mode === 'send';
  // What is under way goes on here: the same sends in another request only find it busy (P68). So does a session that
  // the store takes its time to find.
  if (isSending && talk.phase !== 'closed' && talk.answer?.isOverdue(now) === true) {
    talk.answered = true;
    talk.do({ type: 'answer' });
  }
  if (talk.phase !== 'live') return;
  if (talk.answer?.isOverdue(now) === true) return talk.finish();
  if (talk.answered && talk.uplink?.isWorking !== true) return talk.finish();
  const held = talk.uplink?.heldBack(now) ?? 0;
  if (held > 0) {
    const retryAfter = Math.ceil(held);
    talk.write(Message.of(['error', faultEnvelope('rate_limited', Dimension.session, { retryAfter })]));
    return talk.finish('rate_limited', retryAfter);
  }
  if (talk.uplink?.settled === false || talk.identifying) return;
  if (talk.answer !== undefined && talk.settings.mode === 'poll') {
    if (talk.downlink.isReading) return;
    // No more of it comes in.
    if (talk.downlink.isFull) talk.answer.hurry();
    const verdict = talk.answer.judge(talk.wrote, turnEnded, now);
    if (verdict === 'awaitTurn') talk.do({ type: 'awaitTurn' });
    if (verdict !== 'give') return;
  }
  talk.finish();
}

function isGone({ code, field }: Extract<SessionEvent, { type: 'refused' }>): boolean {
  return code === 'session_unknown' || (code === 'forbidden' && field === undefined);
}

function isBye(frame: unknown): boolean {
  return Array.isArray(frame) && frame[0] === 'bye';
}
