/** What every test of the transports runs with: a server and a proxy as processes of their own, and a place for clients. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

import { bundleInPage } from '../browser/bundle.js';
import type { Participant, ParticipantOptions } from '../browser/participant.js';
import type { Place } from '../browser/places.js';
import type { Remote } from '../browser/remote.js';
import { startChild } from './child.js';
import type { Child, Runtime } from './child.js';
import type { ProxyVerbs } from './proxy.js';
import type { ServeConfig, ServeVerbs } from './served.js';

export type Server = Child<ServeVerbs>;
export type Client = Remote<Participant>;

/** Short times: what takes a minute in life takes a second here. */
const QUICK: Partial<ParticipantOptions> = {
  reconnect: { min: 50, max: 400 },
  poll: { min: 40, max: 150 },
};

export interface Rig {
  readonly server: Remote<ServeVerbs>;
  readonly proxy: Remote<ProxyVerbs>;
  /** A client whose every connection goes through the proxy. */
  open(options?: Partial<ParticipantOptions>): Promise<Client>;
  /** A fresh page, where there are pages. */
  visit(): Promise<void>;
  /** Another server, which nobody knows yet. */
  another(config?: ServeConfig): Promise<Server>;
  /** Everybody goes there from now on; the old one dies, if it has to. */
  replaceBy(server: Server): Promise<void>;
  kill(): Promise<void>;
}

/** Programs that serve, of this folder. */
export type ServeProgram = 'serve' | 'serve-bun' | 'serve-deno' | 'serve-node-ws';

/** Starts what the tests of the calling `describe` need; afterwards nothing of it is left. */
export function withRig(place: Place, program: ServeProgram = 'serve', runtime?: Runtime): Rig {
  const clients: Client[] = [];
  const servers: Server[] = [];
  let proxy: Child<ProxyVerbs> | undefined;
  let current: Server;
  let script: string;
  let url: string;

  const another = async (config: ServeConfig = {}): Promise<Server> => {
    const server = await startChild<ServeVerbs>(
      `transports/${program}`,
      { script, ...config },
      runtime?.execArgv,
      runtime?.execPath,
    );
    servers.push(server);
    return server;
  };
  const aim = async (server: Server): Promise<void> => {
    current = server;
    await proxy!.does.aim(await server.does.port());
  };

  beforeAll(async () => {
    script = await bundleInPage();
    const [first] = await Promise.all([
      another(),
      startChild<ProxyVerbs>('transports/proxy').then((started) => (proxy = started)),
      place.start(),
    ]);
    await aim(first);
    url = `http://127.0.0.1:${await proxy!.does.port()}`;
    await place.visit(url);
  });
  afterEach(async () => {
    await Promise.all([proxy!.does.unblock(), proxy!.does.cutIdle(0)]);
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await proxy!.does.requests();
    expect(place.complaints.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([place.stop(), proxy?.kill(), ...servers.map((server) => server.kill())]);
  });

  return {
    get server() {
      return current.does;
    },
    get proxy() {
      return proxy!.does;
    },
    async open(options) {
      const client = await place.open({ url: `${url}/realtime`, ...QUICK, ...options });
      clients.push(client);
      return client;
    },
    visit: () => place.visit(url),
    another,
    async replaceBy(server) {
      const old = current;
      await aim(server);
      if (old !== server) await old.kill();
    },
    kill: () => current.kill(),
  };
}

/** 1, 2, 3 … */
export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

let rooms = 0;
/** A room that nobody has been in. */
export const newRoom = (): `room:${string}` => `room:${++rooms}`;

/** Looks until it is so. */
export const eventually = <Value>(
  look: () => Promise<Value>,
  timeout = 20_000,
): ReturnType<typeof expect.poll<Value>> => expect.poll(look, { timeout, interval: 40 });

export const isConnected = async (client: Client, transport: string, timeout?: number): Promise<void> => {
  await eventually(async () => {
    const { state, transport: over } = await client.status();
    return `${state} over ${over}`;
  }, timeout).toBe(`connected over ${transport}`);
};
