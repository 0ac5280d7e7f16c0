/**
 * `createRealtime`: wires store, hub and routes of one node, and is what an
 * application holds: a Hono app to mount, and the verbs to publish, answer
 * requests, look at a channel and end.
 */
import type { Server } from 'node:http';
import { upgradeWebSocket as nodeUpgrade } from '@hono/node-server';
import type { Hono } from 'hono';
import type { GetConnInfo } from 'hono/conninfo';
import { pino } from 'pino';
import type { LevelWithSilent, Logger } from 'pino';
import { decodeBody, encodeBody, isChannel } from '@iskra/protocol/wire';
import type {
  ChannelName,
  Contract,
  DeltaName,
  Envelope,
  HandledInput,
  HandledOutput,
  Member,
  MessageName,
  MessagePayload,
  Position,
  PublishPayload,
  RequestName,
  Untyped,
} from '@iskra/protocol/wire';
import { Unfinished } from './body.js';
import { beginning } from './channel-kinds.js';
import type { ChannelTable } from './channel-kinds.js';
import type { Authenticate, Authorize, Limits, RequestContext, SystemEvents, Times } from './core.js';
import { createCore } from './create-core.js';
import type { CoreOptions } from './create-core.js';
import { nodeEnvironment } from './environment.js';
import type { NodeEnvironment } from './environment.js';
import { excepting } from './except.js';
import type { Except } from './except.js';
import { activeConnections, Drain, isBusy } from './drain.js';
import type { Drained, DrainOptions } from './drain.js';
import { createDirect } from './direct.js';
import type { Direct } from './direct.js';
import { Guard } from './guard.js';
import type { Hooks } from './hooks.js';
import type { Origins } from './guard.js';
import { createModeration } from './moderation.js';
import type { Moderation } from './moderation.js';
import { describeNode } from './observe/metrics/catalogue.js';
import type { Meter } from './observe/metrics/meter.js';
import { describeProcess } from './observe/metrics/process.js';
import { PrometheusMeter } from './observe/metrics/prometheus.js';
import { tellVoices } from './observe/tell-voices.js';
import type { Felt } from './observe/voices.js';
import { fitting, messageBody, positionOf, post } from './posting.js';
import type { EnvelopeOptions, Sent } from './posting.js';
import { createPlain } from './plain.js';
import type { EventStream } from './observe/stream.js';
import type { OnError } from './observe/events.js';
import { pretty } from './observe/pretty.js';
import { makeRounds } from './rounds.js';
import { createRoutes } from './routes.js';
import type { NodeBindings } from './routes.js';
import type { Store } from './store.js';
import { webSocketServer } from './transports/websocket.js';
import type { UpgradeHelper, WebSocketServer } from './transports/websocket.js';
import { attachUpgrades } from './upgrade.js';

export interface RealtimeOptions<C extends Contract = Untyped> {
  /** What may be said where. Without one, everything may, and payloads are unknown. */
  contract?: C;
  /** Who is calling. Without one, everybody is welcome and has no subject. */
  authenticate?: Authenticate;
  /** What a session may do. Without one, everything. */
  authorize?: Authorize;
  /** What is asked before a session connects, subscribes, publishes or requests, and told when it is over. Default: nothing. */
  hooks?: Hooks<NoInfer<C>>;
  /**
   * By channel pattern: its kind, and what its log keeps. Default: all are of the kind `log`, and keep what the store's
   * `retention` says. All nodes of a store have the same.
   */
  channels?: ChannelTable<NoInfer<C>>;
  /** Origins that browsers may come from. Default: the page's own host only. */
  origins?: Origins;
  /** Whether requests without an Origin (programs, not browsers) may pass. Default true. */
  allowNoOrigin?: boolean;
  /** Proxies before this server whose X-Forwarded-For can be trusted. Default 0. */
  trustedProxies?: number;
  /** What sessions and logs are kept in. Default: the memory of this process. */
  store?: Store;
  /** Signs session keys; several nodes need the same. The first signs, all are accepted. Default: random, new at each start. */
  secret?: string | readonly string[];
  /** How much: those that are left out keep their defaults. */
  limits?: Partial<Limits>;
  /** How long: those that are left out keep their defaults. */
  times?: Partial<Times>;
  /**
   * Where lines go: a logger, a level for pino to standard output, or `false` for nowhere. Default: `'info'`. They are
   * JSON, and in a terminal text.
   */
  logger?: Logger | LevelWithSilent | false;
  /** `false`: no `/metrics`, and no times are measured. Default true. */
  metrics?: boolean;
  /** Who is told of the numbers beside `/metrics`, as `openTelemetryMeter()` of `@iskra/server/otel`. Default: nobody. */
  meter?: Meter;
  /** Whether the node looks for patterns in its own events, and tells those it finds among them. Default true. */
  patterns?: boolean;
  /** Whether of a flood only so many lines are written, and then how many were left out. Default true. */
  sampling?: boolean;
  /** The name of this node in `welcome`, `/health` and logs. Default: random. */
  node?: string;
  /** The name of all nodes that share this store, in events and lines. Default `iskra`. */
  cluster?: string;
  /**
   * Is given whole what the application's hooks and handlers, or the store, threw. Lines and events say its class and
   * where it was thrown, and not its message, which may hold what a user has typed.
   */
  onError?: OnError;
  /**
   * Who may read the channel `@system`, in which this server, and every other of the cluster with this option, tells what
   * happens. Nobody, if this is not given: `authorize` is not asked for it. It is to say `true`.
   */
  systemEvents?: SystemEvents;
  /** Hono's helper for another runtime. Default: that of `@hono/node-server`. */
  upgradeWebSocket?: UpgradeHelper;
  /**
   * Hono's helper that tells where a request came from, for a runtime that is not Node: `limits` count by address. Without it
   * all clients there are one address.
   */
  getConnInfo?: GetConnInfo;
}

