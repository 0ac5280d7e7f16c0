/**
 * The four transports as Hono routes. Each passes the guard, reads at most one
 * bounded message, and hands it to a connection; what is answered is the
 * session's business.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { CODES, Dimension, faultEnvelope, parseMessage } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import { readBody } from './body.js';
import { Connection } from './connection.js';
import type { ConnectionFacts } from './connection.js';
import type { Core } from './core.js';
import type { Guard, HeaderReader, Passed } from './guard.js';
import { Message } from './message.js';
import { PollTransport } from './transports/poll.js';
import type { Answer } from './transports/poll.js';
import { SseTransport, nodeSink, webSink } from './transports/sse.js';
import type { BlockSink } from './transports/sse.js';
import type { Transport } from './transports/transport.js';
import { WebSocketTransport, takeOver } from './transports/websocket.js';
import type { UpgradeHelper, WebSocketContext } from './transports/websocket.js';

/** What `@hono/node-server` adds to a request; other runtimes add nothing of it. */
export interface NodeBindings {
  incoming?: IncomingMessage;
  outgoing?: ServerResponse;
}

export type RouteContext = Context<{ Bindings: NodeBindings | undefined }>;

export interface RouteParts {
  readonly core: Core;
  readonly guard: Guard;
  readonly upgradeWebSocket: UpgradeHelper;
  /** Connections that are open on this node. */
  readonly connections: Set<Connection>;
}

/** Headers of every answer: nothing on the way may keep, change, or hold it back (P63). */
const HEADERS = {
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  vary: 'Origin',
} as const;

export function createRoutes(parts: RouteParts): Hono<{ Bindings: NodeBindings | undefined }> {
  const app = new Hono<{ Bindings: NodeBindings | undefined }>();

  app.get('/ws', async (c, next) => {
    const passed = pass(parts, c);
    if (passed instanceof Response) return passed;
    const { guard } = parts;
    const place = guard.admit(passed.address);
    if (place === undefined) return refuse(parts, passed, 'overload', 'address');
    let taken = false;
    const response = await parts.upgradeWebSocket(() => {
      const request = c.req.raw;
      let connection: Connection | undefined;
      return {
        onOpen: (_event, context) => {
          taken = true;
          connection = openWebSocket(parts, context, { address: passed.address, request, place });
        },
        onMessage: (event) =>
          connection?.receive(typeof event.data === 'string' ? parseMessage(event.data) : undefined),
        onClose: () => connection?.dispose(),
      };
    })(c, next);
    // The place is given back when the handshake ends without a connection.
    const incoming = c.env?.incoming;
    if (response instanceof Response && response.status < 300) {
      incoming?.socket.once('close', () => void (taken || place.release()));
      return response;
    }
    place.release();
    return refuse(parts, passed, 'bad_frame', 'upgrade', 426);
  });

  app.post('/sse', (c) => withMessage(parts, c, (passed, frames) => openStream(parts, c, passed, frames)));
  app.post('/poll', (c) =>
    withMessage(parts, c, (passed, frames) => {
      const transport = new PollTransport(isHeld(frames) ? 'long-poll' : 'polling');
      return answer(parts, c, passed, frames, transport, 'poll');
    }),
  );
  app.post('/send', (c) =>
    withMessage(parts, c, (passed, frames) =>
      answer(parts, c, passed, frames, new PollTransport('send'), 'send'),
    ),
  );

  // Our own client needs no preflight (P60); programs of others may ask for one.
  app.options('*', (c) => {
    const passed = pass(parts, c);
    if (passed instanceof Response) return passed;
    return new Response(null, {
      status: 204,
      headers: {
        ...headersFor(passed),
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': '600',
      },
    });
  });
  return app;
}

type Opening = Pick<ConnectionFacts, 'address' | 'request'> & { place: { known(): void; release(): void } };

function openWebSocket(parts: RouteParts, context: WebSocketContext, opening: Opening): Connection {
  const transport = new WebSocketTransport(context, parts.core.limits.backlog);
  const connection = open(parts, transport, 'stream', opening);
  const { raw } = context;
  if (raw !== undefined && typeof raw.removeAllListeners === 'function') {
    // The adapter adds its listeners right behind this callback.
    queueMicrotask(() =>
      takeOver(raw, {
        receive: (text) => connection.receive(text === undefined ? undefined : parseMessage(text)),
        closed: () => connection.dispose(),
      }),
    );
  }
  return connection;
}

function open(
  parts: RouteParts,
  transport: Transport,
  mode: ConnectionFacts['mode'],
  opening: Opening,
  onJoined?: () => void,
): Connection {
  const { place, address, request } = opening;
  const connection = new Connection(parts.core, transport, {
    mode,
    address,
    request,
    onJoined: () => {
      place.known();
      onJoined?.();
    },
    onDisposed: () => {
      place.release();
      parts.connections.delete(connection);
    },
  });
  parts.connections.add(connection);
  return connection;
}

