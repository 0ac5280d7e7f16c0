/**
 * PURE. The one table of what a server tells of itself: of each event how deep it is, what it is about, how loud its
 * line is, what to do, how sure it is, and its sentence. `docs/guide/events.md` has the same rows; a test compares them.
 */
import { CODES, Dimension } from '@iskra/protocol/wire';
import type { Advice, CodeName } from '@iskra/protocol/wire';
import type { Cure } from './patterns/pattern.js';

/** What an event is about. */
export type Category =
  | 'message' // what one client said, and what came of it
  | 'connection' // one live transport
  | 'session' // the durable conversation
  | 'security' // who may come, and who may do what
  | 'application' // the application's own code
  | 'store' // the memory behind the nodes
  | 'drain' // a node on its way out
  | 'node' // this process
  | 'pattern'; // what several of the others are together

export type LineLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Kind {
  /** The level at which something changed, from 1 for a message to 5 for the cluster. */
  readonly dimension: number;
  readonly category: Category;
  readonly level: LineLevel;
  readonly lambda: Advice | Cure;
  /** How sure it is; `counted` where the event brings its evidence: see {@link sureness}. */
  readonly omega: number | 'counted';
  /** What happened and why that usually is. `{left}` stands for a number of the payload, `{closed connections}` for one with its noun. */
  readonly sentence: string;
}

/**
 * How sure so many pieces of evidence make, each independent of the others: the first leaves half of the doubt, the second
 * half of that. 0 for none, 0.5, 0.75, 0.88 …
 */
export function sureness(evidence: number): number {
  return Math.round((1 - 2 ** -Math.max(0, evidence)) * 100) / 100;
}

/** What this node did or decided itself. */
const SELF = 1;
/** One end has said it, and nothing has confirmed it. */
const SAID = sureness(1);
/** It went down and its answer came up. */
const ECHOED = sureness(2);

const about =
  (dimension: number, category: Category) =>
  (level: LineLevel, lambda: Kind['lambda'], omega: Kind['omega'], sentence: string): Kind => ({
    ...{ dimension, category, level, lambda, omega, sentence },
  });

const connection = about(Dimension.connection, 'connection');
const session = about(Dimension.session, 'session');
const message = about(Dimension.message, 'message');
const application = about(Dimension.message, 'application');
const store = about(Dimension.node, 'store');
const node = about(Dimension.node, 'node');
const drain = about(Dimension.node, 'drain');
const leaving = about(Dimension.connection, 'drain');
/** One level above what it is seen in. */
const pattern = (dimension: number, lambda: Cure, sentence: string): Kind =>
  about(dimension + 1, 'pattern')('warn', lambda, 'counted', sentence);

