/** Serves a realtime on Node: one HTTP server for the transports, the plain endpoints and the application. */
import { createServer } from 'node:http';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { Contract } from '@iskra/protocol/wire';
import type { Realtime } from './realtime.js';
import { wrapUpgrades } from './upgrade.js';

export interface ServeOptions {
  /** Default 8000; 0 takes a free one. */
  port?: number;
  /** Default `0.0.0.0`. */
  hostname?: string;
  /** Where the transports are. Default `/realtime`. */
  path?: string;
  /** The application's own routes, asked after ours. */
  app?: Hono;
  /** Ends in order on SIGINT and SIGTERM, and at once on a second one. Default false. */
  signals?: boolean;
  /** Milliseconds that open work has to finish on ending. Default 5,000. */
  shutdownTimeout?: number;
}

export interface Serving {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** Tells the clients, lets open work finish within the timeout, closes. */
  close(): Promise<void>;
}

export async function serve<C extends Contract>(
  realtime: Realtime<C>,
  options: ServeOptions = {},
): Promise<Serving> {
  const { port = 8000, hostname = '0.0.0.0', path = '/realtime', shutdownTimeout = 5_000 } = options;
  const app = new Hono();
  app.route(path, realtime.app);
  app.route('/', realtime.plain);
  if (options.app !== undefined) app.route('/', options.app);

  const direct = realtime.direct(path);
  // The adapter calls it with both; its type is that of all ways to call Node's own.
  const createDirectServer = (given: ServerOptions, listener: RequestListener): Server =>
    createServer(given, (incoming, outgoing) => {
      if (!direct.request(incoming, outgoing)) listener(incoming, outgoing);
    });
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer: createDirectServer as typeof createServer,
    websocket: { server: realtime.webSocketServer },
    serverOptions: {
      // Slow headers and bodies end here; a held poll has sent both and is not counted.
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      // Above the 60 s of common balancers: they, not we, end an idle keep-alive connection.
      keepAliveTimeout: 75_000,
    },
  }) as Server;
  wrapUpgrades(server, [], direct.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, hostname, resolve);
  });
  const address = server.address() as AddressInfo;

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= end(realtime, server, shutdownTimeout));
  if (options.signals === true) endOnSignals(close);

  const host = hostname === '0.0.0.0' || hostname === '::' ? 'localhost' : hostname;
  return {
    server,
    port: address.port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close,
  };
}

async function end<C extends Contract>(
  realtime: Realtime<C>,
  server: Server,
  timeout: number,
): Promise<void> {
  realtime.drain(timeout);
  const until = performance.now() + timeout;
  // The port stays open meanwhile: whoever watches /health must see the shutdown, not a refused connection.
  while (realtime.isBusy && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await realtime.close();
  server.closeAllConnections();
  await closed;
}

function endOnSignals(close: () => Promise<void>): void {
  let asked = false;
  const onSignal = (): void => {
    if (asked) process.exit(0);
    asked = true;
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}