async function openStream(
  parts: RouteParts,
  c: RouteContext,
  passed: Passed,
  frames: readonly unknown[],
): Promise<Response> {
  const place = parts.guard.admit(passed.address);
  if (place === undefined) return refuse(parts, passed, 'overload', 'address');
  const { backlog } = parts.core.limits;
  const headers = { ...headersFor(passed), 'content-type': 'text/event-stream; charset=utf-8' };
  const transport = new SseTransport();
  const { refusal } = transport;
  const opened = new Promise<Response>((resolve) => {
    const connection = open(
      parts,
      transport,
      'stream',
      { address: passed.address, request: c.req.raw, place },
      () => {
        const { outgoing } = c.env ?? {};
        let sink: BlockSink;
        if (outgoing === undefined) {
          const web = webSink(backlog, () => connection.dispose());
          sink = web.sink;
          resolve(new Response(web.body, { headers }));
        } else {
          outgoing.writeHead(200, headers);
          sink = nodeSink(outgoing, backlog);
          resolve(RESPONSE_ALREADY_SENT);
        }
        transport.open(sink);
      },
    );
    whenGone(c, () => connection.dispose());
    connection.receive(frames);
  });
  const refused = refusal?.then((given) => respond(given, passed));
  return refused === undefined ? opened : Promise.race([opened, refused]);
}

async function answer(
  parts: RouteParts,
  c: RouteContext,
  passed: Passed,
  frames: readonly unknown[],
  transport: PollTransport,
  mode: 'poll' | 'send',
): Promise<Response> {
  const place = parts.guard.admit(passed.address);
  if (place === undefined) return refuse(parts, passed, 'overload', 'address');
  const connection = open(parts, transport, mode, { address: passed.address, request: c.req.raw, place });
  if (mode === 'poll') whenGone(c, () => connection.dispose());
  connection.receive(frames);
  return respond(await transport.answer, passed);
}

/** The peer went away before its answer was complete. */
function whenGone(c: RouteContext, act: () => void): void {
  const { outgoing } = c.env ?? {};
  if (outgoing !== undefined) outgoing.once('close', act);
  else c.req.raw.signal.addEventListener('abort', act, { once: true });
}

function isHeld(frames: readonly unknown[]): boolean {
  const [head] = frames;
  const request: unknown = Array.isArray(head) ? head[1] : undefined;
  return typeof request === 'object' && request !== null && 'wait' in request && request.wait !== 0;
}

async function withMessage(
  parts: RouteParts,
  c: RouteContext,
  act: (passed: Passed, frames: readonly unknown[]) => Promise<Response>,
): Promise<Response> {
  const passed = pass(parts, c);
  if (passed instanceof Response) return passed;
  const body = await readBody(c.req.raw, headersOf(c), parts.core.limits.message, c.env?.incoming);
  if (!body.ok) return refuse(parts, passed, body.code, body.field);
  const frames = parseMessage(body.text);
  if (frames === undefined || frames.length === 0) return refuse(parts, passed, 'bad_frame', 'message');
  return act(passed, frames);
}

/** Headers from Node's request where there is one: a web `Headers` costs more than all that is read from it. */
export function headersOf(c: RouteContext): HeaderReader {
  const headers = c.env?.incoming?.headers;
  return headers === undefined
    ? (name) => c.req.raw.headers.get(name) ?? undefined
    : (name) => headers[name] as string | undefined;
}

function pass(parts: RouteParts, c: RouteContext): Passed | Response {
  const peer = c.env?.incoming?.socket.remoteAddress;
  const verdict = parts.guard.check(headersOf(c), c.req.url, peer, parts.core.clock.now());
  return verdict.ok
    ? verdict
    : refuse(parts, verdict, verdict.code, verdict.field, undefined, verdict.retryAfter);
}

function refuse(
  parts: RouteParts,
  from: { address: string; crossOrigin?: string | undefined },
  code: CodeName,
  field: string,
  status: number = CODES[code].status,
  retryAfter?: number,
): Response {
  parts.core.log.refused(code, { address: from.address, field });
  parts.core.metrics.refused(code);
  const envelope = faultEnvelope(code, Dimension.connection, {
    field,
    ...(retryAfter !== undefined && { retryAfter }),
  });
  return respond({ status, retryAfter, body: Message.of(['close', envelope]).body }, from);
}

function respond(given: Answer, to: { crossOrigin?: string | undefined }): Response {
  const headers: Record<string, string> = {
    ...headersFor(to),
    'content-type': 'application/json; charset=utf-8',
  };
  if (given.retryAfter !== undefined) headers['retry-after'] = String(Math.ceil(given.retryAfter / 1000));
  return new Response(given.body, { status: given.status, headers });
}

function headersFor({ crossOrigin }: { crossOrigin?: string | undefined }): Record<string, string> {
  return crossOrigin === undefined
    ? HEADERS
    : {
        ...HEADERS,
        'access-control-allow-origin': crossOrigin,
        'access-control-expose-headers': 'retry-after',
      };
}
