/**
 * A server for tests: the real one with its real routes, in this process, without a socket. The test moves its clock and its
 * network, and draws its chance from a seed. Any client that takes an environment can speak with it.
 */
import { Hono } from 'hono';
import { defineWebSocketHelper } from 'hono/ws';
import type { WSEvents } from 'hono/ws';
import type { Clock, Contract, Untyped } from '@iskra/protocol/wire';
import { createRealtime } from '../realtime.js';
import type { Realtime, RealtimeOptions } from '../realtime.js';
import { memoryStore } from '../stores/memory.js';
import { fetchOver } from './call.js';
import type { Headers, TestFetch } from './call.js';
import { createChance } from './chance.js';
import { Network } from './network.js';
import type { TestNetwork } from './network.js';
import { TestSocket } from './socket.js';
import { createTime } from './time.js';
import type { TestTime } from './time.js';

/** Those of `createRealtime`; by default nothing is logged and nothing is measured. */
export interface TestServerOptions<C extends Contract = Untyped> extends Omit<
  RealtimeOptions<C>,
  'upgradeWebSocket'
> {
  /** Everything that is left to chance is drawn from it: ids, pauses, delays. The same seed, the same run. Default 1. */
  seed?: number;
  /** What it goes by: `globalTimers` for the timers of the runtime. Default: its own, which stands still until it is moved. */
  clock?: Clock;
}

/** What a client runs on: the option `environment` of `connect`. */
export interface TestEnvironment {
  readonly clock: Clock;
  random(): number;
  randomBytes(count: number): Uint8Array;
  readonly fetch: TestFetch;
  readonly WebSocket: new (url: string, protocol: string) => TestSocket;
  readonly base: string;
  /** Nothing is remembered from one client to the next. */
  readonly storage: undefined;
  /** A page that is never hidden and never left. */
  onPage(): () => void;
}

export interface TestEnvironmentOptions {
  /** The way to the server. Default: that of everybody, `network`. */
  network?: TestNetwork;
  /** What a browser would add to each request, as `{ cookie: 'user=ann' }`. Default: nothing. */
  headers?: Readonly<Record<string, string>>;
}

export interface TestServer<C extends Contract = Untyped> extends TestTime {
  /** The server itself: to publish, to handle requests, to look at channels. */
  readonly realtime: Realtime<C>;
  /** Where clients connect to. */
  readonly url: string;
  /** The way of all clients that were given no other. */
  readonly network: TestNetwork;
  /** A way of its own, for clients that are elsewhere. */
  createNetwork(): TestNetwork;
  /** For one client each. */
  environment(options?: TestEnvironmentOptions): TestEnvironment;
  /** Closes what is open and lets go of everything. */
  close(): Promise<void>;
}

const ORIGIN = 'http://iskra.test';
const PATH = '/realtime';

export function createTestServer<const C extends Contract = Untyped>(
  options: TestServerOptions<C> = {},
): TestServer<C> {
  const { seed = 1, clock: given, ...realtimeOptions } = options;
  const time = createTime(given);
  const { clock } = time;
  const chance = createChance(seed, 'server');
  const randomId = (): string => Buffer.from(chance.bytes(16)).toString('base64url');
  /** Requests that want to become a WebSocket: Hono's helper knows its request only. */
  const upgrading = new WeakMap<Request, (events: WSEvents) => void>();

  const realtime = createRealtime<C>(
    {
      logger: false,
      metrics: false,
      store: memoryStore({ window: options.times?.window, now: () => clock.now(), randomId }),
      ...realtimeOptions,
      upgradeWebSocket: defineWebSocketHelper((c, events) => {
        const accept = upgrading.get(c.req.raw);
        if (accept === undefined) return undefined;
        accept(events);
        return new Response(null);
      }),
    },
    {
      clock: { now: () => clock.now(), at: (moment, callback) => clock.at(moment, callback), stop() {} },
      wallClock: () => time.wallClock(),
      // By promises, which no fake timers replace.
      defer: (task) => void Promise.resolve().then(task),
      randomId,
    },
  );
  const app = new Hono().route(PATH, realtime.app).route('/', realtime.plain);
  const answer = (request: Request): Response | Promise<Response> => app.fetch(request);

  const upgrade = async (request: Request): Promise<WSEvents | undefined> => {
    let accepted: WSEvents | undefined;
    upgrading.set(request, (events) => (accepted = events));
    await answer(request);
    return accepted;
  };

  let networks = 0;
  let clients = 0;
  const createNetwork = (): Network => new Network(clock, createChance(seed, `network ${++networks}`));
  const network = createNetwork();

  return {
    ...time,
    realtime,
    url: `${ORIGIN}${PATH}`,
    network,
    createNetwork,
    environment: ({ network: way = network, headers = {} }: TestEnvironmentOptions = {}) =>
      environmentOf(way as Network, createChance(seed, `client ${++clients}`), headers),
    close: () => realtime.close(),
  };

  function environmentOf(
    way: Network,
    own: ReturnType<typeof createChance>,
    headers: Headers,
  ): TestEnvironment {
    const ground = {
      network: way,
      upgrade,
      request: (url: string) => new Request(url, { headers: { ...headers } }),
    };
    return {
      clock,
      random: own.next,
      randomBytes: own.bytes,
      fetch: fetchOver(way, answer, headers),
      WebSocket: class extends TestSocket {
        constructor(url: string) {
          super(ground, url);
        }
      },
      base: `${ORIGIN}/`,
      storage: undefined,
      onPage: () => () => {},
    };
  }
}
