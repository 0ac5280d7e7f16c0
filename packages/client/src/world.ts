/**
 * The entry ./testing: clients of this package and a real server in one process, linked without sockets. The one file of the
 * client that knows the server, which is installed for tests only; no page loads it.
 */
import { createTestServer } from '@iskra/server/testing';
import type { TestEnvironmentOptions, TestServer, TestServerOptions } from '@iskra/server/testing';
import type { Contract, Untyped } from '@iskra/protocol/wire';
import { connect } from './connect.js';
import type { Client, ConnectOptions } from './connect.js';

export { globalTimers } from '@iskra/server/testing';
export type {
  TestEnvironment,
  TestEnvironmentOptions,
  TestNetwork,
  TestServer,
  TestServerOptions,
  TestTime,
  TestTransport,
} from '@iskra/server/testing';

/** Those of `connect`, and the way that this client has. */
export interface TestClientOptions extends ConnectOptions, TestEnvironmentOptions {}

export interface TestWorld<C extends Contract = Untyped> extends TestServer<C> {
  /** The client of `connect`, with the types of the contract. `close` of the world closes it, too. */
  client(options?: TestClientOptions): Client<C>;
}

/** A server, its clients, and between them a network and a time that the test moves. */
export function createTestWorld<const C extends Contract = Untyped>(
  options: TestServerOptions<C> = {},
): TestWorld<C> {
  const server = createTestServer<C>(options);
  const clients: Client<C>[] = [];
  return {
    ...server,
    client({ network, headers, environment, ...rest } = {}) {
      const client = connect<C>(server.url, {
        ...rest,
        environment: { ...server.environment({ network, headers }), ...environment },
      });
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await server.settled();
      await server.close();
    },
  };
}
