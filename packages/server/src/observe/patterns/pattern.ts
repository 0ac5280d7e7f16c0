/** PURE. What a detector of patterns is: what it is given, and what it finds. */
import type { Advice } from '@iskra/protocol/wire';
import type { EventName } from '../catalogue.js';

export type PatternName =
  | 'fallback_storm'
  | 'idle_cut'
  | 'buffering_proxy'
  | 'flapping_client'
  | 'reconnect_stampede'
  | 'slow_consumers';

/** What mends a pattern: a closed set, so that a machine can obey it too. */
export type Cure =
  | Extract<Advice, 'back_off' | 'downgrade_transport'>
  | 'let_transport_pass' // what stands before these clients lets this transport not pass
  | 'shorten_heartbeat' // below the time after which a quiet connection is cut
  | 'switch_off_buffering' // something holds answers back
  | 'publish_less'; // than these clients can take

/** A system event, as far as detectors look at it. */
export interface Seen {
  readonly delta: string;
  readonly payload: {
    readonly session?: string;
    readonly transport?: string;
    readonly address?: string;
    /** Of a change of transport. */
    readonly from?: string;
    /** Milliseconds for which nothing was heard of a client. */
    readonly silent?: number | undefined;
  };
}

/** What the payload of a pattern says. */
export interface Facts {
  /** Seconds within which it was seen. */
  window?: number | undefined;
  /** Of all that could have said otherwise, the share that says so: 0 to 1. */
  share?: number;
  /** What it is about: a session's label, the transport that is left, a network or how many. */
  session?: string;
  transport?: string;
  from?: string;
  network?: string;
  networks?: number;
  /** The evidence: sessions, each counted once; cuts, each in a second of its own; falls of one session. */
  sessions?: number;
  cuts?: number;
  falls?: number;
  /** Milliseconds after which a quiet connection is cut, and of a heartbeat that is short enough. */
  silence?: number;
  heartbeat?: number;
}

export interface Finding {
  /** What it is about: told once for each in its quiet time. */
  readonly about: string;
  /** Observations that say so, each independent of the others. */
  readonly evidence: number;
  readonly facts: Facts & { share: number; window: number };
}

export interface Detector {
  /** What it looks at; of anything else it need not be told. */
  readonly sees: readonly EventName[];
  /** Says so when it has seen enough. */
  handle(event: Seen, now: number): Finding | undefined;
}
