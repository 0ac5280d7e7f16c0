/** Serves a realtime on Node: one HTTP server for the transports, the plain endpoints and the application. */
import { createServer } from 'node:http';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { Contract } from '@iskra/protocol/wire';
import { followCertificate, readCertificate } from './certificate.js';
import type { CertificateFiles, Renewal } from './certificate.js';
import type { Drained, DrainOptions } from './drain.js';
import { WATCHED } from './plain.js';
import type { Realtime } from './realtime.js';
import { wrapUpgrades } from './upgrade.js';

export { checkCertificate, readCertificate, validTo } from './certificate.js';
export { mount } from './mount.js';
export type { MountOptions } from './mount.js';
export type { Certificate, CertificateFiles, NoCertificate, Renewal } from './certificate.js';

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
  /** Milliseconds that clients have to leave on ending. Default: 1,800,000 on a signal, 5,000 for `close`. */
  shutdownTimeout?: number;
  /**
   * Milliseconds between `/ready` saying that this server is not ready, and the clients being told: as long as a balancer
   * needs to see it. Default 0.
   */
  shutdownNotice?: number;
  /**
   * Serves https and wss with a certificate of its own. Its files are looked at every 2 s: a new one is used for connections
   * that come then, without a restart.
   */
  tls?: CertificateFiles & {
    /** What became of files that changed. Default: nobody is told. */
    readonly onRenewal?: (renewal: Renewal) => void;
  };
}

export interface Serving {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /**
   * Drains the realtime (see `Realtime.drain`), closes it and its server. Resolves with what became of the clients.
   * The times are those of the options, unless others are given.
   */
  close(times?: DrainOptions): Promise<Drained>;
}

/** Milliseconds that requests to the application have to end when all clients have gone. */
const LAST_ANSWERS = 5_000;
/** Milliseconds between two looks at the files of a certificate. */
const RENEWAL = 2_000;

export async function serve<C extends Contract>(
  realtime: Realtime<C>,
  options: ServeOptions = {},
): Promise<Serving> {
  const { port = 8000, hostname = '0.0.0.0', path = '/realtime', tls } = options;
  // Before anything is open that would have to be closed.
  const certificate = tls === undefined ? undefined : await readCertificate(tls);
  const app = new Hono();
  app.route(path, realtime.app);
  app.route('/', realtime.plain);
  if (options.app !== undefined) app.route('/', options.app);

  const direct = realtime.direct(path);
  const directly =
    (listener: RequestListener): RequestListener =>
    (incoming, outgoing) => {
      if (WATCHED.has(incoming.url ?? '')) incoming.headers.host ??= 'localhost';
      if (!direct.request(incoming, outgoing)) listener(incoming, outgoing);
    };
  // The adapter calls it with both; its type is that of all ways to call Node's own.
  const createDirectServer = (given: ServerOptions, listener: RequestListener): Server =>
    certificate === undefined
      ? createServer(given, directly(listener))
      : createSecureServer(given, directly(listener));
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
      ...(certificate !== undefined && {
        cert: certificate.cert,
        key: certificate.key,
        handshakeTimeout: 10_000,
      }),
    },
  }) as Server;
  wrapUpgrades(server, [], direct.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, hostname, resolve);
  });
  const address = server.address() as AddressInfo;

  const parting: (() => void)[] = [];
  if (tls !== undefined) {
    const told = (renewal: Renewal): void => tls.onRenewal?.(renewal);
    parting.push(followCertificate(server as SecureServer, tls, RENEWAL, told));
  }
  let closing: Promise<Drained> | undefined;
  const end = (otherwise: number, times?: DrainOptions): Promise<Drained> => {
    const { shutdownTimeout: timeout = otherwise, shutdownNotice: notice } = options;
    closing ??= drainAndClose(realtime, server, { notice, ...times, timeout: times?.timeout ?? timeout });
    return closing.finally(() => {
      for (const part of parting.splice(0)) part();
    });
  };
  if (options.signals === true) parting.push(endOnSignals(() => end(1_800_000)));

  const host = hostname === '0.0.0.0' || hostname === '::' ? 'localhost' : hostname;
  return {
    server,
    port: address.port,
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: (times) => end(5_000, times),
  };
}

async function drainAndClose<C extends Contract>(
  realtime: Realtime<C>,
  server: Server,
  options: DrainOptions & { timeout: number },
): Promise<Drained> {
  // The port stays open meanwhile: whoever watches /health must see the shutdown, not a refused connection.
  const drained = await realtime.drain(options);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await realtime.close();
  const left = Math.max(0, options.timeout - drained.took);
  const late = setTimeout(() => server.closeAllConnections(), Math.min(left, LAST_ANSWERS));
  await closed;
  clearTimeout(late);
  return drained;
}

/** Returns how to listen no more. */
function endOnSignals(close: () => Promise<unknown>): () => void {
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
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}