/** What may be said of an entry beside its delta and payload. */
export interface PublishOptions extends EnvelopeOptions {
  /** Sessions that it is not for, 64 at most, as the one that it comes from: they are not told it, and nothing is missing for them (P82). */
  except?: Except;
}

export interface Realtime<C extends Contract = Untyped> extends Moderation<C> {
  /** The transports, to mount with `app.route('/realtime', realtime.app)`. */
  readonly app: Hono<{ Bindings: NodeBindings | undefined }>;
  /** `/ws/:client_id`, `/health`, `/ready` and `/metrics`, to mount at the root. */
  readonly plain: Hono<{ Bindings: NodeBindings | undefined }>;
  /** For node-server's own `serve({ fetch, websocket: { server: realtime.webSocketServer } })`. */
  readonly webSocketServer: WebSocketServer;
  /** Lets a Node server that others made upgrade connections to `fetch` (by default: of this app alone). */
  attach(server: Server, fetch?: (request: Request, env: NodeBindings) => Response | Promise<Response>): void;
  /**
   * Listeners for a Node server that take what is for the transports at `path` straight from it, past Hono and
   * its middleware; `serve` uses them. The same rules hold, at less cost.
   */
  direct(path: string): Direct;
  /** Appends an envelope to a channel. Resolves with its position once it is in the log. */
  publish<Channel extends ChannelName<C>, Delta extends DeltaName<C, Channel>>(
    channel: Channel,
    delta: Delta,
    payload: PublishPayload<C, Channel, Delta>,
    options?: PublishOptions,
  ): Promise<Position>;
  /**
   * Sends to one session, into its inbox: it arrives once and in order, also
   * after a reconnect. That its session has ended is an answer, not an error: people leave.
   */
  send<Delta extends MessageName<C>>(
    session: string,
    delta: Delta,
    payload: MessagePayload<C, Delta>,
    options?: EnvelopeOptions,
  ): Promise<Sent>;
  /**
   * Answers a request of the contract. What the handler returns is the reply;
   * throw a `Refusal` to refuse with a code. With `once`, a request whose node
   * died inside the handler is refused instead of run again.
   */
  handle<Name extends RequestName<C>>(
    name: Name,
    run: (
      input: HandledInput<C, Name>,
      context: RequestContext,
    ) => HandledOutput<C, Name> | Promise<HandledOutput<C, Name>>,
    options?: { once?: boolean },
  ): void;
  /** Who is in a channel, in the order in which they came. */
  members(channel: ChannelName<C>): Promise<readonly Member[]>;
  /** The newest entries of a channel, oldest first. */
  history(
    channel: ChannelName<C>,
    last: number,
  ): Promise<readonly { position: Position; envelope: Envelope }[]>;
  /** What happens on this node, as envelopes: the catalogue is in docs/guide/events.md. */
  readonly events: EventStream;
  /**
   * How it feels: to all streams of this node, or of all nodes that share its store. Undefined where nothing was measured
   * yet. Counted anew every 2 s at most.
   */
  voicesOf(level: 'node' | 'cluster'): Felt | undefined;
  /** How it feels to a session that has a stream on this node. */
  voicesOf(level: 'session', session: string): Felt | undefined;
  /** Connections of this node, those of plain clients included. */
  readonly activeConnections: number;
  /** Whether a client is still here or a handler still at work: what an orderly end waits for. */
  readonly isBusy: boolean;
  /**
   * Takes this node out of service: `/ready` says so, every client is told when to be elsewhere, newcomers are refused.
   * Resolves when nobody is left, or when the time is over and who was left has been closed. Asked again, the answer is
   * the same. Node's server and the store stay open: `close` lets go of them.
   */
  drain(options?: DrainOptions): Promise<Drained>;
  /** Closes what is still open and lets go of everything. */
  close(): Promise<void>;
}

