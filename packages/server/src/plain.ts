/**
 * The endpoints that need no library: `/ws/:client_id` for any WebSocket client,
 * `/health`, `/ready` and `/metrics`.
 */
import { Hono } from 'hono';
import { CODES } from '@iskra/protocol/wire';
import type { Core } from './core.js';
import { activeConnections } from './drain.js';
import type { Guard } from './guard.js';
import { printable } from './observe/event.js';
import type { PrometheusMeter } from './observe/metrics/prometheus.js';
import { handshake, headersOf, peerOf } from './routes.js';
import type { NodeBindings, Runtime } from './routes.js';
import { bufferedBy, nodeSocketOf } from './transports/websocket.js';
import type { WebSocketContext } from './transports/websocket.js';

export interface PlainParts extends Runtime {
  readonly core: Core;
  readonly guard: Guard;
  /** Undefined when nobody is to know. */
  readonly prometheus: PrometheusMeter | undefined;
}

/** What balancers ask, HAProxy in HTTP/1.0 and without a host, for which the adapter would refuse it. */
export const WATCHED: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);
/** Characters of a text message that is answered. */
const MAX_TEXT = 16_384;

export function createPlain(parts: PlainParts): Hono<{ Bindings: NodeBindings | undefined }> {
  const { core, guard, prometheus } = parts;
  const traffic = core.metrics.traffic.plain;
  const app = new Hono<{ Bindings: NodeBindings | undefined }>();
  app.onError((error, c) => {
    core.events.fail('handler_failed', error, { hook: 'request', transport: 'plain' });
    return c.text(CODES.internal.sentence, CODES.internal.status);
  });

  app.get('/health', (c) =>
    c.json({
      status: core.drain === undefined ? 'healthy' : 'shutting_down',
      active_connections: activeConnections(core),
      shutdown_in_progress: core.drain !== undefined,
      timestamp: timestamp(new Date()),
      node: core.node,
    }),
  );

  app.get('/ready', (c) => {
    const ready = core.drain === undefined && !core.pulse.isAway;
    return c.json({ ready }, ready ? 200 : 503);
  });

  if (prometheus !== undefined) {
    app.get('/metrics', async (c) =>
      c.body(await prometheus.text(), 200, {
        'content-type': prometheus.contentType,
        'cache-control': 'no-store',
      }),
    );
  }

  app.get('/ws/:client_id', async (c) => {
    const verdict = guard.check(headersOf(c), c.req.url, peerOf(parts, c), core.clock.now());
    if (!verdict.ok || core.drain?.isTold === true) {
      const code = verdict.ok ? 'drain' : verdict.code;
      core.events.tell(code, { address: verdict.address, transport: 'plain' });
      core.metrics.refused(code);
      return c.text(CODES[code].sentence, CODES[code].status);
    }
    const place = guard.admit(verdict.address);
    if (place === undefined) {
      core.events.tell('overload', { address: verdict.address, transport: 'plain' });
      core.metrics.refused('overload');
      return c.text(CODES.overload.sentence, CODES.overload.status);
    }
    const label = printable(c.req.param('client_id')).slice(0, 64);
    // Some runtimes give another context with each event: the first stands for the client.
    let opened: WebSocketContext | undefined;
    const response = await handshake(parts, c, place, () => ({
      onOpen: (_event, client) => {
        opened = client;
        core.plainClients.add(client);
        place.known();
        traffic.open++;
        traffic.opened++;
        send(core, client, `Welcome, ${label}. This is Iskra: send a text, and it comes back.`);
      },
      onMessage: (event, client) => {
        traffic.received++;
        traffic.receivedBytes += lengthOf(event.data);
        // Nothing is answered to a client that does not read: what waits for it would grow without end.
        if (bufferedBy(client) > core.limits.backlog) return end(client);
        if (typeof event.data !== 'string') send(core, client, 'Only text messages are answered here.');
        else if (event.data.length > MAX_TEXT) send(core, client, `That is over ${MAX_TEXT} characters.`);
        else send(core, client, `Server received: ${event.data}`);
      },
      onClose: () => {
        if (opened === undefined || !core.plainClients.delete(opened)) return;
        traffic.open--;
        core.drain?.plainParted();
      },
    }));
    return response ?? c.text('This address speaks WebSocket; connect with ws:// or wss://.', 426);
  });
  return app;
}

function send(core: Core, client: WebSocketContext, text: string): void {
  const { plain } = core.metrics.traffic;
  client.send(text);
  plain.sent++;
  plain.sentBytes += Buffer.byteLength(text);
}

/** At once, where the runtime can: what waits is not waited for. */
function end(client: WebSocketContext): void {
  const socket = nodeSocketOf(client);
  if (socket === undefined) client.close(CODES.overload.code, 'overload');
  else socket.terminate();
}

function lengthOf(data: string | Blob | ArrayBufferLike): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return 'size' in data ? data.size : data.byteLength;
}

/** UTC with microseconds and no zone, as monitoring scripts of the Python world expect it. */
function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000`;
}
