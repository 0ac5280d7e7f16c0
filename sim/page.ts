/** One page with the real client, and an application that writes down what it does and what it is told. */
import { connect, ClosedError, OutcomeUnknown, QueueFull, RequestTimeout } from '@iskra/client';
import type { Client, ConnectOptions, Environment } from '@iskra/client';
import type { End, PageHistory, Sent } from './history.js';
import type { Door } from './door.js';
import { createRandom } from './random.js';
import type { Random } from './random.js';
import type { Tap } from './tap.js';
import { Way } from './way.js';
import { Actor } from './world.js';
import type { World } from './world.js';

type PageSignal = Parameters<Parameters<Environment['onPage']>[0]>[0];
export type ClientOptions = Omit<ConnectOptions, 'environment'>;

export class Page {
  readonly name: string;
  readonly actor: Actor;
  readonly way: Way;
  readonly client: Client;
  readonly history: PageHistory;
  readonly #world: World;
  #signal: (signal: PageSignal) => void = () => {};
  #ids = 0;
  #calls = 0;
  readonly #listening = new Set<string>();
  /** Channels that it wants to be a member of. */
  readonly entered = new Set<string>();

  constructor(
    world: World,
    random: Random,
    seed: number,
    name: string,
    doors: readonly Door[],
    tap: Tap,
    options: ClientOptions,
  ) {
    this.name = name;
    this.#world = world;
    this.history = { page: name, seen: [], sent: [] };
    this.actor = new Actor(world, name, random.whole(1, 1_000_000));
    this.way = new Way({
      world,
      random: createRandom(seed, `way of ${name}`),
      client: this.actor,
      tap,
      doors,
    });
    const addresses = doors.map(({ address }) => address);
    this.client = connect(addresses.length === 1 ? addresses[0]! : addresses, {
      ...options,
      environment: {
        clock: this.actor.clock,
        random: () => random.next(),
        randomBytes: (count) => random.bytes(count),
        fetch: this.way.fetch,
        WebSocket: this.way.WebSocket,
        base: undefined,
        seam: name,
        onPage: (listener) => {
          this.#signal = listener;
          return () => (this.#signal = () => {});
        },
      },
    });
    this.#listen();
  }

  /** What the browser tells the page. */
  signal(signal: PageSignal): void {
    this.actor.note(() => `page is ${signal}`);
    this.actor.run(() => this.#signal(signal));
  }

  subscribe(channel: string, options: { last?: number; presence?: unknown } = {}): void {
    const { seen } = this.history;
    this.#hear(channel);
    if (options.presence !== undefined) this.entered.add(channel);
    const call = ++this.#calls;
    seen.push({ at: this.#world.now, what: 'subscribes', channel, call });
    this.actor.note(() => `subscribes ${channel} ${JSON.stringify(options)}`);
    const handle = this.client.channel(channel);
    handle.subscribe(options).then(
      () => {
        this.actor.note(() => `is subscribed to ${channel}`);
        seen.push({ at: this.#world.now, what: 'subscribed', channel, call, position: handle.position });
      },
      (error: unknown) => {
        const code = codeOf(error);
        this.actor.note(() => `is refused ${channel}: ${code}`);
        seen.push({ at: this.#world.now, what: 'refused', channel, call, code });
      },
    );
  }

  unsubscribe(channel: string): void {
    this.actor.note(() => `unsubscribes ${channel}`);
    this.entered.delete(channel);
    this.history.seen.push({ at: this.#world.now, what: 'unsubscribes', channel });
    this.client
      .channel(channel)
      .unsubscribe()
      .catch(() => {});
  }

  publish(channel: string, size = 0): Sent {
    const sent = this.#begin('publish', channel);
    const send = this.client.channel(channel).publish('said', { id: sent.id, fill: 'x'.repeat(size) });
    send.settled.then(
      () => this.#ended(sent, 'acknowledged'),
      (error: unknown) => this.#ended(sent, endOf(error)),
    );
    return sent;
  }

  /** The server's handler says so in the channel `tells`, if it is given, waits for `takes` ms, and answers with the id. */
  request(name: 'echo' | 'echo-once', takes: number, timeout = 60_000, tells?: string): Sent {
    const sent = this.#begin('request', undefined);
    this.client
      .request(name, { id: sent.id, takes, ...(tells !== undefined && { tells }) }, { timeout })
      .then(
        (reply) => {
          sent.reply = reply;
          this.#ended(sent, 'acknowledged');
        },
        (error: unknown) => this.#ended(sent, endOf(error)),
      );
    return sent;
  }

  #begin(kind: Sent['kind'], channel: string | undefined): Sent {
    const sent: Sent = { id: `${this.name}.${++this.#ids}`, kind, channel, at: this.#world.now, ends: 0 };
    this.history.sent.push(sent);
    this.actor.note(() => `${kind}es ${sent.id}${channel ? ` to ${channel}` : ''}`);
    return sent;
  }

  #ended(sent: Sent, end: End): void {
    this.actor.note(() => `${sent.id} is ${end}`);
    Object.assign(sent, { end, endedAt: this.#world.now, ends: sent.ends + 1 });
  }

  #hear(channel: string): void {
    if (this.#listening.has(channel)) return;
    this.#listening.add(channel);
    const { seen } = this.history;
    const handle = this.client.channel(channel);
    handle.on('*', (payload, { position }) => {
      const { id = '?' } = payload as { id?: string };
      this.actor.note(() => `← ${channel} ${position.join(':')} ${id}`);
      seen.push({ at: this.#world.now, what: 'entry', channel, position, id });
    });
    handle.onGap(({ reason, was, now }) => {
      this.actor.note(() => `← gap in ${channel}: ${reason}, ${was.join(':')} to ${now.join(':')}`);
      seen.push({ at: this.#world.now, what: 'gap', channel, reason, was, now });
    });
  }

  #listen(): void {
    const { seen } = this.history;
    const { client } = this;
    let state = client.status.state;
    client.on('status', (status) => {
      if (status.state === state) return;
      state = status.state;
      this.actor.note(() => `is ${state}`);
      seen.push({ at: this.#world.now, what: 'state', state });
    });
    client.on('transport', ({ to }) => {
      this.actor.note(() => `is on ${to} of ${client.status.server}`);
      seen.push({ at: this.#world.now, what: 'transport', to });
    });
    client.on('session', ({ session, lost }) => {
      this.actor.note(() => `session ${session} ${lost ? 'is lost' : 'begins'}`);
      seen.push({ at: this.#world.now, what: 'session', session, lost });
    });
    client.on('error', (error) => {
      this.actor.note(() => `error: ${String(error)}`);
      seen.push({ at: this.#world.now, what: 'error', code: codeOf(error), text: String(error) });
    });
  }
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);

function endOf(error: unknown): End {
  if (error instanceof OutcomeUnknown) return 'unknown';
  if (error instanceof RequestTimeout) return 'timeout';
  if (error instanceof QueueFull) return 'full';
  return error instanceof ClosedError ? 'closed' : 'rejected';
}
