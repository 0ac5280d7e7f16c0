/**
 * PURE. A system event: what it is made of, and how. Nothing that came from outside gets into one but what has a place
 * here, and each place lets through only what such a thing looks like: no credentials, keys, payloads, URLs or texts.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { CODES, Dimension } from '@iskra/protocol/wire';
import type { Advice, CodeName, Envelope, FractalMetadata, GapReason } from '@iskra/protocol/wire';
import { EVENTS, sureness } from './catalogue.js';
import type { Category, EventName } from './catalogue.js';
import type { Cure, Facts } from './patterns/pattern.js';
import { networkOf } from './sampling.js';

/** Which part of the application, or of this node, an event speaks of. */
export type Hook =
  | 'authenticate'
  | 'authorize'
  | 'beat'
  | 'connect'
  | 'contract'
  | 'disconnect'
  | 'events'
  | 'publish'
  | 'request'
  | 'subscribe'
  | 'sweep'
  | 'systemEvents';

/** Numbers of an event, each with its unit. */
export interface EventNumbers {
  /** Of the send in its session, from 1. */
  number?: number | undefined;
  /** Of the connection in its session, from 1: with the session it names a connection. */
  generation?: number | undefined;
  /** Connections of this node, afterwards. */
  active_connections?: number | undefined;
  /** Connections that were closed. */
  closed?: number | undefined;
  /** Seconds since the beginning, to a tenth. */
  elapsed?: number | undefined;
  /** Seconds that are left. */
  left?: number | undefined;
  /** Seconds that there are. */
  timeout?: number | undefined;
  /** Milliseconds without a connection on this node. */
  away?: number | undefined;
  /** Milliseconds since the client was heard last. */
  silent?: number | undefined;
  /** Heartbeats that nothing was heard for. */
  missed?: number | undefined;
  /** Events that were left out, whom they were of, and in how many seconds. */
  count?: number | undefined;
  senders?: number | undefined;
  window?: number | undefined;
}

/** What whoever tells of an event knows of it. Texts from outside may be in it as they came. */
export interface EventDetail extends EventNumbers {
  /** The session's id; told as a label. */
  session?: string | undefined;
  /** What the client calls its attempt. */
  attempt?: string | undefined;
  /** The trace id of the request that opened the connection. */
  trace?: string | undefined;
  transport?: string | undefined;
  address?: string | undefined;
  /** What a refusal is for. */
  field?: string | undefined;
  /** The name of a request that has a handler. */
  request?: string | undefined;
  hook?: Hook | undefined;
  /** Of a connection that was closed with a code, and is told under another name. */
  code?: CodeName | undefined;
  /** Transports before and after a switch. */
  from?: string | undefined;
  to?: string | undefined;
  reason?: GapReason | 'bye' | 'disconnected' | undefined;
  /** The event that was left out. */
  of?: EventName | undefined;
  /** How many independent observations say so, where the catalogue counts them. */
  evidence?: number | undefined;
}

/** By which a message is followed up to its session: whose it is, and by which connection it came. */
export type Ids = Pick<EventDetail, 'session' | 'generation' | 'attempt' | 'trace' | 'transport' | 'address'>;

/** What events are told of; its ids are asked for when there is something to tell. */
export interface Source {
  readonly ids: Ids;
}

/** What an event says. Its parents, as far as they are known, from the message up: number, generation, session, node, cluster. */
export interface EventPayload extends EventNumbers, Facts {
  /** Milliseconds since 1970. */
  at: number;
  category: Category;
  cluster: string;
  node: string;
  /** Eight characters of a hash: enough to follow a session, nothing to use it with. */
  session?: string;
  /** As the client's own `explain()` calls it; a label, where that is no name of our client. */
  attempt?: string;
  trace?: string;
  transport?: string;
  address?: string;
  /** Of a refusal: the event's name, too. */
  code?: CodeName;
  field?: string;
  request?: string;
  hook?: Hook;
  from?: string;
  to?: string;
  reason?: string;
  of?: EventName;
  /** The class of what was thrown. */
  error?: string;
}

/** What happened on a server, as an envelope: one row of the catalogue. */
export interface SystemEvent<Name extends string = EventName> extends Envelope<EventPayload> {
  delta: Name;
  lambda: Advice | Cure;
  payload: EventPayload;
  /** How it feels at this level, where that is measured. */
  fractal_metadata?: FractalMetadata;
}

/** Whose event it is, as far as one can be told from another: a network, or a session. */
export function senderOf({ payload: { address, session = '' } }: SystemEvent): string {
  return address === undefined ? session : networkOf(address);
}

/** On which node it is told, and when. */
export interface Where {
  readonly cluster: string;
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export function createEvent(name: EventName, detail: EventDetail, where: Where): SystemEvent {
  const { category, dimension, lambda, omega } = EVENTS[name];
  const payload: EventPayload = { at: where.at, category, cluster: where.cluster, node: where.node };
  if (name in CODES) payload.code = name as CodeName;
  for (const key of Object.keys(detail) as (keyof EventDetail)[]) {
    const value = detail[key];
    if (value === undefined || key === 'evidence') continue;
    Object.assign(payload, { [key]: typeof value === 'number' ? value : (TEXTS[key]?.(value) ?? value) });
  }
  return {
    delta: name,
    dimension: detail.number === undefined ? dimension : Dimension.message,
    omega: omega === 'counted' ? sureness(detail.evidence ?? 1) : omega,
    lambda,
    payload,
  };
}

/** What of a text gets through, where it may have come from outside. */
const TEXTS: Partial<Record<keyof EventDetail, (text: string) => string>> = {
  session: sessionLabel,
  attempt: (text) => (ATTEMPT.test(text) ? text : label(text)),
  trace: (text) => (TRACE.test(text) ? text : 'unknown'),
  address: knownAddress,
  field: knownField,
  request: printable,
};

/** As our own client numbers its attempts. */
const ATTEMPT = /^(websocket|sse|long-poll|polling)-\d{1,9}$/;
const TRACE = /^[0-9a-f]{32}$/;

let lastSession = '';
let lastLabel = '';

/** A session as events name it: enough to follow one, nothing to use it with. */
export function sessionLabel(session: string): string {
  // Events of one session come in bursts.
  if (session !== lastSession) {
    lastLabel = label(session);
    lastSession = session;
  }
  return lastLabel;
}

function label(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 8);
}

/** The names of our own fields, and of what a request is refused for. Any other comes from the input, and is not repeated. */
const FIELDS = new Set(
  (
    'message frame tag hello continue version nonce key probe auth cursors attempt heartbeat generation wait number channel ' +
    'options since last presence offset moment envelope delta dimension omega lambda payload fractal_metadata origin url ' +
    'body address upgrade content-type content-encoding'
  ).split(' '),
);

function knownField(field: string): string {
  const [first = ''] = field.split('.');
  return FIELDS.has(first) ? first : 'unknown';
}

/** A proxy may say whatever it likes of whom it speaks for: only what is an address is repeated. */
function knownAddress(address: string): string {
  // Behind a % comes the name of an interface, which may be any.
  const [plain = ''] = address.split('%');
  return isIP(plain) === 0 ? 'unknown' : plain;
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text from outside, made fit for a line: no control characters or direction marks, at most 256 characters. */
export function printable(text: string): string {
  return text.slice(0, 256).replace(CONTROL, '');
}
