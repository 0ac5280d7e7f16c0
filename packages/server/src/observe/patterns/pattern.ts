/** PURE. What a detector of patterns is: what it is given, and what it finds. */
import type { Advice } from '@iskra/protocol/wire';

/** A system event, as far as detectors look at it. Times in ms. */
export interface Seen {
  readonly delta: string;
  readonly dimension: number;
  readonly payload: {
    readonly session?: string;
    readonly transport?: string;
    readonly address?: string;
    /** Of a change of transport. */
    readonly from?: string;
    readonly to?: string;
    /** For how long nothing was heard of a client. */
    readonly silent?: number;
  };
}

/** What mends a pattern: a closed set, so that a machine can obey it too. */
export type Cure =
  | Extract<Advice, 'back_off' | 'downgrade_transport'>
  | 'let_transport_pass' // what stands before these clients lets this transport not pass
  | 'shorten_heartbeat' // below the time after which a quiet connection is cut
  | 'switch_off_buffering' // something holds answers back
  | 'publish_less'; // than these clients can take

export interface Finding {
  /** What it is about: told once for each in its quiet time. */
  readonly about: string;
  readonly cure: Cure;
  /** Observations that say so, each independent of the others. */
  readonly witnesses: number;
  /** Of all that could have said otherwise, the share that says so: 0 to 1. */
  readonly share: number;
  /** What there is to know: numbers, names of transports, networks. */
  readonly facts: Readonly<Record<string, string | number>>;
}

/** Looks at each event, and says so when it has seen enough. */
export interface Detector {
  handle(event: Seen, now: number): Finding | undefined;
}
