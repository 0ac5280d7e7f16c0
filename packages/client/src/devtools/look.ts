/** PURE. The session as the devtools show it: rungs, attempts, channels and sends, as rows. */
import { INBOX } from '@iskra/protocol/wire';
import type { Position } from '@iskra/protocol/wire';
import type { ExplainedAttempt, Explanation, VerdictCode } from '../explain.js';
import type { Feeling } from '../insight.js';
import type { Pending } from '../outbox.js';
import type { Status } from '../session-events.js';
import type { TransportName } from '../transports/transport.js';

/** How it is with a transport: the first of these that is true. */
export type RungState =
  | 'blocked'
  | 'carries'
  | 'trying'
  | 'held back'
  | 'not tried'
  | 'worked'
  /** It lost the race. */
  | 'not needed'
  | 'failed';

export interface RungRow {
  server: string;
  transport: TransportName;
  state: RungState;
  verdict: VerdictCode | undefined;
  /** Until the verdict expires, ms; 0 without one. */
  left: number;
  /** Among the last 50. */
  attempts: number;
}

export interface ChannelRow {
  name: string;
  position: Position;
  /** Undefined where nobody knows. */
  members: number | undefined;
  gaps: number;
}

export interface SendRow {
  number: number;
  tag: string;
  /** The channel, or the name of the request. */
  about: string;
  /** `committed`: it has happened, and only its outcome is to come. */
  state: Pending['state'] | 'committed';
  /** How long it waits, ms; undefined when it was there before the devtools. */
  age: number | undefined;
  bytes: number;
}

export function rungsOf(
  { transports, attempts, phase }: Explanation,
  { transport: carrier, server: carriedBy }: Pick<Status & Feeling, 'transport' | 'server'>,
  blocked: ReadonlySet<TransportName>,
  now: number,
): RungRow[] {
  const isCarried = phase === 'steady' || phase === 'young';
  return transports.map(({ server, transport, verdict, until = 0 }) => {
    const own = attempts.filter((one) => one.server === server && one.transport === transport);
    const last = own.at(-1);
    const state = (): RungState => {
      if (blocked.has(transport)) return 'blocked';
      if (isCarried && transport === carrier && server === carriedBy) return 'carries';
      if (own.some(({ endedAt }) => endedAt === undefined)) return 'trying';
      if (until > now) return 'held back';
      if (!last) return 'not tried';
      if (own.some(({ welcomeAt }) => welcomeAt !== undefined)) return 'worked';
      return last.verdict === 'left' ? 'not needed' : 'failed';
    };
    return {
      server,
      transport,
      state: state(),
      // What is held against it, or what became of it last.
      verdict: verdict ?? (last?.verdict === 'left' ? undefined : last?.verdict),
      left: Math.max(0, until - now),
      attempts: own.length,
    };
  });
}

/** What an attempt came to, in a few words. */
export function courseOf(
  { startedAt, openedAt, welcomeAt, provenAt, endedAt }: ExplainedAttempt,
  now: number,
): string {
  const took = `${span((welcomeAt ?? endedAt ?? now) - startedAt)}`;
  if (welcomeAt === undefined)
    return endedAt === undefined
      ? `${openedAt === undefined ? 'opening' : 'open'} for ${took}`
      : `failed after ${took}`;
  const lived = span((endedAt ?? now) - welcomeAt);
  const what = provenAt === undefined ? 'unproven' : endedAt === undefined ? 'alive' : 'lived';
  return `welcome in ${took}, ${what} ${lived}`;
}

export function channelsOf(
  cursors: ReadonlyMap<string, Position>,
  gaps: ReadonlyMap<string, number>,
  membersOf: (channel: string) => readonly unknown[] | undefined,
): ChannelRow[] {
  return [...cursors]
    .map(([name, position]) => ({
      name,
      position,
      members: name === INBOX ? undefined : membersOf(name)?.length,
      gaps: gaps.get(name) ?? 0,
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

export function sendsOf(
  sends: readonly Pending[],
  sinceOf: (send: Pending) => number | undefined,
  now: number,
): SendRow[] {
  return sends.map((send) => {
    const [tag, , about] = JSON.parse(send.text) as [string, number, string | { delta: string }];
    const since = sinceOf(send);
    return {
      number: send.number,
      tag,
      about: typeof about === 'string' ? about : about.delta,
      state: send.barrier ? 'committed' : send.state,
      age: since === undefined ? undefined : now - since,
      bytes: send.bytes,
    };
  });
}

/** A time as somebody reads it: `3 ms`, `1.2 s`, `4 min`. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}
