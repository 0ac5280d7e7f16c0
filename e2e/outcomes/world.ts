/** What a test of bad outcomes runs in: a server that can die, a network that can break, and clients that write down what they are told. */
import { connect } from '@iskra/client';
import type { Channel, Client, ConnectOptions, Envelope, TransportName } from '@iskra/client';
import { createRealtime, memoryStore } from '@iskra/server';
import type { Realtime, RealtimeOptions, Store } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { expect, onTestFinished } from 'vitest';
import { startNetwork } from './network.js';
import type { Network } from './network.js';

export const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

/** Short times: what takes a minute in life takes a moment here. */
const QUICK: ConnectOptions = { reconnect: { min: 20, max: 200 }, poll: { min: 20, max: 80 } };

export interface WorldOptions extends Omit<RealtimeOptions, 'store' | 'secret'> {
  /** Makes the store of each server. Default: `memoryStore`. */
  store?: () => Store;
  /** Gives each server its secret. Default: the same one. */
  secret?: () => string;
  /** Does to each server what its application would. */
  prepare?: (realtime: Realtime) => void;
}

export interface World {
  /** The server that runs now, and its store. */
  readonly realtime: Realtime;
  readonly store: Store;
  readonly network: Network;
  /** A client that is connected, straight or by another address. */
  open(transport: TransportName, options?: ConnectOptions, url?: string): Promise<Witness>;
  /** The server publishes each number of the range. */
  publish(channel: string, from: number, to: number): Promise<void>;
  /** The payloads that a channel's log has on the server, without comings and goings. */
  log(channel: string): Promise<unknown[]>;
  /** The server dies as in a crash; another starts at its port, with a store of its own. The network stays cut. */
  restart(): Promise<void>;
}

/** A client, and what its application was told, in order. */
export interface Witness {
  readonly client: Client;
  readonly sessions: { session: string; lost: boolean }[];
  readonly errors: unknown[];
  readonly system: Envelope[];
}

/** Lives until the test that calls it is over. */
export async function startWorld({
  store: makeStore = memoryStore,
  secret = () => 'of every server here',
  prepare = () => {},
  ...options
}: WorldOptions = {}): Promise<World> {
  let [realtime, store, serving] = await start(0);
  const network = await startNetwork(serving.port);
  const clients: Client[] = [];

  async function start(port: number): Promise<[Realtime, Store, Serving]> {
    const memory = makeStore();
    const node = createRealtime({ logger: false, ...options, secret: secret(), store: memory });
    prepare(node);
    return [node, memory, await serve(node, { port, hostname: '127.0.0.1' })];
  }
  async function crash(): Promise<void> {
    network.cut();
    const closed = new Promise((resolve) => serving.server.close(resolve));
    serving.server.closeAllConnections();
    await realtime.close();
    await closed;
  }

  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await crash();
    await network.close();
  });

  return {
    get realtime() {
      return realtime;
    },
    get store() {
      return store;
    },
    network,
    async open(transport, given, url = `http://127.0.0.1:${network.port}/realtime`) {
      const client = connect(url, { ...QUICK, ...given, transports: [transport] });
      clients.push(client);
      const witness: Witness = { client, sessions: [], errors: [], system: [] };
      client.on('session', (change) => void witness.sessions.push(change));
      client.on('error', (error) => void witness.errors.push(error));
      client.on('system', (envelope) => void witness.system.push(envelope));
      await eventually(() => client.status.state).toBe('connected');
      return witness;
    },
    async publish(channel, from, to) {
      for (let n = from; n <= to; n++) await realtime.publish(channel, 'counted', n);
    },
    async log(channel) {
      const entries = await realtime.history(channel, 1_000);
      return entries
        .filter(({ envelope }) => envelope.dimension === 1)
        .map(({ envelope }) => envelope.payload);
    },
    async restart() {
      await crash();
      [realtime, store, serving] = await start(serving.port);
    },
  };
}

/** What the handlers of a channel are told, in order: payloads, and gaps in their place. */
export function record(channel: Channel): unknown[] {
  const told: unknown[] = [];
  channel.on('*', (payload) => void told.push(payload));
  channel.onGap((gap) => void told.push(gap));
  return told;
}

/** The payloads of what the client said of itself under this name. */
export const told = ({ system }: Witness, delta: string): unknown[] =>
  system.filter((envelope) => envelope.delta === delta).map(({ payload }) => payload);

/** Looks until the client has noticed that the network is cut. */
export const isAway = (witness: Witness): Promise<void> =>
  eventually(() => told(witness, 'connection_lost')).not.toEqual([]);

/** Looks until it is so. */
export const eventually = <Value>(
  look: () => Value | Promise<Value>,
): ReturnType<typeof expect.poll<Value>> => expect.poll(look, { timeout: 20_000, interval: 20 });

/** How a call ended: with nothing, or with its error. */
export const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );
