/**
 * PURE. Attempts → verdicts, as data: why this transport, what was tried, what
 * each failure proves, and where to read what would mend it.
 */
import type { Curable } from './cures.js';
import type { TransportName } from './transports/transport.js';

/** How an attempt ended: what that proves about the way through the network, if anything. */
export type VerdictCode = Curable | 'draining' | 'superseded' | 'left' | 'lost' | 'resync';

/** What ended an attempt, as it was seen; nothing of it when nothing came in time. */
export interface Cause {
  /** Our own: it is no longer needed, or what it brought did not fit. */
  verdict?: 'left' | 'resync';
  /** The server's, with a code. */
  advice?: string;
  /** The network's: WebSocket close code, or HTTP status, 0 when there was none. */
  status?: number;
  /** The name of a code, or what the network said. */
  detail?: string;
  /** Since anything was heard, ms. */
  idle?: number;
  /** Before another attempt, ms. */
  wait?: number;
}

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

const BY_ADVICE: Readonly<Record<string, VerdictCode>> = {
  refresh_credentials: 'auth',
  reload_application: 'version',
  back_off: 'overload',
  reconnect_elsewhere: 'draining',
  correct_input: 'not-available',
};

/** What the end of an attempt at `now` proves. */
export function judge(attempt: Attempt, cause: Cause, now: number): VerdictCode {
  const { verdict, advice, status, detail, idle = 0 } = cause;
  if (verdict) return verdict;
  if (advice) {
    return detail === 'forbidden' || detail === 'superseded' ? detail : (BY_ADVICE[advice] ?? 'lost');
  }
  if (/^(404|405|501)$/.test(`${status}`)) return 'not-available';
  const { transport, openedAt, welcomeAt, provenAt } = attempt;
  const silent = status === undefined;
  if (transport !== 'websocket' && transport !== 'sse') return welcomeAt ? 'poll-cut' : 'poll-refused';
  if (provenAt && now - welcomeAt! >= EARLY) return idle >= EARLY ? 'idle-cut' : 'lost';
  if (transport === 'sse') {
    if (silent) return welcomeAt ? 'sse-one-behind' : 'sse-buffered';
    return openedAt ? 'sse-killed-early' : 'sse-refused';
  }
  if (silent) return openedAt ? 'ws-silent' : 'ws-timeout';
  return openedAt ? 'ws-killed-early' : 'ws-refused';
}

/** Whether a verdict speaks against the transport, and not against the server, the network or ourselves. */
export const blames = (verdict: VerdictCode): boolean => /^(ws|sse|poll|not)-/.test(verdict);

/** Names what would mend it, as a place in the documentation; `@iskra/client/cures` has the sentence. */
export const cureOf = (verdict: VerdictCode | undefined): string | undefined =>
  !verdict || /^(draining|superseded|left|lost|resync)$/.test(verdict) ? undefined : `cures#${verdict}`;

/** Certainty from the number of times that the same was seen: 0.5, 0.75, 0.875 … */
export const certainty = (evidence: number): number => 1 - 0.5 ** evidence;