const OWN = {
  // ── connections ─────────────────────────────────────────────────────────
  connection_welcomed: connection(
    'debug',
    'monitor_stability',
    SAID,
    'A client has its welcome; its transport is not proven yet.',
  ),
  probe_answered: connection(
    'debug',
    'monitor_stability',
    SAID,
    'A client that only looks has its welcome; nothing was changed.',
  ),
  transport_proven: connection(
    'debug',
    'continue',
    ECHOED,
    'What was sent down a transport has come up again: it works both ways.',
  ),
  transport_unproven: connection(
    'debug',
    'monitor_stability',
    SAID,
    'A connection has ended before anything showed that it works: it lost a race, or something on the way keeps what is sent.',
  ),
  transport_downgraded: connection(
    'info',
    'monitor_stability',
    SELF,
    'A session goes on over a lower transport: something on its way does not let the higher one through.',
  ),
  transport_upgraded: connection('info', 'continue', SELF, 'A session goes on over a higher transport.'),
  connection_lost: connection(
    'debug',
    'resume',
    SAID,
    'A connection has ended without a word: its client left, or something on the way cut it.',
  ),
  heartbeat_missed: connection(
    'debug',
    'monitor_stability',
    'counted',
    'Nothing was heard of a client for {missed heartbeats}.',
  ),
  zombie_closed: connection(
    'warn',
    'resume',
    'counted',
    'A connection was closed on which nothing was heard for {missed heartbeats}: its other end is gone or cut off.',
  ),
  // ── sessions ────────────────────────────────────────────────────────────
  session_opened: session('debug', 'continue', SELF, 'A session was opened.'),
  session_resumed: session('debug', 'continue', SELF, 'A session goes on over a new connection.'),
  session_ended: session('debug', 'stop', SELF, 'A session was ended by one of its ends.'),
  // ── messages ────────────────────────────────────────────────────────────
  gap: message(
    'info',
    'resynchronize',
    SELF,
    'Entries cannot be delivered to a client any more; it was told where, and why.',
  ),
  // ── the application ─────────────────────────────────────────────────────
  handler_failed: application(
    'error',
    'back_off',
    SELF,
    "The application's own code threw; the session goes on.",
  ),
  // ── the store ───────────────────────────────────────────────────────────
  store_failed: store('error', 'back_off', SELF, 'The store did not answer; nothing was acknowledged.'),
  store_away: store(
    'error',
    'back_off',
    'counted',
    'The store has not answered for some seconds: not ready, {active_connections connections} sent away.',
  ),
  store_back: store('info', 'continue', SELF, 'The store answers: ready again.'),
  // ── a node, and its way out ─────────────────────────────────────────────
  node_started: node('info', 'continue', SELF, 'A node of this name has started.'),
  node_stopped: node('info', 'continue', SELF, 'The node has stopped.'),
  drain_began: drain(
    'info',
    'reconnect_elsewhere',
    SELF,
    'Shutting down: {active_connections active connections}, {timeout} s for clients to leave.',
  ),
  drain_progress: drain(
    'info',
    'monitor_stability',
    SELF,
    'Shutting down: {active_connections active connections}, {elapsed} s elapsed, {left} s left.',
  ),
  client_left: leaving('info', 'continue', SELF, 'A client has left, {active_connections} remain.'),
  drain_forced: drain('warn', 'resume', SELF, 'The time is over: {closed connections} closed.'),
  drain_ended: drain('info', 'continue', SELF, 'All clients gone, finished in {elapsed} s.'),
  // ── patterns ────────────────────────────────────────────────────────────
  fallback_storm: pattern(
    Dimension.connection,
    'let_transport_pass',
    'Sessions of one network leave {from}, {sessions} of them in {window} s: something on their way was changed.',
  ),
  idle_cut: pattern(
    Dimension.connection,
    'shorten_heartbeat',
    'Connections end after {silence} ms of silence, {cuts} times in {window} s: something cuts what is quiet for so long.',
  ),
  buffering_proxy: pattern(
    Dimension.connection,
    'switch_off_buffering',
    'Event streams of one network open and bring nothing, those of {sessions sessions} in {window} s: something collects answers.',
  ),
  flapping_client: pattern(
    Dimension.connection,
    'downgrade_transport',
    'One session fell {falls} times in {window} s, and came back to fall again.',
  ),
  reconnect_stampede: pattern(
    Dimension.session,
    'back_off',
    'In {window} s {sessions sessions} came back: something that carried them all has ended.',
  ),
  slow_consumers: pattern(
    Dimension.connection,
    'publish_less',
    'In {window} s {sessions sessions} were closed that did not take their data: more is published than they can take.',
  ),
  // ── the telling itself ──────────────────────────────────────────────────
  left_out: node(
    'warn',
    'monitor_stability',
    SELF,
    'More of the same came, and {count} of them were left out, of {senders senders} within {window} s.',
  ),
} satisfies Record<string, Kind>;

/** What a refusal with a code is about, and how loud it is told. */
const REFUSALS: Record<CodeName, readonly [Category, LineLevel]> = {
  bye: ['session', 'debug'],
  too_big: ['message', 'warn'],
  drain: ['drain', 'info'],
  overload: ['node', 'warn'],
  bad_frame: ['message', 'warn'],
  unauthorized: ['security', 'warn'],
  forbidden: ['security', 'warn'],
  not_found: ['message', 'warn'],
  timeout: ['connection', 'warn'],
  superseded: ['connection', 'debug'],
  session_unknown: ['session', 'info'],
  unsupported: ['message', 'warn'],
  invalid: ['message', 'warn'],
  version: ['connection', 'warn'],
  rate_limited: ['security', 'warn'],
  internal: ['application', 'warn'],
  slow_consumer: ['connection', 'warn'],
};

/** A refusal is told under the name of its code. One of a send is of the dimension 1. */
const refusals = Object.fromEntries(
  Object.entries(CODES).map(([name, { advice, sentence }]) => {
    const [category, level] = REFUSALS[name as CodeName];
    const dimension = category === 'session' ? Dimension.session : Dimension.connection;
    return [name, about(dimension, category)(level, advice, SELF, sentence)];
  }),
) as Record<CodeName, Kind>;

/** The names of all events: our own, and those of the codes for what was refused. */
export type EventName = keyof typeof OWN | CodeName;

export const EVENTS: Readonly<Record<EventName, Kind>> = { ...OWN, ...refusals };

/** The sentence of an event with the numbers of its payload in it. */
export function sentenceOf(name: EventName, payload: object): string {
  return EVENTS[name].sentence.replace(/\{(\w+)(?: ([a-z ]+))?\}/g, (_, field: string, noun?: string) => {
    const value = (payload as Readonly<Record<string, unknown>>)[field] ?? '?';
    if (noun === undefined) return String(value as number);
    return `${String(value as number)} ${value === 1 ? noun.replace(/s$/, '') : noun}`;
  });
}
