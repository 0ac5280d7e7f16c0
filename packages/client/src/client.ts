/**
 * The public object. It performs what the session decides: opens and closes
 * connections, calls handlers, settles promises. It decides nothing itself.
 */
import { byteLength, completeEnvelope, drive, isReadable, MAX_ENVELOPE_BYTES } from '@iskra/protocol/wire';
import type {
  ChannelName,
  Contract,
  DeliveredMessage,
  EnvelopeInput,
  Json,
  Position,
  RequestInput,
  RequestName,
  RequestOutput,
  Send as SendFrame,
  SYSTEM,
  Untyped,
} from '@iskra/protocol/wire';
import { createChannel } from './channel.js';
import type { Calls, Channel, ChannelFeed, Submitted } from './channel.js';
import { createEmitter } from './emitter.js';
import type { Off } from './emitter.js';
import { platform } from './environment.js';
import type { Environment } from './environment.js';
import { MisuseError, QueueFull, RequestTimeout, SendError } from './errors.js';
import type { Refusal } from './errors.js';
import type { Pending } from './outbox.js';
import type { Send } from './send.js';
import { createSession } from './session.js';
import type { Session } from './session.js';
import type { Host, SessionEffect, SessionEvent, Status, Told } from './session-events.js';
import { poll, sse } from './transports/http.js';
import type { TransportName } from './transports/transport.js';
import { websocket } from './transports/websocket.js';

/** Every option has a default. All times in ms. */
export interface ConnectOptions {
  /**
   * Credentials, or how to get them: asked for each connection, and again when they were refused. What takes longer than
   * `requestTimeout` has failed.
   */
  auth?: Json | (() => Json | Promise<Json>);
  /** What may be used, in order of preference. Default: websocket, sse, long-poll, polling. */
  transports?: readonly TransportName[];
  /** Exponential backoff with full jitter, ms. Default: min 500, max 20,000. */
  reconnect?: { min?: number; max?: number };
  /** When better transports are tried again, ms; the last one repeats. Default: 15,000, 30,000, 50,000. */
  probe?: readonly number[];
  /** How long a transport is alone before the next starts beside it, ms; grows with the round trip. Default 250. */
  stagger?: number;
  /** How long an attempt may take to its welcome, ms; grows with the round trip. Default 5,000. */
  patience?: number;
  /** Least time between own pings, ms. Default 0: one with each heartbeat of the server. */
  pingInterval?: number;
  /** The pause between polls, busy and idle, when nothing better works, ms. Default: min 1,000, max 5,000. */
  poll?: { min?: number; max?: number };
  /** How much may wait to be settled. Default: 1,000 messages, 1,048,576 bytes. */
  outbox?: { messages?: number; bytes?: number };
  /** How long a request waits for its reply, and a connection for what `auth` gives, ms. Default 10,000. */
  requestTimeout?: number;
  /** What is outside. Default: this runtime. */
  environment?: Partial<Environment>;
}

export type { Status };

export type ClientEvents<C extends Contract = Untyped> = Omit<
  Told,
  'status' | 'system' | 'message' | 'error'
> & {
  status: [status: Status];
  /** A message to this session alone; its payload is what the contract's `messages` say of its delta. */
  message: [message: DeliveredMessage<C>, position: Position];
  /** A refusal that is no send's outcome, or what a handler threw. */
  error: [error: unknown];
};

export interface Client<C extends Contract = Untyped> {
  readonly status: Status;
  /** The sends without a known end, oldest first. */
  readonly outbox: readonly Send[];
  on<Name extends keyof ClientEvents<C>>(
    name: Name,
    listener: (...values: ClientEvents<C>[Name]) => void,
  ): Off;
  /** What happens on the servers, for whom they let (P80). */
  channel(name: typeof SYSTEM): Channel<Untyped, typeof SYSTEM>;
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
  /** Ends the session; what is not settled ends as unknown. */
  close(): Promise<void>;
}

/** `tell`: tells the session's machine something, once it runs. */
type MakeSession = (
  ...given: [...Parameters<typeof createSession>, tell: (event: SessionEvent) => void]
) => Session;

const TRANSPORTS = { websocket, sse, 'long-poll': poll, polling: poll };

/**
 * Opens a session; of several servers the first is the primary, and the others stand in for it. Everything may be called
 * at once, before it is there. The last two are for `connect.ts`: what stands beside the core stands around these, and
 * may tell the session what happened.
 */
