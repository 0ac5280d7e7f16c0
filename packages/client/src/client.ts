/**
 * The public object. It performs what the session decides: opens and closes
 * connections, calls handlers, settles promises. It decides nothing itself.
 */
import { byteLength, completeEnvelope, drive, isChannel, MAX_ENVELOPE_BYTES } from '@iskra/protocol/wire';
import type {
  ChannelName,
  Contract,
  Envelope,
  EnvelopeInput,
  Json,
  RequestInput,
  RequestName,
  RequestOutput,
  Untyped,
} from '@iskra/protocol/wire';
import { createChannel } from './channel.js';
import type { Calls, Channel, ChannelFeed } from './channel.js';
import { createEmitter } from './emitter.js';
import type { Off } from './emitter.js';
import { platform } from './environment.js';
import type { Environment } from './environment.js';
import { ClosedError, MisuseError, QueueFull, SendError } from './errors.js';
import { CURES } from './explain.js';
import type { Attempt, VerdictCode } from './explain.js';
import type { Pending } from './outbox.js';
import type { Phase, Standing } from './policy.js';
import type { QualityClass, Voices } from './quality.js';
import type { Send } from './send.js';
import { createSession } from './session.js';
import type { SessionEffect, SessionState, Told } from './session-events.js';
import { poll, sse } from './transports/http.js';
import type { Transport, TransportEvent, TransportName } from './transports/transport.js';
import { websocket } from './transports/websocket.js';

/** Every option has a default. All times in ms. */
export interface ConnectOptions {
  /** Credentials, or how to get them: asked for each connection, and again when they were refused. */
  auth?: Json | (() => Json | Promise<Json>);
  /** What may be used, in order of preference. Default: websocket, sse, long-poll, polling. */
  transports?: readonly TransportName[];
  /** Exponential backoff with full jitter. Default: min 500, max 20,000. */
  reconnect?: { min?: number; max?: number };
  /** When better transports are tried again; the last one repeats. Default: 15,000, 30,000, 50,000. */
  probe?: readonly number[];
  /** How long a transport is alone before the next starts beside it; grows with the round trip. Default 250. */
  stagger?: number;
  /** How long an attempt may take to its welcome; grows with the round trip. Default 5,000. */
  patience?: number;
  /** Least time between own pings. Default 0: one with each heartbeat of the server. */
  pingInterval?: number;
  /** The pause between polls, busy and idle, when nothing better works. Default: min 1,000, max 5,000. */
  poll?: { min?: number; max?: number };
  /** How much may wait to be settled. Default: 1,000 messages, 1,048,576 bytes. */
  outbox?: { messages?: number; bytes?: number };
  /** How long a request waits for its reply. Default 10,000. */
  requestTimeout?: number;
  /** What is outside. Default: this runtime. */
  environment?: Partial<Environment>;
}

export interface Status {
  /** Stays `connected` while transports change, and for 5 s without any. */
  state: SessionState;
  transport: TransportName | undefined;
  /** Smoothed, ms; undefined until measured. */
  roundTrip: number | undefined;
  quality: QualityClass;
  voices: Voices;
  /** The session's id; not a credential. */
  session: string | undefined;
  /** Sends without a known end. */
  unsettled: number;
}

export interface Explanation {
  /** The last 50, oldest first. `cure`: what would mend the verdict. */
  attempts: (Attempt & { cure: string | undefined })[];
  /** What is held against each transport, best first. */
  transports: (Partial<Standing> & { transport: TransportName; cure: string | undefined })[];
  phase: Phase;
  current: TransportName | undefined;
  /** Why it is this one: the verdict against the best, if there is one. */
  why: VerdictCode | undefined;
}

export type ClientEvents = Omit<Told, 'status'> & { status: [status: Status] };

export interface Client<C extends Contract = Untyped> {
  readonly status: Status;
  /** The sends without a known end, oldest first. */
  readonly outbox: readonly Send[];
  on<Name extends keyof ClientEvents>(name: Name, listener: (...values: ClientEvents[Name]) => void): Off;
  /** The same name gives the same object. Costs nothing until it is used. */
  channel<Name extends ChannelName<C>>(name: Name): Channel<C, Name>;
  /** Rejects with `SendError`, `RequestTimeout` (it may still happen) or `OutcomeUnknown`. `timeout` in ms. */
  request<Name extends RequestName<C>>(
    name: Name,
    ...rest: undefined extends RequestInput<C, Name>
      ? [input?: RequestInput<C, Name>, options?: { timeout?: number }]
      : [input: RequestInput<C, Name>, options?: { timeout?: number }]
  ): Promise<RequestOutput<C, Name>>;
  /** Round trip to the server and back, ms. */
  ping(): Promise<number>;
  /** What was tried, what it proved, what would mend it. */
  explain(): Explanation;
  /** Ends the session; what is not settled ends as unknown. */
  close(): Promise<void>;
}

