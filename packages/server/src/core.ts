/** What the parts of one node share, made once in `create-core.ts`, and the options that reach them. */
import type { Clock, CodeName, ContractCheck, EnvelopeInput } from '@iskra/protocol/wire';
import type { ContextVariableMap } from 'hono';
import type { ChannelKinds } from './channel-kinds.js';
import type { Channels } from './channels.js';
import type { Connection } from './connection.js';
import type { Drain } from './drain.js';
import type { Heard, Hooks } from './hooks.js';
import type { Except } from './except.js';
import type { Hub } from './hub.js';
import type { Keys } from './keys.js';
import type { Events } from './observe/events.js';
import type { Metrics } from './observe/metrics.js';
import type { NodeVoices } from './observe/node-voices.js';
import type { SystemLog } from './observe/system-log.js';
import type { Whereabouts } from './observe/whereabouts.js';
import type { Pulse } from './pulse.js';
import type { Rate, Rates } from './rates.js';
import type { Mode, SessionSettings } from './session.js';
import type { Identity, Store } from './store.js';

/** A session as the application's hooks and handlers see it. */
export interface SessionInfo extends Identity {
  readonly id: string;
}

/** What a session wants to do: `subscribe` and `publish` name a channel, `request` names a request. */
export type Action = 'subscribe' | 'publish' | 'request';

/** What middleware of a Hono application has set for a request: `variables.user` is what it reads as `c.get('user')`. */
export type Variables = Readonly<Partial<ContextVariableMap> & Record<string, unknown>>;

/**
 * Says who is calling, from the request (headers, cookies of the application), the credentials that the client sent
 * in the body, and what middleware of the application has set. Returning undefined, throwing, or taking longer than
 * `limits.handler` refuses with `unauthorized`; a `Refusal` refuses with its own code.
 *
 * Middleware runs where the transports are mounted with `app.route`; elsewhere, and when credentials are refreshed on a
 * live connection, there are no variables.
 */
export type Authenticate = (
  request: Request,
  credentials: unknown,
  variables: Variables,
) => Identity | undefined | Promise<Identity | undefined>;

/**
 * Whether a session may. Called for every send, and for every channel of every
 * attach and poll, so that a permission that ended ends at once: keep it quick.
 */
export type Authorize = (session: SessionInfo, action: Action, name: string) => boolean | Promise<boolean>;

/** What a request's handler is told beside its input. */
export interface RequestContext {
  readonly session: SessionInfo;
  /** True when this request may have run before, because a node died inside it. */
  readonly redelivered: boolean;
  /** The same for every run of this request: the key for the application's own transaction. */
  readonly idempotencyKey: string;
  /** Aborted when the handler's time is over. */
  readonly signal: AbortSignal;
  /** Publishes once, however often the handler runs again; with `except` to all but these sessions, 64 at most, as the one that asked (P82). */
  publish(channel: string, envelope: EnvelopeInput, options?: { except?: Except }): Promise<void>;
}

/** Whether a session may read `@system`. */
export type SystemEvents = (session: SessionInfo) => boolean | Promise<boolean>;

export interface RequestHandler {
  readonly run: (input: unknown, context: RequestContext) => unknown;
  /** After a crash inside the handler, refuse instead of running again. */
  readonly once: boolean;
}

