/**
 * PURE. Attempts → verdicts, as data: why this server and transport, what was tried, what
 * each failure proves, and where to read what would mend it.
 */
import type { Curable } from '@iskra/protocol/wire';
import { ANSWER, EARLY, staysBehind, wentNowhere } from './attempt.js';
import type { Attempt, Rung } from './attempt.js';
import type { Breaker } from './breaker.js';
import type { Learned } from './path.js';
import type { Policy } from './policy.js';
import type { TransportName } from './transports/transport.js';

/** How an attempt ended: what that proves about the way through the network, if anything. */
export type VerdictCode = Curable | 'draining' | 'superseded' | 'left' | 'lost' | 'resync';

/** What is known of an attempt or of a transport. `cure`: where to read what would mend it; see `@iskra/client/cures`. */
interface Judged {
  verdict: VerdictCode | undefined;
  cure: string | undefined;
}

export type Phase = 'idle' | 'racing' | 'waiting' | 'young' | 'steady';

export interface ExplainedAttempt
  extends
    Judged,
    Pick<
      Attempt,
      | 'attempt'
      | 'server'
      | 'transport'
      | 'role'
      | 'startedAt'
      | 'openedAt'
      | 'welcomeAt'
      | 'provenAt'
      | 'endedAt'
    > {
  /** What the server calls it in its log, at level debug: `websocket-1`. */
  id: string;
  detail: string | undefined;
  /** How sure the verdict is, from the times that the same was seen: 0.5, 0.75, 0.875 … */
  omega: number;
}

export interface Explanation {
  /** The last 50, oldest first. */
  attempts: ExplainedAttempt[];
  /** What is held against each transport of each server, best first; until when, ms. */
  transports: (Judged & { server: string; transport: TransportName; strikes?: number; until?: number })[];
  /** Each server, the primary first: `server-down` when nobody of it answered the last time. */
  servers: (Judged & { server: string })[];
  phase: Phase;
  current: TransportName | undefined;
  /** `open`: a server rejected everything after it opened, several times, and is asked ever more rarely (P57). */
  breaker: 'closed' | 'open' | 'half-open';
  /** What was learned of the way, also on earlier visits: the heartbeat that keeps connections alive, the bytes that pass. */
  path: Learned;
  /** Why it is this one: the verdict against the best, if there is one. */
  why: VerdictCode | undefined;
}

/** What a policy knows, in words. */
export function explain(
  policy: Policy,
  log: readonly Attempt[],
  ladder: readonly Rung[],
  { heartbeat, first, request, answer }: Learned = {},
  breaker?: Breaker,
): Explanation {
  const { standings, current } = policy;
  const judged = (attempt: Attempt | undefined): Judged => {
    const verdict = attempt && verdictOf(attempt);
    return { verdict, cure: cureOf(verdict) };
  };
  const held = ladder.map(({ server, transport, rank }) => {
    const { attempt, ...rest } = standings.get(rank) ?? {};
    return { server, transport, ...rest, ...judged(attempt) };
  });
  const servers = serversOf(ladder).map((server) => ({ server, ...judged(downBy(server, log)) }));
  return {
    attempts: log.map((one) => {
      const { attempt, server, transport, role, startedAt, openedAt, welcomeAt, provenAt, endedAt, cause } =
        one;
      const times = { startedAt, openedAt, welcomeAt, provenAt, endedAt };
      const detail =
        [cause?.status, cause?.detail].filter((part) => part !== undefined).join(' ') || undefined;
      const id = `${transport}-${attempt}`;
      return {
        id,
        attempt,
        server,
        transport,
        role,
        ...times,
        detail,
        omega: certainty(one, log),
        ...judged(one),
      };
    }),
    transports: held,
    servers,
    phase: phaseOf(policy),
    current: current?.transport,
    breaker: !breaker?.isBroken() ? 'closed' : phaseOf(policy) === 'waiting' ? 'open' : 'half-open',
    path: { heartbeat, first, request, answer },
    why: (current && current.server !== servers[0]?.server && servers[0]?.verdict) || held[0]?.verdict,
  };
}

