/**
 * PURE. One attempt to open a connection and the connection that it becomes: what the policy knows of it, what the
 * session keeps with it, how it ended, and whether its end speaks against its transport.
 */
import { POLL_WAIT } from '@iskra/protocol/wire';
import type { Json } from '@iskra/protocol/wire';
import type { Transport, TransportName } from './transports/transport.js';

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
  /** It is dead, because nothing was heard for so long, ms (P52). */
  silent?: number;
  /** Before another attempt, ms. */
  wait?: number;
}

/** A transport of a server. */
export interface Rung {
  readonly transport: TransportName;
  /** Its base address. */
  readonly server: string;
  /** Its place on the ladder, from 0 for the best. */
  readonly rank: number;
}

/** An attempt, and the connection that it becomes. Times in ms of the environment's clock. */
export interface Attempt extends Rung {
  readonly attempt: number;
  readonly overHttp: boolean;
  readonly polls: boolean;
  /** How long a poll is held; 0 for polling, ms. */
  readonly hold: number;
  /** `probe`: only looks whether the transport works, and leaves the session alone. */
  role: 'race' | 'attach' | 'probe';
  startedAt: number;
  openedAt?: number;
  welcomeAt?: number;
  provenAt?: number;
  endedAt?: number;
  generation?: number;
  cause?: Cause;
  /** Something on the way cuts what is silent for so long; null: perhaps, as it was the first time. */
  idle?: boolean | null | undefined;
  /** No other transport had an answer from this server either. */
  serverDown?: boolean;
  /** It has its credentials, so its time runs. */
  ready?: boolean;
  /** It must be welcomed by then. */
  welcomeBy?: number;

  /** What the shell opened for it. */
  way?: Transport | undefined;
  auth?: Json | undefined;
  /** Channels whose cursors went with its hello: what it reads without being asked again (P42). */
  offered?: ReadonlyMap<string, unknown>;
  /** WebSocket: sends up to this number were handed to it. */
  sentUpTo: number;
  /** HTTP: the sends that nothing has answered yet, at most one message (P36); `opening`: behind hello. */
  underWay?:
    { controls: string[]; bytes: number; count: number; committed: number; opening: boolean } | undefined;
  /** Frames without a number that wait to be sent. */
  controls: string[];
  /** The number that the server took next when it was last offered another (P32). */
  expected?: number;
  /** HTTP: no sends before, after so many that were not taken. */
  sendAt: number;
  tries: number;
  /** HTTP: one send did not pass alone; something small shows whether anything does. */
  doubt?: boolean;
  heardAt: number;
  /** It is dead when nothing was heard for this time, ms (P52). */
  deadAfter: number;
  /** The last heartbeat came then, or `welcome`. */
  pingAt: number;
  /** It must be heard by then. */
  dueAt: number;
  /** The longest that it was silent of late, without being dead, ms. */
  usual: number;
  /** This machine slept meanwhile: how long it was silent says nothing of the network. */
  slept?: boolean;
  /** It was asked then whether it lives, and has not answered; 0 when it has. */
  asked?: number;
  /** An event stream on which a `ping` was answered that went up beside it (P54). */
  echoes?: boolean;
  /** The newest such `ping` that the answer to its POST brought back, and when. */
  echo?: number;
  echoAt?: number;
  /** How much speaks for it that the stream brings everything one late, from 0; undefined until that was looked at (P58). */
  behind?: number;
  /** It was judged so last; and it brought its last entry. */
  judgedAt?: number;
  entryAt?: number;
  /** Polls: when the next one starts, when the last one did, and the pause between while polling. */
  pollAt: number;
  polledAt: number;
  pause: number;
}

export function createAttempt(
  attempt: number,
  { transport, server, rank }: Rung,
  role: Attempt['role'],
  startedAt: number,
): Attempt {
  return {
    attempt,
    transport,
    server,
    rank,
    overHttp: transport !== 'websocket',
    polls: /poll/.test(transport),
    hold: transport === 'polling' ? 0 : POLL_WAIT,
    role,
    startedAt,
    sentUpTo: 0,
    controls: [],
    sendAt: 0,
    tries: 0,
    heardAt: startedAt,
    pingAt: startedAt,
    deadAfter: Infinity,
    dueAt: Infinity,
    usual: Infinity,
    pollAt: Infinity,
    polledAt: startedAt,
    pause: 0,
  };
}

/** A transport that dies within this time of its welcome has not shown that it works, ms. */
export const EARLY = 10_000;

/** A request of what has just been shown to work, of which nothing was heard: it went over a connection that was dead. */
export const wentNowhere = ({ role, overHttp, welcomeAt, cause = {} }: Attempt): boolean =>
  role === 'attach' && overHttp && !welcomeAt && cause.status === undefined;

/** Who is asked whether it lives has so long to answer, ms. */
export const ANSWER = 1_500;

/** A stream that brought something, and not the last heartbeats: it stays behind (P52). */
export const staysBehind = ({ transport, deadAfter, asked, cause = {} }: Attempt): boolean =>
  // Undefined, when it did not end so, is less than nothing.
  transport === 'sse' && !asked && cause.silent! < deadAfter;

/** Whether its end speaks against the transport, and not against the server, the network or ourselves. `idle`: as it was judged. */
export const blames = (one: Attempt, idle: Attempt['idle']): boolean => {
  const { polls, welcomeAt = 0, provenAt, endedAt = 0, cause = {} } = one;
  if (cause.verdict || cause.advice) return cause.advice === 'correct_input';
  if (wentNowhere(one)) return false;
  return (
    !provenAt ||
    polls ||
    staysBehind(one) ||
    (endedAt - welcomeAt < EARLY && idle !== null) ||
    /^(404|405|501)$/.test(`${cause.status}`)
  );
};
