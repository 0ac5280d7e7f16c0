/**
 * PURE. Attempts → verdicts → cures, as data: why this transport, what was
 * tried, what each failure proves, and what would mend it.
 */
import type { TransportName } from './transports/transport.js';

/** For each verdict that has one: what would mend it. */
export const CURES = {
  'ws-refused': 'let the proxy pass Upgrade',
  'ws-timeout': 'something holds the handshake: use TLS',
  'ws-silent': 'switch off WebSocket inspection',
  'ws-killed-early': 'allow long-lived WebSockets',
  'sse-refused': 'let POST …/sse pass',
  'sse-buffered': 'switch off buffering: proxy_buffering off',
  'sse-one-behind': 'switch off web inspection',
  'sse-killed-early': 'allow streams over 10 s',
  'poll-refused': 'let POST …/poll pass',
  'poll-cut': 'allow answers to take 30 s',
  'idle-cut': 'raise the idle timeout over the heartbeat',
  auth: 'check what `auth` gives',
  forbidden: 'list this origin',
  version: 'reload',
  overload: 'add nodes',
  'server-down': 'check url and server',
  'not-available': 'leave it out of `transports`',
} as const;

/** How an attempt ended: what that proves about the way through the network, if anything. */
export type VerdictCode = keyof typeof CURES | 'draining' | 'superseded' | 'left' | 'lost' | 'resync';

/** What ended an attempt, as it was seen. */
export type Cause =
  /** The other side or the network. `idle`: ms since anything was heard. */
  | { by: 'network'; status: number; detail: string; idle: number }
  /** Nothing came in time. */
  | { by: 'silence' }
  /** The server said why, and how long to wait (ms). */
  | { by: 'server'; name: string; advice: string; wait: number }
  /** We: it is no longer needed, or what it brought did not fit. */
  | { by: 'us'; code: 'left' | 'resync'; wait?: number };

/** One attempt to open a connection. Times in ms of the environment's clock. */
export interface Attempt {
  readonly attempt: number;
  readonly transport: TransportName;
  /** `probe`: only looks whether the transport works, and leaves the session alone. */
  role: 'race' | 'attach' | 'probe';
  startedAt: number;
  openedAt?: number;
  welcomeAt?: number;
  provenAt?: number;
  endedAt?: number;
  generation?: number;
  verdict?: VerdictCode;
  /** How sure the verdict is, from the times that the same was seen. */
  omega?: number;
  detail?: string;
}

/** A transport that dies within this time of its welcome has not shown that it works, ms. */
export const EARLY = 10_000;

const BY_NAME: Readonly<Record<string, VerdictCode>> = {
  unauthorized: 'auth',
  forbidden: 'forbidden',
  version: 'version',
  overload: 'overload',
  rate_limited: 'overload',
  internal: 'overload',
  drain: 'draining',
  superseded: 'superseded',
  not_found: 'not-available',
};

/** What the end of an attempt at `now` proves. */
export function judge(attempt: Attempt, cause: Cause, now: number): VerdictCode {
  if (cause.by === 'us') return cause.code;
  if (cause.by === 'server') {
    return BY_NAME[cause.name] ?? (cause.advice === 'correct_input' ? 'not-available' : 'lost');
  }
  const { transport, openedAt, welcomeAt, provenAt } = attempt;
  const status = cause.by === 'network' && cause.status;
  if (status === 404 || status === 405 || status === 501) return 'not-available';
  if (transport !== 'websocket' && transport !== 'sse') return welcomeAt ? 'poll-cut' : 'poll-refused';
  if (provenAt && now - welcomeAt! >= EARLY) {
    return cause.by === 'network' && cause.idle >= EARLY ? 'idle-cut' : 'lost';
  }
  if (transport === 'sse') {
    if (cause.by === 'silence') return welcomeAt ? 'sse-one-behind' : 'sse-buffered';
    return openedAt ? 'sse-killed-early' : 'sse-refused';
  }
  if (cause.by === 'silence') return openedAt ? 'ws-silent' : 'ws-timeout';
  return openedAt ? 'ws-killed-early' : 'ws-refused';
}

/** Whether a verdict speaks against the transport, and not against the server, the network or ourselves. */
export const blames = (verdict: VerdictCode): boolean => /^(ws|sse|poll|not)-/.test(verdict);

/** Certainty from the number of times that the same was seen: 0.5, 0.75, 0.875 … */
export const certainty = (evidence: number): number => 1 - 0.5 ** evidence;