/** The servers of a ladder, the primary first. */
export const serversOf = (ladder: readonly Rung[]): string[] => [
  ...new Set(ladder.map(({ server }) => server)),
];

/** The attempt that shows that a server is down; undefined when the last that is known of it is an answer. */
export function downBy(server: string, log: readonly Attempt[]): Attempt | undefined {
  const known = log.filter(
    (one) => one.server === server && (one.welcomeAt || one.cause?.advice || one.serverDown),
  );
  const last = known.at(-1);
  return last?.serverDown ? last : undefined;
}

const BY_ADVICE: Readonly<Record<string, VerdictCode>> = {
  refresh_credentials: 'auth',
  reload_application: 'version',
  back_off: 'overload',
  reconnect_elsewhere: 'draining',
  correct_input: 'not-available',
};

/** What the end of an attempt proves; undefined as long as it has not ended. */
export function verdictOf(one: Attempt): VerdictCode | undefined {
  const { transport, polls, openedAt, welcomeAt, provenAt, heardAt, endedAt, cause, serverDown } = one;
  if (!cause) return undefined;
  if (serverDown) return 'server-down';
  const { verdict, advice, status, detail } = cause;
  if (verdict === 'left' && fellSilent(one)) return 'half-open';
  if (verdict) return verdict;
  if (advice) {
    return detail === 'forbidden' || detail === 'superseded' ? detail : (BY_ADVICE[advice] ?? 'lost');
  }
  if (/^(404|405|501)$/.test(`${status}`)) return 'not-available';
  const silent = status === undefined;
  if (wentNowhere(one)) return 'half-open';
  if (polls) return !welcomeAt ? 'poll-refused' : status === 200 ? 'poll-oversize' : 'poll-cut';
  if (one.idle) return 'idle-cut';
  if (staysBehind(one)) return 'sse-one-behind';
  if (provenAt && cause.silent !== undefined) return 'half-open';
  const old = endedAt! - welcomeAt! >= EARLY;
  // One that is old has lived through many silences: only a long one may have been too long for it.
  if (provenAt && (old ? endedAt! - heardAt >= EARLY : one.idle === null)) return 'idle-cut';
  if (provenAt && old) return 'lost';
  if (transport === 'sse') {
    if (silent) return welcomeAt ? 'sse-one-behind' : 'sse-buffered';
    return openedAt ? 'sse-killed-early' : 'sse-refused';
  }
  if (silent) return openedAt ? 'ws-silent' : 'ws-timeout';
  return openedAt ? 'ws-killed-early' : 'ws-refused';
}

/** It was busy, and did not answer until its successor was there. One that was quiet may have been asked by way of another node. */
const fellSilent = ({ asked = 0, heardAt, endedAt = 0, usual }: Attempt): boolean =>
  asked > heardAt && endedAt - asked >= ANSWER && endedAt - heardAt > usual * 2;

/** How sure the verdict of an attempt is, from the times that it was seen up to then. */
export const certainty = (attempt: Attempt, log: readonly Attempt[]): number => {
  const same = log.filter(
    (one) =>
      one.attempt <= attempt.attempt && one.rank === attempt.rank && verdictOf(one) === verdictOf(attempt),
  );
  return 1 - 0.5 ** same.length;
};

/** Where the policy stands. */
export function phaseOf({ newest, running, deadline }: Policy): Phase {
  const best = newest();
  if (best) return best.provenAt ? 'steady' : 'young';
  if (running.some(({ role, welcomeAt }) => role !== 'probe' && !welcomeAt)) return 'racing';
  return deadline < Infinity ? 'waiting' : 'idle';
}

/** Names what would mend it, as a place in the documentation; `@iskra/client/cures` has the sentence. */
export const cureOf = (verdict: VerdictCode | undefined): string | undefined =>
  !verdict || /^(draining|superseded|left|lost|resync)$/.test(verdict) ? undefined : `cures#${verdict}`;
