/** Upgrades by the adapter's own means, through `fetch`, and what it leaves undone. */
import type { IncomingMessage, Server, createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import type { Direct } from './direct.js';
import type { NodeBindings } from './routes.js';
import type { WebSocketServer } from './transports/websocket.js';

/** Routes the upgrade requests of a Node server through `fetch`, by the adapter's own means. */
export function attachUpgrades(
  server: Server,
  webSockets: WebSocketServer,
  fetch: (request: Request, env: NodeBindings) => Response | Promise<Response>,
  direct?: Direct['upgrade'],
): void {
  const others = server.listeners('upgrade');
  const closers = server.listeners('close');
  createAdaptorServer({
    fetch: (request, env) => fetch(request, env as NodeBindings),
    createServer: (() => server) as unknown as typeof createServer,
    websocket: { server: webSockets },
    overrideGlobalObjects: false,
  });
  wrapUpgrades(server, others, direct, closers);
}

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Takes the short way where there is one, and refuses an upgrade to anything but `websocket`: the adapter
 * leaves that unanswered and its socket open for ever. It counts the listeners, so it is wrapped, not joined. And it
 * would end the WebSockets of all listeners of a realtime with the first server that closes.
 */
export function wrapUpgrades(
  server: Server,
  others: readonly unknown[] = [],
  direct?: Direct['upgrade'],
  closers: readonly unknown[] = [],
): void {
  for (const listener of server.listeners('close') as (() => void)[])
    if (!closers.includes(listener)) server.off('close', listener);
  for (const listener of server.listeners('upgrade') as UpgradeListener[]) {
    if (others.includes(listener)) continue;
    server.off('upgrade', listener);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (direct?.(request, socket, head) === true) return;
      const isOurs = request.headers.upgrade?.toLowerCase() === 'websocket';
      if (isOurs || server.listenerCount('upgrade') > 1) return listener(request, socket, head);
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () =>
        socket.destroy(),
      );
    });
  }
}
