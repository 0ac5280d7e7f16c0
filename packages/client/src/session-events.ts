/** What goes into the session's machine and what comes out of it. */
import type { Advice, DeadlinePassed, Envelope, Json, Position } from '@iskra/protocol/wire';
import type { Refusal } from './errors.js';
import type { Attempt } from './attempt.js';
import type { PageSignal } from './environment.js';
import type { OutboxLimits } from './outbox.js';
import type { PolicyOptions } from './policy-events.js';
import type { TransportEvent, TransportName } from './transports/transport.js';

export interface SessionOptions extends PolicyOptions {
  outbox: OutboxLimits;
  /** The pause between two polls while polling: the lower when something came, up to the higher when idle, ms. */
  poll: { min: number; max: number };
  /** Least time between own pings; 0 sends one with each heartbeat of the server, ms. */
  pingInterval?: number | undefined;
  /** It goes on with a session that was connected elsewhere. */
  resumed?: boolean | undefined;
}

/** Whoever waits for an end is told of it; with an error, if it is none that was hoped for. */
export interface Waiting {
  settle?(error: Error | undefined): void;
}

export type SessionState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

export interface Status {
  /** Stays `connected` while transports change, for 5 s without any, and longer while nobody sees the page. */
  state: SessionState;
  /** That carries the session, or did last; on a slow line it may take a little longer than the first messages to be known. */
  transport: TransportName | undefined;
  /** Smoothed, ms; undefined until measured. */
  roundTrip: number | undefined;
  /** The session's id; not a credential. */
  session: string | undefined;
  /** Sends without a known end. */
  unsettled: number;
}

export type SessionEvent =
  | (TransportEvent & { attempt: number })
  | { type: 'started' }
  /** The outbox has something new. */
  | { type: 'sendAdded' }
  /** Somebody waits for the next measurement. */
  | { type: 'pinged' }
  | { type: 'credentialsGiven'; attempt: number; auth: Json | undefined }
  | { type: 'credentialsFailed'; attempt: number }
  | { type: 'pageChanged'; signal: PageSignal }
  | { type: 'closeAsked' }
  | DeadlinePassed;

/** What happens on this end; `docs/guide/events.md` says what each of them means. */
export type SystemEventName =
  | 'connection_established'
  | 'connection_lost'
  | 'heartbeat_missed'
  | 'transport_upgraded'
  | 'transport_downgraded'
  | 'server_changed'
  | 'session_resumed'
  | 'session_lost'
  | 'sends_lost'
  | 'gap';

/** As an envelope, with the voices as they are then. */
export interface SystemEvent extends Envelope {
  delta: SystemEventName;
  lambda: Advice;
}

/** What the application is told, by the name of the event that it listens to. */
export interface Told {
  status: [];
  /** The session is carried by another transport. */
  transport: [change: { from: TransportName | undefined; to: TransportName }];
  /** What happens on this end, as envelopes: `connection_established`, `transport_downgraded`, `gap` … */
  system: [event: SystemEvent];
  /** `lost`: the server no longer knows this session; a new one follows. */
  session: [change: { session: string; lost: boolean }];
  /** A message to this session alone. */
  message: [envelope: Envelope, position: Position];
  /** A refusal that is no send's outcome. `lost`: the sends that the store forgot. */
  error: [refusal: Refusal, lost?: { from: number; to: number }];
}

/** What the session wants done, in this order; by name, with what it is done with. */
export interface Host {
  askCredentials(attempt: Attempt): void;
  /** Opens a connection; for a poll, again for each poll. */
  open(attempt: Attempt, message: string): void;
  send(attempt: Attempt, message: string): void;
  close(attempt: Attempt): void;
  /** Sends this in a request of its own that outlives the page. */
  bye(message: string): void;
  /** For a channel's feed. */
  hand(channel: string, what: 'entry' | 'gap' | 'members', value: never): void;
  /** It came to its end; with an error, if it is none that was hoped for. */
  settle(send: Waiting, error?: Error): void;
  /** A round trip took so long, ms. */
  measured(sample: number): void;
  tell<Name extends keyof Told>(name: Name, ...values: Told[Name]): void;
  /** Nothing more will happen, for this reason. */
  stop(reason: Error): void;
}

export type SessionEffect =
  | { [Name in Exclude<keyof Host, 'tell'>]: [Name, ...Parameters<Required<Host>[Name]>] }[Exclude<
      keyof Host,
      'tell'
    >]
  | { [Name in keyof Told]: ['tell', Name, ...Told[Name]] }[keyof Told];
