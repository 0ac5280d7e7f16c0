/** What the applications saw and did, and what the store and the handlers know: all that the oracle judges by. */
import type { GapReason, Position } from '@iskra/protocol/wire';
import type { SessionState, TransportName } from './words.js';

/** What one page's application was told, or did, in order. */
export type Seen =
  /** `call` tells which subscription it was that was taken or refused. */
  | { at: number; what: 'subscribes'; channel: string; call: number }
  | { at: number; what: 'subscribed'; channel: string; call: number; position: Position | undefined }
  | { at: number; what: 'refused'; channel: string; call: number; code: string }
  | { at: number; what: 'unsubscribes'; channel: string }
  | { at: number; what: 'entry'; channel: string; position: Position; id: string }
  | { at: number; what: 'gap'; channel: string; reason: GapReason; was: Position; now: Position }
  | { at: number; what: 'session'; session: string; lost: boolean }
  | { at: number; what: 'state'; state: SessionState }
  | { at: number; what: 'transport'; to: TransportName }
  | { at: number; what: 'error'; code: string; text: string };

export type End = 'acknowledged' | 'rejected' | 'unknown' | 'timeout' | 'full' | 'closed';

/** One publish or request of a page. */
export interface Sent {
  readonly id: string;
  readonly kind: 'publish' | 'request';
  readonly channel: string | undefined;
  readonly at: number;
  endedAt?: number;
  end?: End;
  /** How often it was told to have ended: once, in a world that is right. */
  ends: number;
  /** What the reply said. */
  reply?: unknown;
}

/** What one page lived through. */
export interface PageHistory {
  readonly page: string;
  readonly seen: Seen[];
  readonly sent: Sent[];
}

/** An entry that the store took. */
export interface Appended {
  readonly at: number;
  readonly log: string;
  readonly position: Position;
  /** Of its text. */
  readonly bytes: number;
  /** Of a page's publish; undefined for what the server says. */
  readonly id: string | undefined;
  /** The member that came or went. */
  readonly member: { delta: string; id: string } | undefined;
  /** When a fail-over forgot it. */
  lostAt: number | undefined;
}

/** A handler ran. */
export interface Ran {
  readonly at: number;
  readonly key: string;
  readonly id: string;
  readonly redelivered: boolean;
}

/** What really happened. */
export interface Truth {
  readonly appended: Map<string, Appended[]>;
  readonly runs: Ran[];
  /** Moments at which the store forgot: all of it, or its tail. */
  readonly rewinds: { at: number; kind: 'empty' | 'fail-over' }[];
  /** Times at which a page had no permission for a channel. */
  readonly denials: { page: string; channel: string; from: number; until: number }[];
  /** Since when answers of more bytes do not get to a page. */
  readonly caps: { page: string; bytes: number; from: number }[];
}
