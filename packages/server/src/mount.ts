/** Puts the transports before an application that is not Hono: Express, Fastify, or whatever listens to a Node server. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Contract } from '@iskra/protocol/wire';
import { pathOf } from './direct.js';
import { WATCHED } from './plain.js';
import type { Realtime } from './realtime.js';
import type { NodeBindings } from './routes.js';
import { attachUpgrades } from './upgrade.js';
import type { UpgradeListener } from './upgrade.js';

export interface MountOptions {
  /** Where the transports are. Default `/realtime`. */
  path?: string;
  /** Whether `/ws/:client_id`, `/health`, `/ready` and `/metrics` are answered, too. Default false: they are the application's. */
  plain?: boolean;
}

/**
 * Lets a Node server that others made serve the transports, and gives it back: `mount(createServer(app), realtime).listen(8000)`.
 * What is for a realtime is taken before anybody else hears of it, so no middleware and no body parser stands in its way; all the rest,
 * upgrades too, goes to those who were listening when this was called. The server stays theirs: they listen, and they close it.
 */
export function mount<S extends Server | SecureServer, C extends Contract>(
  server: S,
  realtime: Realtime<C>,
  { path = '/realtime', plain = false }: MountOptions = {},
): S {
  const app = new Hono<{ Bindings: NodeBindings | undefined }>();
  app.route(path, realtime.app);
  if (plain) app.route('/', realtime.plain);
  const isOurs = (incoming: IncomingMessage): boolean => {
    const { method = 'GET' } = incoming;
    return app.router.match(method === 'HEAD' ? 'GET' : method, pathOf(incoming))[0].length > 0;
  };
  const direct = realtime.direct(path);

  const requests = taken(server, 'request') as RequestListener[];
  const answer = getRequestListener((request, env) => app.fetch(request, env as NodeBindings), {
    overrideGlobalObjects: false,
  });
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse & { req: IncomingMessage }) => {
    if (direct.request(incoming, outgoing)) return;
    if (plain && WATCHED.has(incoming.url ?? '')) incoming.headers.host ??= 'localhost';
    if (isOurs(incoming) || requests.length === 0) return void answer(incoming, outgoing);
    for (const listener of requests) listener.call(server, incoming, outgoing);
  });

  const upgrades = taken(server, 'upgrade') as UpgradeListener[];
  attachUpgrades(server, realtime.webSocketServer, (request, env) => app.fetch(request, env), direct.upgrade);
  const ours = taken(server, 'upgrade') as UpgradeListener[];
  server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    const listeners = isOurs(request) || upgrades.length === 0 ? ours : upgrades;
    for (const listener of listeners) listener.call(server, request, socket, head);
  });
  return server;
}

/** Those who listen, and from now on do not. */
function taken(server: Server, event: string): unknown[] {
  const listeners = server.rawListeners(event);
  server.removeAllListeners(event);
  return listeners;
}
