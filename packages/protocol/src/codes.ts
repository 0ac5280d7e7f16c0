/**
 * The one table of codes: WebSocket close code, HTTP status, advice, sentence.
 *
 * A code travels as a system envelope whose `delta` is the name and whose
 * `lambda` is the advice, so a client obeys a code that it has never met.
 */
import type { Envelope } from './envelope.js';
import { MAX_FAULT } from './limits.js';

/** The next steps that a system envelope can advise. Closed: a machine can obey each of them. */
export type Advice =
  | 'continue' // nothing to do
  | 'monitor_stability' // watch the round-trip; the connection is young or uneasy
  | 'resume' // open a connection again, with the same session and cursors
  | 'open_session' // the session is gone: open a new one
  | 'resynchronize' // entries are missing: read the state again
  | 'refresh_credentials' // get fresh credentials, then resume
  | 'reconnect_elsewhere' // leave this node within the time given
  | 'downgrade_transport' // take the next lower transport
  | 'upgrade_transport' // a higher transport works again
  | 'back_off' // wait, then try again
  | 'correct_input' // the same bytes will be refused again
  | 'split_message' // send it in smaller parts
  | 'reload_application' // this client is too old for the server
  | 'stop'; // do not try again

export interface Code {
  /** WebSocket close code; the number that appears in every payload. */
  readonly code: number;
  /** HTTP status with which a request is answered. */
  readonly status: number;
  readonly advice: Advice;
  /** What happened and why that usually is. Constant text: never holds input. */
  readonly sentence: string;
}

export const CODES = {
  bye: { code: 1000, status: 200, advice: 'stop', sentence: 'The session was ended by one of its ends.' },
  too_big: {
    code: 1009,
    status: 413,
    advice: 'split_message',
    sentence: 'The message is over the size limit announced in welcome.',
  },
  drain: {
    code: 1012,
    status: 503,
    advice: 'reconnect_elsewhere',
    sentence: 'This node is shutting down; another one will continue the session.',
  },
  overload: {
    code: 1013,
    status: 503,
    advice: 'back_off',
    sentence: 'The server has no room or its store does not answer; nothing was acknowledged.',
  },
  bad_frame: {
    code: 4400,
    status: 400,
    advice: 'correct_input',
    sentence: 'A frame or envelope does not match the protocol; the field says where.',
  },
  unauthorized: {
    code: 4401,
    status: 401,
    advice: 'refresh_credentials',
    sentence: 'The credentials or the session key were refused; most often they have expired.',
  },
  forbidden: {
    code: 4403,
    status: 403,
    advice: 'stop',
    sentence:
      'This is not allowed for this session, or the page comes from an origin that is not on the list.',
  },
  not_found: {
    code: 4404,
    status: 404,
    advice: 'correct_input',
    sentence: 'No such channel, delta or request in the contract of this server.',
  },
  timeout: {
    code: 4408,
    status: 408,
    advice: 'resume',
    sentence: 'The other end was silent for longer than the time agreed in welcome.',
  },
  superseded: {
    code: 4409,
    status: 409,
    advice: 'resume',
    sentence: 'A newer connection of the same session took over.',
  },
  session_unknown: {
    code: 4410,
    status: 410,
    advice: 'open_session',
    sentence: 'The session ended: its window passed, or the server lost its memory in a restart.',
  },
  unsupported: {
    code: 4415,
    status: 415,
    advice: 'correct_input',
    sentence: 'The body must be JSON, sent as application/json or text/plain.',
  },
  invalid: {
    code: 4422,
    status: 422,
    advice: 'correct_input',
    sentence: 'The payload does not match the contract; the field says where.',
  },
  version: {
    code: 4426,
    status: 426,
    advice: 'reload_application',
    sentence: 'The client speaks a protocol version that this server does not.',
  },
  rate_limited: {
    code: 4429,
    status: 429,
    advice: 'back_off',
    sentence: 'Too many requests, sessions or messages in a short time.',
  },
  internal: {
    code: 4500,
    status: 500,
    advice: 'back_off',
    sentence: "The application's own handler failed; the server's log says where.",
  },
  slow_consumer: {
    code: 4503,
    status: 503,
    advice: 'resume',
    sentence: 'The connection did not take its data for too long; everything is still in the log.',
  },
} as const satisfies Record<string, Code>;

export type CodeName = keyof typeof CODES;

/** The payload of every error on the wire. */
export interface Fault {
  code: number;
  message: string;
  /** Path of the offending field, as in `omega` or `payload.text`. */
  field?: string;
  /** Milliseconds to wait before another try. */
  retryAfter?: number;
}

/** The named levels of `dimension`. */
export const Dimension = { message: 1, connection: 2, session: 3, node: 4, cluster: 5 } as const;

/** A code as the system envelope that carries it. */
export function faultEnvelope(
  name: CodeName,
  dimension: number,
  detail: Partial<Pick<Fault, 'field' | 'message' | 'retryAfter'>> = {},
): Envelope<Fault> {
  const { code, advice, sentence } = CODES[name];
  const payload: Fault = { code, ...detail, message: (detail.message ?? sentence).slice(0, MAX_FAULT) };
  if (payload.field !== undefined) payload.field = payload.field.slice(0, MAX_FAULT);
  return { delta: name, dimension, omega: 1, lambda: advice, payload };
}