interface Deferred<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

const TRANSPORTS = { websocket, sse, 'long-poll': poll, polling: poll };

/** Opens a session. Everything may be called at once, before it is there. */
export function connect<C extends Contract = Untyped>(url: string, options: ConnectOptions = {}): Client<C> {
  const environment: Environment = { ...platform(), ...options.environment };
  const { clock } = environment;
  const { auth, transports: order = Object.keys(TRANSPORTS) as TransportName[] } = options;
  const base = absolute(url, environment.base);
  const log = (error: unknown): void => console.error(error);
  // An error that nobody listens to must not be lost; one in a listener of errors must not go round.
  const failed = (error: unknown): void => void (events.emit('error', error) || log(error));
  const events = createEmitter<ClientEvents>((error, name) => (name === 'error' ? log : failed)(error));
  const channels = new Map<string, ChannelFeed>();
  const sends = new Map<Pending, Deferred<unknown> & { send?: Send }>();
  const pings = new Map<number, Deferred<number>>();
  const transports = new Map<number, Transport>();
  let credentials: Promise<Json | undefined> | undefined;
  let closed: ClosedError | undefined;

  const session = createSession(
    {
      transports: order,
      reconnect: { min: 500, max: 20_000, ...options.reconnect },
      probe: options.probe ?? [15_000, 30_000, 50_000],
      stagger: options.stagger ?? 250,
      patience: options.patience ?? 5_000,
      pingInterval: options.pingInterval ?? 0,
      poll: { min: 1_000, max: 5_000, ...options.poll },
      outbox: { messages: 1_000, bytes: 1_048_576, ...options.outbox },
      seam: environment.seam,
    },
    environment.random,
    () => nonce(environment.randomBytes(16)),
  );

  const status = (): Status => {
    const { state, policy, quality, welcome, outbox } = session;
    const now = clock.now();
    return {
      state,
      transport: policy.current?.transport,
      roundTrip: quality.roundTrip,
      quality: quality.class(now),
      voices: quality.voices(now),
      session: welcome?.session,
      unsettled: outbox.sends.length,
    };
  };

  const askCredentials = (attempt: number): void => {
    // Attempts of one race ask together; and never at once, so that what is sent right after connect() comes along.
    credentials ??= Promise.resolve()
      .then(() => (typeof auth === 'function' ? auth() : auth))
      .finally(() => (credentials = undefined));
    credentials.then(
      (given) => machine.tell({ type: 'credentialsGiven', attempt, auth: given }),
      (error: unknown) => {
        failed(error);
        machine.tell({ type: 'credentialsFailed', attempt });
      },
    );
  };

  const perform = (effect: SessionEffect): void => {
    switch (effect.type) {
      case 'openConnection': {
        const { attempt, transport } = effect;
        const ground = {
          attempt,
          url: base,
          environment,
          on: (event: TransportEvent) => machine.tell(event),
        };
        const found = transports.get(attempt) ?? TRANSPORTS[transport](ground);
        transports.set(attempt, found);
        found.open(effect.message);
        break;
      }
      case 'sendMessage':
        transports.get(effect.attempt)?.send(effect.message);
        break;
      case 'closeConnection':
        transports.get(effect.attempt)?.close();
        transports.delete(effect.attempt);
        break;
      case 'askCredentials':
        askCredentials(effect.attempt);
        break;
      case 'hand':
        channels.get(effect.channel)?.[effect.what](effect.value);
        break;
      case 'settle': {
        const waiting = sends.get(effect.send);
        sends.delete(effect.send);
        if (effect.error) waiting?.reject(effect.error);
        else waiting?.resolve(effect.send.outcome?.payload);
        break;
      }
      case 'pong':
        pings.get(effect.moment)?.resolve(clock.now() - effect.moment);
        pings.delete(effect.moment);
        break;
      case 'tell':
        if (effect.name === 'status') events.emit('status', status());
        else if (effect.name === 'error') failed(effect.values[0]);
        else events.emit(effect.name, ...(effect.values as [never]));
        break;
      case 'stop':
        closed = new ClosedError(effect.reason);
        for (const { reject } of pings.values()) reject(closed);
        ignorePage();
        machine.stop();
    }
  };

  const machine = drive(session, clock, perform);
  const ignorePage = environment.onPage((signal) => machine.tell({ type: 'pageChanged', signal }));
  machine.tell({ type: 'started' });

  /** Hands a send to the outbox. */
  const submit = (add: () => Pending | undefined): { pending?: Pending; outcome: Promise<unknown> } => {
    const pending = closed ? undefined : add();
    if (!pending) return { outcome: Promise.reject(closed ?? new QueueFull(session.outbox.sends.length)) };
    const outcome = new Promise((resolve, reject) => sends.set(pending, { resolve, reject }));
    machine.tell({ type: 'sendAdded' });
    return { pending, outcome };
  };

  /** The same for an envelope, whose size is limited. */
  const submitEnvelope = (input: EnvelopeInput, add: (envelope: Envelope) => Pending | undefined) => {
    const envelope = completeEnvelope(input);
    const bytes = byteLength(JSON.stringify(envelope));
    const limit = session.welcome?.limits.envelope ?? MAX_ENVELOPE_BYTES;
    if (bytes <= limit) return submit(() => add(envelope));
    const message = `${bytes} bytes are over the limit of ${limit}: send it in parts.`;
    return { outcome: Promise.reject(new SendError('too_big', 'split_message', { message })) };
  };

  const calls: Calls = {
    position: session.position,
    publish(channel, input) {
      const { pending, outcome }: ReturnType<typeof submit> = submitEnvelope(input, (envelope) =>
        session.add((number) => ['publish', number, channel, envelope]),
      );
      const settled = outcome as Promise<void>;
      // Whoever does not look at it has chosen not to know.
      settled.catch(() => {});
      const send: Send = {
        number: pending?.number ?? 0,
        get state() {
          return pending?.state ?? 'rejected';
        },
        settled,
      };
      if (pending) Object.assign(sends.get(pending) ?? {}, { send });
      return send;
    },
    subscribe: async (channel, wish) => void (await submit(() => session.subscribe(channel, wish)).outcome),
    unsubscribe: async (channel) => void (await submit(() => session.unsubscribe(channel)).outcome),
  };

  const client: Client = {
    get status() {
      return status();
    },
    get outbox() {
      return [...sends.values()].flatMap(({ send }) => send ?? []);
    },
    on: events.on as Client['on'],
    channel(name: string) {
      if (!isChannel(name)) {
        throw new MisuseError(
          'channel_name',
          `"${name as string}" is no channel name: use 1–200 letters, digits and : . _ ~ -`,
        );
      }
      let feed = channels.get(name);
      if (!feed) channels.set(name, (feed = createChannel(name, calls, failed)));
      return feed.channel as never;
    },
    request(name: string, input?: unknown, { timeout = options.requestTimeout ?? 10_000 } = {}) {
      return submitEnvelope({ delta: name, payload: input }, (envelope) =>
        session.add((number) => ['request', number, envelope], clock.now() + timeout),
      ).outcome;
    },
    ping() {
      if (closed) return Promise.reject(closed);
      let moment = clock.now();
      while (pings.has(moment)) moment += 0.01;
      const answered = new Promise<number>((resolve, reject) => pings.set(moment, { resolve, reject }));
      machine.tell({ type: 'pinged', moment });
      return answered;
    },
    explain() {
      const { log, standings, current, phase } = session.policy;
      const cured = <Judged extends { verdict?: VerdictCode }>(judged: Judged) => ({
        ...judged,
        cure: (CURES as Partial<Record<VerdictCode, string>>)[judged.verdict!],
      });
      return {
        attempts: log.map(cured),
        transports: order.map((transport) => cured({ transport, ...standings.get(transport) })),
        phase,
        current: current?.transport,
        why: standings.get(order[0]!)?.verdict,
      };
    },
    async close() {
      machine.tell({ type: 'closeAsked' });
    },
  };
  return client as unknown as Client<C>;
}

/** 128 bits as 22 characters that need no escaping (P10). */
function nonce(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replace(/\+/g, '-').replace(/\//g, '_').slice(0, 22);
}

function absolute(url: string, base: string | undefined): string {
  try {
    return new URL(url.replace(/^ws/, 'http'), base).href.replace(/\/+$/, '');
  } catch {
    throw new MisuseError('url', `"${url}" has no host: outside a page write https://host/realtime.`);
  }
}
