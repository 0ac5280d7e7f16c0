/**
 * PURE. What each frame of a client does. Sends wait for their turn in the
 * uplink; of the others so many may come in a time, because each costs an answer
 * or a call.
 */
import { MAX_FRAMES, readClientFrame } from '@iskra/protocol/wire';
import type { ClientFrame, Send } from '@iskra/protocol/wire';
import type { Conversation } from './conversation.js';
import { Message } from './message.js';
import { Bucket } from './rates.js';
import type { Rate } from './rates.js';
import { Room } from './room.js';
import type { RoomAsked } from './room.js';
import { Uplink } from './uplink.js';
import type { Queued, UplinkEffect } from './uplink.js';

/** Numbers that one skip may pass: more than any store loses of a session that it still knows. */
const MAX_SKIP = 1_000_000;

/** Frames that are no sends. A whole message of them fits. */
const TALK: Rate = { perSecond: 200, burst: MAX_FRAMES };

/** @param frames undefined for a message that is none. */
export function receive(talk: Conversation, frames: readonly unknown[] | undefined, now: number): void {
  if (frames === undefined) return talk.complain('bad_frame', 'message');
  for (const raw of frames) {
    if (talk.phase === 'closed') return;
    if (talk.phase !== 'opening') receiveOne(talk, raw, now);
    else if ((talk.early ??= []).length >= MAX_FRAMES) return talk.close('rate_limited');
    else talk.early.push(raw);
  }
  if (talk.phase === 'live') goOn(talk, talk.uplink?.next(now));
}

/** What came while the session was being opened. */
export function receiveEarly(talk: Conversation, now: number): void {
  const early = talk.early ?? [];
  talk.early = undefined;
  receive(talk, early, now);
}

/** What has come of the sends. */
export function goOn(talk: Conversation, effects: readonly UplinkEffect[] = []): void {
  for (const effect of effects) {
    switch (effect.type) {
      case 'acknowledge':
        talk.acked = Math.max(talk.acked, effect.number);
        talk.answer?.hurry();
        talk.write(Message.of(['acked', effect.number, ...effect.inbox]));
        // The store went on under another epoch: the client has to be there too before it can settle anything.
        talk.doAll(talk.downlink.compareHead(talk.inboxLog, { epoch: effect.inbox[0] }));
        break;
      case 'expect':
        talk.write(Message.of(['expect', effect.number]));
        break;
      case 'lost':
        talk.close('session_unknown');
        break;
      default:
        talk.do(effect);
    }
  }
}

/** A heartbeat of that moment was answered. */
export function measure(talk: Conversation, moment: number, now: number): void {
  const roundTrip = talk.deadlines.roundTrip(moment, now);
  if (roundTrip === undefined) return;
  // A second answer to the same says nothing.
  if (talk.heartbeats?.answered(roundTrip) !== false) talk.do({ type: 'measured', roundTrip });
}

/** Lets go of what is as good as new. */
export function rest(talk: Conversation, now: number): void {
  if (talk.uplink?.isAtRest(now) === true) talk.uplink = undefined;
  if (talk.chatter?.isFull(now) === true) talk.chatter = undefined;
}

function receiveOne(talk: Conversation, raw: unknown, now: number): void {
  const read = readClientFrame(raw);
  const frame = read.ok ? read.frame : undefined;
  if (frame !== undefined && isSend(frame)) return queue(talk, { number: frame[1], send: frame }, now);
  if (!read.ok && read.number !== undefined) {
    return queue(talk, { number: read.number, refusedField: read.field }, now);
  }
  if ((talk.chatter ??= new Bucket(TALK, now)).take(now) > 0) return talk.close('rate_limited');
  if (frame !== undefined) take(talk, frame, now);
  else if (!read.ok) talk.complain('bad_frame', read.field);
}

function take(talk: Conversation, frame: Exclude<ClientFrame, Send>, now: number): void {
  switch (frame[0]) {
    case 'pong':
      // It was heard, which is all that a heartbeat asks for. How long it took is measured on the stream that asked.
      if (talk.settings.mode === 'send') return talk.do({ type: 'tellAnswered', moment: frame[1] });
      return measure(talk, frame[1], now);
    case 'ping':
      // Nothing comes before welcome (P12); a probe has had its own.
      if (talk.phase === 'waiting' && !talk.wrote) return talk.complain('bad_frame', 'hello');
      // That this request passes says nothing of the stream beside it.
      if (talk.settings.mode === 'send') talk.do({ type: 'echo', moment: frame[1] });
      return talk.write(Message.of(['pong', frame[1]]));
    case 'hello':
      if (talk.phase !== 'waiting') return talk.complain('bad_frame', 'hello');
      talk.phase = 'opening';
      talk.deadlines.greeted(frame[1].heartbeat);
      bound(talk, { answer: frame[1].answer }, true);
      return talk.do({ type: 'join', hello: frame[1] });
    case 'continue':
      if (talk.phase !== 'waiting' || talk.settings.mode === 'stream') {
        return talk.complain('bad_frame', 'continue');
      }
      talk.phase = 'opening';
      if (talk.settings.mode === 'send') talk.answer?.carries(now);
      else talk.answer?.hold(frame[1].wait ?? 0, talk.settings.linger, now);
      bound(talk, frame[1], false);
      return talk.do({ type: 'rejoin', request: frame[1] });
    case 'skip':
      if (frame[2] > talk.acked + MAX_SKIP) return talk.complain('bad_frame', 'number');
      return queue(talk, { skipFrom: frame[1], number: frame[2] }, now);
    default:
      if (talk.phase !== 'live') return talk.complain('bad_frame', 'hello');
      return takeLive(talk, frame);
  }
}

/** Of a poll: how large its answer may be. */
function bound(talk: Conversation, asked: RoomAsked, opens: boolean): void {
  if (talk.settings.mode !== 'poll' || (asked.answer ?? asked.entry) === undefined) return;
  talk.downlink.bound(new Room(asked, opens));
}

/** What only an open session can be told. */
function takeLive(
  talk: Conversation,
  frame: Extract<ClientFrame, ['ack' | 'auth' | 'bye', ...unknown[]]>,
): void {
  switch (frame[0]) {
    case 'ack':
      if (frame[1] > (talk.downlink.offsetOf(talk.inboxLog) ?? talk.inboxHead)) {
        return talk.complain('bad_frame', 'offset');
      }
      return talk.do({ type: 'trimInbox', offset: frame[1] });
    case 'auth':
      if (talk.identifying) return talk.complain('rate_limited', 'auth');
      talk.identifying = true;
      return talk.do({ type: 'identify', credentials: frame[1] });
    case 'bye':
      talk.do({ type: 'end' });
      return talk.close('bye');
  }
}

function queue(talk: Conversation, item: Queued, now: number): void {
  if (talk.phase === 'waiting') return talk.complain('bad_frame', 'hello');
  talk.uplink ??= new Uplink(talk.settings.rate, now, talk.allowance);
  talk.allowance = undefined;
  if (talk.uplink.queued >= talk.settings.window) return talk.close('rate_limited');
  talk.uplink.take(item);
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