export function connect<C extends Contract = Untyped>(
  url: string | readonly string[],
  options: ConnectOptions = {},
  makeSession: MakeSession = createSession,
  makeChannel: typeof createChannel = createChannel,
): Client<C> {
  const environment: Environment = { ...platform(), ...options.environment };
  const { clock } = environment;
  const { auth, requestTimeout = 10_000, transports = Object.keys(TRANSPORTS) as TransportName[] } = options;
  let ranks = 0;
  const ladder = [url]
    .flat()
    .map((one) => absolute(one, environment.base))
    .flatMap((server) => transports.map((transport) => ({ server, transport, rank: ranks++ })));
  // An error that nobody listens to must not be lost; one in a listener of errors must not go round.
  const failed = (error: unknown, listener?: string): void => {
    if (listener === 'error' || !events.emit('error', error)) console.error(error);
  };
  const events = createEmitter<ClientEvents & Pick<Told, 'system'>>(failed);
  const channels = new Map<string, ChannelFeed>();
  let credentials: Promise<Json | undefined> | undefined;
  let closed: Error | undefined;
  /** Of a ping: the next round trip that is measured. */
  let answer: Promise<number> | undefined;
  let answered: [resolve: (sample: number) => void, reject: (error: Error) => void] | undefined;

  const session = makeSession(
    {
      ...options,
      ladder,
      reconnect: { min: 500, max: 20_000, ...options.reconnect },
      poll: { min: 1_000, max: 5_000, ...options.poll },
      outbox: { messages: 1_000, bytes: 1_048_576, ...options.outbox },
    },
    environment.random,
    // 130 bits as 22 characters (P10): of 64 three are the same.
    () =>
      btoa(String.fromCharCode(...environment.randomBytes(17)))
        .replace(/\W/g, '0')
        .slice(0, 22),
    tell,
  );
  const { outbox, identity } = session;

  /** The same outcome, unless it takes too long. */
  const inTime = <Value>(outcome: Promise<Value>, timeout: number, code: string, what: string) =>
    new Promise<Value>((resolve, reject) => {
      const cancel = clock.at(clock.now() + timeout, () =>
        reject(new RequestTimeout(code, `No ${what} in time.`)),
      );
      outcome.then(resolve, reject).finally(cancel);
    });

  const status = (): Status => session.status(clock.now());

  const host: Host = {
    askCredentials({ attempt }) {
      // Attempts of one race ask together; and never at once, so that what is sent right after connect() comes along.
      credentials ??= inTime(
        (async () => (typeof auth === 'function' ? auth() : auth))(),
        requestTimeout,
        'auth_timeout',
        'credentials',
      ).finally(() => (credentials = undefined));
      credentials.then(
        (given) => tell({ type: 'credentialsGiven', attempt, auth: given }),
        (error: unknown) => {
          // Nobody waits for them any more.
          if (closed) return;
          failed(error);
          tell({ type: 'credentialsFailed', attempt });
        },
      );
    },
    open(one, message) {
      const { attempt } = one;
      one.way ??= TRANSPORTS[one.transport]({
        url: one.server,
        environment,
        on: (event) => tell({ ...event, attempt }),
      });
      void one.way.open(message);
    },
    send({ way }, message) {
      void way?.send(message);
    },
    close({ way }) {
      way?.close();
    },
    bye(message) {
      const { server } = session.policy.current ?? ladder[0]!;
      void poll({ url: server, environment, on() {} }).send(message);
    },
    hand(channel, what, value) {
      channels.get(channel)?.[what]?.(value);
    },
    settle(send, error) {
      send.settle?.(error);
    },
    measured(sample) {
      answered?.[0](sample);
      answer = answered = undefined;
    },
    tell(name, ...values) {
      if (name === 'status') events.emit('status', status());
      else if (name === 'error') failed(new SendError(values[0] as Refusal));
      else events.emit(name, ...(values as never));
    },
    stop(error) {
      closed = error;
      answered?.[1](error);
      ignorePage();
      machine.stop();
    },
  };

  const machine = drive<SessionEvent, SessionEffect>(session, clock, ([name, ...values]) =>
    (host[name] as (...values: unknown[]) => void)(...values),
  );
  function tell(event: SessionEvent): void {
    machine.tell(event);
  }
  const ignorePage = environment.onPage((signal) => tell({ type: 'pageChanged', signal }));
  tell({ type: 'started' });

  /** Hands a send to the outbox, unless there is a reason not to. */
  const submit = (add: () => Pending | undefined, refusal = closed): Submitted => {
    const pending = refusal ? undefined : add();
    const outcome = new Promise<unknown>((resolve, reject) => {
      if (!pending)
        return reject(refusal ?? new QueueFull('queue_full', `${outbox.sends.length} sends wait already.`));
      pending.settle = (error) => (error ? reject(error) : resolve(pending.outcome?.payload));
      tell({ type: 'sendAdded' });
    });
    return { pending, outcome };
  };

  /** The same for an envelope, whose size is limited. */
  const submitEnvelope = (input: EnvelopeInput, tag: SendFrame[0], ...where: string[]) => {
    const envelope = completeEnvelope(input);
    const bytes = byteLength(JSON.stringify(envelope));
    const limit = identity.welcome?.limits.envelope ?? MAX_ENVELOPE_BYTES;
    const message = `${bytes} of at most ${limit} bytes.`;
    return submit(
      () => outbox.add(tag, ...where, envelope),
      bytes > limit
        ? new SendError({ delta: 'too_big', lambda: 'split_message', payload: { message } })
        : closed,
    );
  };

  const calls: Calls = {
    session,
    submit,
    publish: (input, channel) => submitEnvelope(input, 'publish', channel),
    failed: (error) => failed(error),
  };

  const client: Client = {
    get status() {
      return status();
    },
    get outbox() {
      return outbox.sends.flatMap(({ shown }) => shown ?? []);
    },
    on: events.on as Client['on'],
    channel(name: string) {
      if (!isReadable(name)) {
        throw new MisuseError('channel_name', `"${name as string}" is no channel name.`);
      }
      let feed = channels.get(name);
      if (!feed) channels.set(name, (feed = makeChannel(name, calls)));
      return feed.channel as never;
    },
    request(name: string, input?: unknown, { timeout = requestTimeout } = {}) {
      const { outcome } = submitEnvelope({ delta: name, payload: input }, 'request');
      return inTime(outcome, timeout, 'request_timeout', `reply to "${name}"`);
    },
    async ping() {
      if (closed) throw closed;
      answer ??= new Promise((...settle) => (answered = settle));
      tell({ type: 'pinged' });
      return answer;
    },
    async close() {
      tell({ type: 'closeAsked' });
    },
  };
  return client as unknown as Client<C>;
}

function absolute(url: string, base: string | undefined): string {
  try {
    return new URL(url.replace(/^ws/, 'http'), base).href.replace(/\/+$/, '');
  } catch {
    throw new MisuseError('url', `"${url}" needs a host outside a page.`);
  }
}
