/** What the policy is given, what goes into it and what comes out of it. */
import type { Attempt, Cause, Rung } from './attempt.js';
import type { Breaker } from './breaker.js';
import type { Path } from './path.js';
import type { TransportName } from './transports/transport.js';

export interface PolicyOptions {
  /** In order of preference. */
  ladder: readonly Rung[];
  /** Exponential backoff with full jitter, ms. */
  reconnect: { min: number; max: number };
  /** Times after which better transports are probed, ms; the last one repeats. */
  probe?: readonly number[] | undefined;
  /** How long a transport is alone before the next one starts beside it, ms; grows with the round trip. */
  stagger?: number | undefined;
  /** How long an attempt may take to its welcome, ms; grows with the round trip and with failures. */
  patience?: number | undefined;
  /** How many attempts the session has had elsewhere, at most: each has a number of its own (P13). Default 0. */
  count?: number | undefined;
  /** What is known of the way. */
  path?: Path | undefined;
  /** Without one, a server that rejects everything is asked as often as one that is away. */
  breaker?: Breaker | undefined;
}

/** What the policy wants done. */
export type PolicyEffect =
  /** Get credentials and open it. */
  | [name: 'askCredentials', attempt: Attempt]
  /** It is over. */
  | [name: 'close', attempt: Attempt]
  /** What carries the session, as the application should know it: another transport, or the same one of another server. */
  | [name: 'tell', what: 'transport', change: { from: TransportName | undefined; to: TransportName }]
  | [name: 'tell', what: 'status'];

/** What can happen: the value that comes with it. Those of an attempt say which. */
export interface PolicyEvents {
  started: undefined;
  /** An attempt has its credentials: its time runs from now. */
  ready: undefined;
  opened: undefined;
  /** With this generation. */
  welcomed: number;
  proven: undefined;
  /** A poll was answered after so long, ms; Infinity when it was held for its whole time. */
  held: number;
  ended: Cause;
  /** The page is visible or online again. */
  woke: undefined;
  /** The session wants another connection, on the same transport, after this time, ms. */
  moved: number;
  /** The session was replaced by a new one. */
  renewed: undefined;
  stopped: undefined;
  timePassed: undefined;
}