/** Thrown by a handler or a hook to refuse with a code of its own choice. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: CodeName;
  readonly field: string | undefined;
  constructor(code: CodeName, message: string, field?: string) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

/** Every limit that an operator can set, with its unit. */
export interface Limits {
  /** Bytes of one message from a client. Default 262,144. */
  message: number;
  /** Sends of one session that may be under way. Default 256. */
  sends: number;
  /** Sends of one session: beyond it they are slowed, not refused. Default 200 a second, burst 400. */
  sendRate: Rate;
  /** Sessions opened from one address. Default 50 a second, burst 500. */
  openRate: Rate;
  /** HTTP requests from one address, which a whole office may have. Default 2,000 a second, burst 4,000. */
  requestRate: Rate;
  /** Connections of one address at once. Default 2,000. */
  connectionsPerAddress: number;
  /** Connections of one address that have not said `hello` yet, and messages over HTTP that are still arriving. Default 100. */
  strangersPerAddress: number;
  /** Connections of this node. Default 100,000. */
  connections: number;
  /** Bytes of messages over HTTP that have arrived in part, on this node. Default 67,108,864. */
  bodies: number;
  /** Channels of one session, and member lists that it is in. Default 100. */
  channels: number;
  /** Bytes that may wait in one connection's socket before it counts as full. Default 262,144. */
  backlog: number;
  /** Bytes of one WebSocket's sends that wait to be performed; until they are, no more of it is read. Default 2,097,152. */
  unsettled: number;
  /** Milliseconds that a request's handler, or a hook, may take. Default 30,000. */
  handler: number;
}

/** The times that an operator can set, in milliseconds. */
export interface Times {
  /** Between heartbeats. Default 20,000. */
  heartbeat: number;
  /**
   * That nothing may be heard of a stream's client before its connection is closed: one and a half heartbeats or more.
   * Default: two and a half heartbeats, 5,000 at least.
   */
  silence?: number | undefined;
  /** That a session lives on after its last contact; tell the store the same. Default 120,000. */
  window: number;
  /** That a stream may wait before `hello`. Default 5,000. */
  hello: number;
  /** That a connection may be full before it is closed. Default 30,000. */
  slow: number;
  /** After `welcome`, of the first heartbeat on a stream. Default 150. */
  marker: number;
  /**
   * After the arrival of a held poll, before which it is not answered with entries:
   * a quiet channel is not delayed, a busy one costs a request for many entries
   * instead of one for each. Default 30.
   */
  linger: number;
  /** That a superseded connection goes on delivering. Default 5,000. */
  supersededGrace: number;
}

/** What is used of a client that speaks no protocol. */
export interface PlainClient {
  close(code: number, reason: string): void;
}

/** A batch of sends that is being performed, under a claim. */
export interface Performing {
  readonly session: string;
  readonly claim: string;
}

export interface Core {
  readonly node: string;
  readonly store: Store;
  /** Whether that answers. */
  readonly pulse: Pulse;
  readonly hub: Hub;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  wallClock(): number;
  readonly keys: Keys;
  readonly contract: ContractCheck;
  readonly channels: Channels;
  /** What each kind of connection's session is given. */
  readonly settings: Readonly<Record<Mode, SessionSettings>>;
  /** Connections that are open on this node. */
  readonly connections: Set<Connection>;
  /** Those of clients that speak no protocol. */
  readonly plainClients: Set<PlainClient>;
  readonly limits: Limits;
  readonly times: Times;
  readonly opens: Rates;
  /** Sends by session, over all its connections here: over HTTP each request is one. */
  readonly sends: Rates;
  /** Polls by session, by which its client is asked for fresh credentials. */
  readonly reminders: Rates;
  readonly events: Events;
  /** Of sessions between their connections. */
  readonly whereabouts: Whereabouts;
  /** Where they are written for who may read `@system`; undefined where nobody may. */
  readonly systemLog: SystemLog | undefined;
  readonly metrics: Metrics;
  /** How its connections feel. */
  readonly voices: NodeVoices;
  readonly authenticate: Authenticate | undefined;
  readonly authorize: Authorize | undefined;
  readonly systemEvents: SystemEvents | undefined;
  readonly hooks: Hooks;
  /** Answers of `connect` for sessions that are about to begin. */
  readonly greetings: Map<string, Promise<Heard>>;
  readonly channelKinds: ChannelKinds;
  readonly handlers: Map<string, RequestHandler>;
  /** A name for a connection's claims that no other connection of any node has. */
  nextClaim(): string;
  /** Batches of sends that are being performed, also for connections that have gone. */
  readonly performing: Set<Performing>;
  /** Questions about sends that the store or the application has not answered yet, also for connections that have gone. */
  working: number;
  /** Set when the node is on its way out. */
  drain: Drain | undefined;
}
