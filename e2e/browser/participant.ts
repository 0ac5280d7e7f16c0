/**
 * A client and everything that it noticed. The same code runs in Node and inside
 * a page; tests hold it from outside, so all that goes in and out is JSON.
 */
import { ClosedError, connect, OutcomeUnknown, QueueFull, RequestTimeout, SendError } from '@iskra/client';
import { shareTabs } from '@iskra/client/tabs';
import type {
  Client,
  ConnectOptions,
  Environment,
  Explanation,
  Json,
  Status,
  TransportName,
} from '@iskra/client';

type WebSocketClass = NonNullable<Environment['WebSocket']>;

export type ParticipantOptions = Omit<ConnectOptions, 'auth' | 'environment' | 'tabs'> & {
  url: string;
  /** By this name it shares its session with other tabs. */
  shared?: string;
  /** In place of chance, for waits of a known length. */
  random?: number;
  /** What is subscribed to right behind `connect`, before anything is sent. */
  follow?: { channel: string; last: number };
};

/** How a call ended. */
export type Outcome =
  { ok: true; value: unknown } | { ok: false; error: string; code: string; field?: string | undefined };

export interface SeenEntry {
  delta: string;
  payload: Json;
  position: readonly [string, number];
}

export interface SeenGap {
  channel: string;
  reason: string;
  was: readonly [string, number];
  now: readonly [string, number];
}

/** All that the application was told, in order. */
export interface Report {
  states: string[];
  transports: TransportName[];
  /** Deltas of the system's envelopes. */
  system: string[];
  sessions: { session: string; lost: boolean }[];
  gaps: SeenGap[];
  errors: string[];
  status: Status;
  /** Heartbeats, and whatever else changed the status. */
  statuses: number;
}

/** What had passed over the network when the first entry was handed on. */
export interface Traffic {
  requests: number;
  sockets: number;
}

const ERRORS = { ClosedError, OutcomeUnknown, QueueFull, RequestTimeout, SendError };

export class Participant {
  readonly #client: Client;
  readonly #entries = new Map<string, SeenEntry[]>();
  readonly #members = new Map<string, string[][]>();
  readonly #report: Omit<Report, 'status'> = {
    states: [],
    transports: [],
    system: [],
    sessions: [],
    gaps: [],
    errors: [],
    statuses: 0,
  };
  readonly #traffic: Traffic = { requests: 0, sockets: 0 };
  readonly #settled: number[] = [];
  readonly #unhappy: string[] = [];
  #first: Traffic | undefined;

  constructor(
    { url, random, follow, shared, ...options }: ParticipantOptions,
    WebSocketHere: WebSocketClass,
  ) {
    const environment: Partial<Environment> = {
      ...this.#watched(WebSocketHere),
      // What one test has learned of the network must not help the next one.
      storage: undefined,
      ...(random !== undefined && { random: () => random }),
    };
    const tabs = shared === undefined ? {} : { tabs: shareTabs(shared) };
    this.#client = connect(url, { ...options, ...tabs, environment });
    const { states, transports, system, sessions, errors } = this.#report;
    states.push(this.#client.status.state);
    this.#client.on('status', ({ state }) => {
      this.#report.statuses++;
      if (states[states.length - 1] !== state) states.push(state);
    });
    this.#client.on('transport', ({ to }) => void transports.push(to));
    this.#client.on('system', ({ delta }) => void system.push(delta));
    this.#client.on('session', (change) => void sessions.push(change));
    this.#client.on('error', (error) => void errors.push(String(error)));
    if (follow) void this.subscribe(follow.channel, { last: follow.last });
  }

  /** A network that counts what passes. */
  #watched(WebSocketHere: WebSocketClass): Pick<Environment, 'fetch' | 'WebSocket'> {
    const traffic = this.#traffic;
    return {
      fetch(url, init) {
        traffic.requests++;
        return fetch(url, init);
      },
      WebSocket: class extends WebSocketHere {
        constructor(url: string, protocol: string) {
          super(url, protocol);
          traffic.sockets++;
        }
      },
    };
  }

  #channel(name: string) {
    const channel = this.#client.channel(name);
    if (this.#entries.has(name)) return channel;
    const entries: SeenEntry[] = [];
    const members: string[][] = [];
    this.#entries.set(name, entries);
    this.#members.set(name, members);
    channel.on('*', (payload, { position, envelope }) => {
      this.#first ??= { ...this.#traffic };
      entries.push({ delta: envelope.delta, payload: payload as Json, position });
    });
    channel.onGap((gap) => void this.#report.gaps.push(gap));
    channel.onMembers((list) => void members.push(list.map(({ id }) => id)));
    return channel;
  }

  status(): Status {
    return this.#client.status;
  }

  explain(): Explanation {
    return this.#client.explain();
  }

  report(): Report {
    return { ...this.#report, status: this.#client.status };
  }

  /** What has passed up to now. */
  traffic(): Traffic {
    return { ...this.#traffic };
  }

  /** What has passed up to the first entry. */
  firstTraffic(): Traffic | undefined {
    return this.#first;
  }

  subscribe(channel: string, options?: { last?: number; since?: [string, number]; presence?: Json }) {
    return outcomeOf(this.#channel(channel).subscribe(options));
  }

  entries(channel: string): SeenEntry[] {
    return this.#entries.get(channel) ?? [];
  }

  /** The `n` of the payloads that came, in their order. */
  numbers(channel: string): unknown[] {
    return this.entries(channel).map(({ payload }) => (payload as { n?: unknown } | null)?.n);
  }

  /** The ids of the members now. */
  members(channel: string): string[] {
    return this.#members.get(channel)?.at(-1) ?? [];
  }

  publish(channel: string, delta: string, payload: Json) {
    return outcomeOf(this.#channel(channel).publish(delta, payload).settled);
  }

  /** Publishes `{ n }` for each n of the range, with a pause of so many ms between them; answers when the last was handed over. */
  async publishNumbers(channel: string, from: number, to: number, pause = 0): Promise<void> {
    const target = this.#channel(channel);
    for (let n = from; n <= to; n++) {
      const { settled } = target.publish('numbered', { n });
      settled.then(
        () => void this.#settled.push(n),
        (error: unknown) => void this.#unhappy.push(`${n}: ${String(error)}`),
      );
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** The same, with nobody waiting for its end: a page may leave meanwhile. */
  startNumbers(channel: string, from: number, to: number, pause: number): void {
    void this.publishNumbers(channel, from, to, pause);
  }

  /** The numbers that were acknowledged, in the order in which they were, and what became of the others. */
  settledNumbers(): { acknowledged: number[]; others: string[] } {
    return { acknowledged: this.#settled, others: this.#unhappy };
  }

  request(name: string, input?: Json) {
    return outcomeOf(this.#client.request(name, input));
  }

  ping() {
    return outcomeOf(this.#client.ping());
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

async function outcomeOf(ending: Promise<unknown>): Promise<Outcome> {
  try {
    // No value is no field in JSON.
    return { ok: true, value: (await ending) ?? null };
  } catch (error) {
    const [name = 'Error'] =
      Object.entries(ERRORS).find(([, one]) => error instanceof (one as unknown as typeof Error)) ?? [];
    const { code, field } = error as Partial<SendError>;
    return { ok: false, error: name, code: code ?? String(error), ...(field !== undefined && { field }) };
  }
}