/** The last is for `testing/server.ts`: time and chance that a test moves. */
export function createRealtime<const C extends Contract = Untyped>(
  options: RealtimeOptions<C> = {},
  environment: NodeEnvironment = nodeEnvironment(),
): Realtime<C> {
  const prometheus = options.metrics === false ? undefined : new PrometheusMeter();
  const meters = [prometheus, options.meter].filter((meter) => meter !== undefined);
  const core = createCore(
    { ...options, ...untyped(options), logger: loggerOf(options.logger), measures: meters.length > 0 },
    environment,
  );
  const { contract, handlers, limits, store } = core;
  const guard = new Guard({
    origins: options.origins,
    allowNoOrigin: options.allowNoOrigin ?? true,
    trustedProxies: options.trustedProxies ?? 0,
    limits,
  });
  const upgradeWebSocket = options.upgradeWebSocket ?? nodeUpgrade;
  const runtime = { upgradeWebSocket, getConnInfo: options.getConnInfo };
  const parts = { ...runtime, core, guard, unfinished: new Unfinished(limits.bodies) };
  const app = createRoutes(parts);
  const plain = createPlain({ ...runtime, core, guard, prometheus });
  const webSockets = webSocketServer(limits.message);
  const stops = [makeRounds(core), tellVoices(core), describeProcess(meters)];
  for (const meter of meters) describeNode(meter, core);
  core.events.tell('node_started');

  return {
    ...createModeration<C>(core),
    app,
    plain,
    webSocketServer: webSockets,
    attach: (server, fetch = (request, env) => app.fetch(request, env)) =>
      attachUpgrades(server, webSockets, fetch),
    direct: (path) => createDirect(parts, webSockets, path),
    async publish(channel, delta, payload, { except, ...envelope } = {}) {
      if (!isChannel(channel)) {
        throw new TypeError(
          'A channel name has 1 to 200 letters, digits and : . _ ~ -, and starts with a letter or digit.',
        );
      }
      const checked = await contract.payload(channel, delta, payload);
      if (!checked.ok) throw new TypeError(`${checked.field}: ${checked.message}`);
      const { entry } = await store.append(
        channel,
        excepting(fitting(encodeBody({ ...envelope, delta, payload: checked.value })), except),
      );
      return positionOf(entry);
    },
    send: async (session, delta, payload, envelope) =>
      post(core, session, await messageBody(core, delta, payload, envelope)),
    handle(name, run, { once = false } = {}) {
      if (name.startsWith('@')) {
        throw new Error(
          `Requests whose names start with "@" are the server's own; choose another name than "${name}".`,
        );
      }
      if (handlers.has(name)) {
        throw new Error(`The request "${name}" has a handler already; a request is answered in one place.`);
      }
      // The contract has checked the input before the handler sees it.
      handlers.set(name, { run: (input, context) => run(input as Parameters<typeof run>[0], context), once });
    },
    members: (channel) => store.members(channel),
    async history(channel, last) {
      const [head] = await store.heads([channel]);
      if (head === undefined) return [];
      const [, from] = beginning(core.channelKinds.kindOf(channel), head, last);
      const read = await store.read(channel, head.epoch, from, last);
      if (read.kind !== 'entries') return [];
      return read.entries.map(({ epoch, offset, body }) => ({
        position: [epoch, offset] as const,
        envelope: decodeBody(body).envelope,
      }));
    },
    events: core.events.stream,
    voicesOf: (level: 'node' | 'cluster' | 'session', session: string = '') =>
      level === 'session' ? core.voices.ofSession(core.hub.ofSession(session)) : core.voices.of(level),
    get activeConnections() {
      return activeConnections(core);
    },
    get isBusy() {
      return isBusy(core);
    },
    drain(drainOptions) {
      return (core.drain ??= new Drain(core, drainOptions)).done;
    },
    async close() {
      for (const stop of stops) stop();
      for (const meter of meters) meter.end();
      (core.drain ??= new Drain(core, { timeout: 0 })).end();
      core.events.sweep(Infinity);
      core.events.tell('node_stopped');
      // What was written in this turn leaves before the sockets do.
      await new Promise<void>((resolve) => environment.defer(() => environment.defer(resolve)));
      for (const socket of webSockets.clients) socket.terminate();
      webSockets.close();
      environment.clock.stop();
      core.hub.end();
      await core.systemLog?.settled;
      await store.end();
    },
  };
}

/** What the contract says of them, only the compiler knows. */
function untyped<C extends Contract>({
  hooks,
  channels,
}: RealtimeOptions<C>): {
  hooks: CoreOptions['hooks'];
  channels: CoreOptions['channels'];
} {
  return { hooks: hooks as Hooks | undefined, channels: channels as CoreOptions['channels'] };
}

function loggerOf(given: Logger | LevelWithSilent | false = 'info'): Logger | undefined {
  if (given === false) return undefined;
  if (typeof given !== 'string') return given;
  const options = { name: 'iskra', level: given };
  const { stdout } = process;
  // JSON is for machines: whoever sits before a terminal reads.
  return stdout.isTTY
    ? pino(options, { write: (line) => void stdout.write(pretty(line, stdout.hasColors())) })
    : pino(options);
}
