/** PURE. What happens to a session (past tense), and what it wants done (imperative), in the order in which to do it. */
import type { CodeName, Continue, Cursors, GapReason, Hello, ServerFrame } from '@iskra/protocol/wire';
import type { DownlinkEffect, LogAnswer } from './downlink.js';
import type { Run } from './message.js';
import type { Rate } from './rates.js';
import type { Attached, Begun, Committed, Head, SessionState } from './store.js';
import type { NumberedSend, Outcome } from './uplink.js';

/** `stream`: until closed. `poll`: until there is an answer. `send`: until its sends are settled. */
export type Mode = 'stream' | 'poll' | 'send';

export interface SessionSettings {
  readonly mode: Mode;
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
  /** Milliseconds of silence that end a stream; undefined for two and a half heartbeats, 5 s at least. */
  readonly silence?: number | undefined;
  /** Milliseconds after `welcome` of the first heartbeat on a stream. */
  readonly markerDelay: number;
  /** Milliseconds that a stream may wait for `hello`. */
  readonly helloTimeout: number;
  /** Milliseconds that a probe may stay. */
  readonly probeTimeout: number;
  /** Milliseconds that a superseded connection goes on delivering. */
  readonly supersededGrace: number;
  /** Milliseconds after its arrival before which a held poll is not answered with entries. */
  readonly linger: number;
  /** Milliseconds that a connection may be full before it is closed. */
  readonly slowTimeout: number;
  /** Sends that may be queued: what `welcome` announces. */
  readonly window: number;
  readonly rate: Rate;
  /** Entries of one log read. */
  readonly readSize: number;
}

export type SessionEvent =
  | { type: 'messageReceived'; frames: readonly unknown[] | undefined }
  | {
      type: 'joined';
      state: SessionState;
      welcome: ServerFrame | undefined;
      cursors: Cursors;
      denied: readonly string[];
      expiresIn: number;
      /** Milliseconds until fresh credentials are asked for. Default: never. */
      refreshIn?: number;
      /** Sends that the session's rate lets through now, whichever connection they came on. */
      allowance?: number;
    }
  | { type: 'probed'; welcome: ServerFrame }
  | { type: 'refused'; code: CodeName; field?: string }
  | { type: 'identified'; expiresIn: number; refreshIn?: number }
  /** What the session is may have changed elsewhere. */
  | { type: 'changed' }
  /** How it is. */
  | { type: 'looked'; expiresIn: number; refreshIn: number; revision: number }
  | { type: 'begun'; result: Begun }
  | { type: 'performed'; outcomes: readonly Outcome[] }
  | { type: 'committed'; result: Committed }
  | { type: 'storeFailed' }
  | ({ type: 'logRead' } & LogAnswer)
  /** `alone`: nothing else is offered in this turn. */
  | { type: 'runOffered'; run: Run; alone: boolean }
  | { type: 'headSeen'; log: string; head: Head }
  | { type: 'touched'; result: 'current' | 'superseded' | 'unknown' }
  | { type: 'heard' }
  /** The peer's ping came with a request beside this connection. */
  | { type: 'echoed'; moment: number }
  /** The peer's answer to a heartbeat came with a request beside this connection. */
  | { type: 'answered'; moment: number }
  | { type: 'superseded' }
  | { type: 'replaced' }
  | { type: 'successorGone' }
  | { type: 'reattached'; result: Attached }
  | { type: 'draining'; after: number }
  | { type: 'blocked' }
  | { type: 'writable' }
  | { type: 'turnEnded' };

/** For who watches the node: nothing follows from it. */
export type Report =
  { type: 'report'; event: 'gap'; reason: GapReason } | { type: 'report'; event: 'heartbeat_missed' };

export type SessionEffect =
  | { type: 'join'; hello: Hello }
  | { type: 'rejoin'; request: Continue }
  | { type: 'reattach' }
  | { type: 'identify'; credentials: unknown }
  /** Ask the store what the session is. */
  | { type: 'look' }
  | DownlinkEffect
  | { type: 'begin'; number: number }
  | { type: 'perform'; batch: readonly NumberedSend[]; redelivered: boolean }
  | { type: 'commit'; first: number; last: number; outcomes: readonly string[] }
  | { type: 'skip'; from: number; number: number }
  | { type: 'trimInbox'; offset: number }
  | { type: 'touch'; generation: number }
  /** Answer a ping on the session's other connection too. */
  | { type: 'echo'; moment: number }
  /** A heartbeat was answered after so many ms. */
  | { type: 'measured'; roundTrip: number }
  /** The answer to a heartbeat is for the session's stream. */
  | { type: 'tellAnswered'; moment: number }
  | { type: 'awaitTurn' }
  | Report
  /** The answer is given as it is; the work goes on. */
  | { type: 'answer' }
  | { type: 'finish'; code?: CodeName; retryAfter?: number }
  | { type: 'end' }
  | { type: 'close'; code: CodeName; field?: string; retryAfter?: number };
