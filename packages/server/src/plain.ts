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
import { headersOf, noOther, releaseOnClose } from './routes.js';
import type { NodeBindings } from './routes.js';
import { nodeSocketOf } from './transports/websocket.js';
import type { UpgradeHelper, WebSocketContext } from './transports/websocket.js';

export interface PlainParts {
  readonly core: Core;
  readonly guard: Guard;
  readonly upgradeWebSocket: UpgradeHelper;
  /** Undefined when nobody is to know. */
  readonly prometheus: PrometheusMeter | undefined;
}

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
    const peer = c.env?.incoming?.socket.remoteAddress;
    const verdict = guard.check(headersOf(c), c.req.url, peer, core.clock.now());
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
    const response = await parts.upgradeWebSocket(() => ({
      onOpen: (_event, client) => {
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
        const socket = nodeSocketOf(client);
        if (socket !== undefined && socket.bufferedAmount > core.limits.backlog) return socket.terminate();
        if (typeof event.data !== 'string') send(core, client, 'Only text messages are answered here.');
        else if (event.data.length > MAX_TEXT) send(core, client, `That is over ${MAX_TEXT} characters.`);
        else send(core, client, `Server received: ${event.data}`);
      },
      onClose: (_event, client) => {
        // Where there is no socket of Node whose end would say it.
        place.release();
        if (!core.plainClients.delete(client)) return;
        traffic.open--;
        core.drain?.plainParted();
      },
    }))(c, noOther);
    if (!(response instanceof Response) || response.status >= 300) {
      place.release();
      return c.text('This address speaks WebSocket; connect with ws:// or wss://.', 426);
    }
    releaseOnClose(c.env?.incoming, place);
    return response;
  });
  return app;
}

function send(core: Core, client: WebSocketContext, text: string): void {
  const { plain } = core.metrics.traffic;
  client.send(text);
  plain.sent++;
  plain.sentBytes += Buffer.byteLength(text);
}

function lengthOf(data: string | Blob | ArrayBufferLike): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return 'size' in data ? data.size : data.byteLength;
}

/** UTC with microseconds and no zone, as monitoring scripts of the Python world expect it. */
function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000`;
}
