/** PURE. One connection as the session keeps it: what it was given to send, when it was heard, when it polls. */
import type { Json } from '@iskra/protocol/wire';
import type { Attempt } from './explain.js';

export interface Connection {
  readonly attempt: Attempt;
  readonly http: boolean;
  readonly polls: boolean;
  auth?: Json | undefined;
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
  heardAt: number;
  /** It is dead when nothing was heard for this time, ms (P52). */
  patience: number;
  /** It must be heard by then. */
  dueAt: number;
  /** Polls: when the next one starts, when the last one did, and the pause between while polling. */
  pollAt: number;
  polledAt: number;
  pause: number;
}

export function createConnection(attempt: Attempt, now: number): Connection {
  const { transport } = attempt;
  return {
    attempt,
    http: transport !== 'websocket',
    polls: transport === 'long-poll' || transport === 'polling',
    sentUpTo: 0,
    controls: [],
    sendAt: 0,
    tries: 0,
    heardAt: now,
    patience: Infinity,
    dueAt: Infinity,
    pollAt: Infinity,
    polledAt: now,
    pause: 0,
  };
}
