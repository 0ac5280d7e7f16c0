/**
 * PURE. What a session knows on one connection, and the verbs by which it
 * speaks: whatever is said goes into `effects`, in order.
 */
import { Dimension, faultEnvelope } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import { Answer } from './answer.js';
import { Deadlines } from './deadlines.js';
import { Downlink } from './downlink.js';
import { Heartbeats } from './heartbeats.js';
import { Message } from './message.js';
import type { Bucket } from './rates.js';
import type { SessionEffect, SessionSettings } from './session-events.js';
import type { Uplink } from './uplink.js';

export type Phase = 'waiting' | 'opening' | 'live' | 'closed';

/** While nothing was said; never pushed to. */
const NOTHING: SessionEffect[] = [];

export class Conversation {
  readonly settings: SessionSettings;
  readonly deadlines: Deadlines;
  readonly downlink: Downlink;
  /** Of a stream. */
  readonly heartbeats: Heartbeats | undefined;
  /** Of a request that has one answer. */
  readonly answer: Answer | undefined;
  phase: Phase = 'waiting';
  /** The session's id, once it is known. */
  id: string | undefined;
  generation = 0;
  /** Something was written. */
  wrote = false;
  /** The answer was given before the work was done. */
  answered = false;
  /** Head of the inbox when the connection came in. */
  inboxHead = 0;
  /** The name of the inbox in the store, made once: it is a key of several maps. */
  inboxLog = '';
  /** What is known of the session is as of this one. */
  revision = 0;
  /** The last send that is known to be committed. */
  acked = 0;
  /** Credentials are being looked at. */
  identifying = false;
  /** Frames that came behind `hello` while the session was being opened. */
  early: unknown[] | undefined;
  /** Made with the first send, let go at rest: most sessions send nothing most of the time. */
  uplink: Uplink | undefined;
  /** Sends that the session's rate lets through at first; what its other requests have left of it. */
  allowance: number | undefined;
  /** Frames beside the sends that may still come; let go when it is full. */
  chatter: Bucket | undefined;
  #effects: SessionEffect[] = NOTHING;

  constructor(settings: SessionSettings, now: number) {
    this.settings = settings;
    this.deadlines = new Deadlines(settings, now);
    this.downlink = new Downlink(settings.readSize);
    this.heartbeats = settings.mode === 'stream' ? new Heartbeats() : undefined;
    this.answer = settings.mode === 'stream' ? undefined : new Answer();
  }

  /** What was said since this was asked last. Nothing of it is kept: at rest there are positions and no more. */
  said(): SessionEffect[] {
    const effects = this.#effects;
    this.#effects = NOTHING;
    return effects;
  }

  do(effect: SessionEffect): void {
    if (effect.type === 'write') this.wrote = true;
    if (this.#effects === NOTHING) this.#effects = [];
    this.#effects.push(effect);
  }

  doAll(effects: readonly SessionEffect[]): void {
    for (const effect of effects) this.do(effect);
  }

  write(message: Message): void {
    this.downlink.spend(message);
    this.do({ type: 'write', message });
  }

  close(code: CodeName, field?: string, retryAfter?: number): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    const detail = { ...(field !== undefined && { field }), ...(retryAfter !== undefined && { retryAfter }) };
    this.write(Message.of(['close', faultEnvelope(code, Dimension.connection, detail)]));
    this.do({ type: 'close', code, ...detail });
  }

  /** An error that costs the client one frame, not its session (P5). Without a session there is nothing to keep. */
  complain(code: CodeName, field: string): void {
    if (this.phase !== 'live') return this.close(code, field);
    this.write(Message.of(['error', faultEnvelope(code, Dimension.message, { field })]));
  }

  /** The answer of a poll or of a batch of sends is complete. */
  finish(code?: CodeName, retryAfter?: number): void {
    this.phase = 'closed';
    this.do({ type: 'finish', ...(code !== undefined && { code, retryAfter }) });
  }
}
