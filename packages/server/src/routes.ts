/**
 * The four transports as Hono routes. Each passes the guard, reads at most one
 * bounded message, and hands it to a connection; what is answered is the
 * session's business.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { CODES, Dimension, faultEnvelope, parseMessage } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import { readBody } from './body.js';
import type { Unfinished } from './body.js';
import { Connection } from './connection.js';
import type { ConnectionFacts } from './connection.js';
import type { Core } from './core.js';
import type { Guard, HeaderReader, Passed, Place } from './guard.js';
import { Message } from './message.js';
import type { Mode } from './session.js';
import { answerResponse, createExchange, headerPairs } from './transports/exchange.js';
import type { Exchange, HeaderList } from './transports/exchange.js';
import { PollTransport } from './transports/poll.js';
import { SseTransport } from './transports/sse.js';
import type { Transport } from './transports/transport.js';
import { WebSocketTransport, listen, tellClosed } from './transports/websocket.js';
import type { UpgradeHelper, WebSocketEvents } from './transports/websocket.js';

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
  readonly unfinished: Unfinished;
}

/** Headers of every answer: nothing on the way may keep, change, or hold it back (P63). */
const HEADERS: HeaderList = Object.entries({
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  vary: 'Origin',
}).flat();

/** Milliseconds after which whoever found no place may come again: bodies arrive and strangers say hello within seconds. */
const PAUSE = 1_000;

export function createRoutes(parts: RouteParts): Hono<{ Bindings: NodeBindings | undefined }> {
  const app = new Hono<{ Bindings: NodeBindings | undefined }>();
  // A hook of the application that throws where nobody else catches it, as `origins` may.
  app.onError((error) => {
    parts.core.log.handlerFailed(error, { hook: 'request' });
    const envelope = faultEnvelope('internal', Dimension.connection);
    const { body } = Message.of(['close', envelope]);
    return answerResponse(HEADERS, { status: CODES.internal.status, body });
  });

  app.get('/ws', async (c) => {
    const passed = pass(parts, c);
    if (passed instanceof Response) return passed;
    const place = parts.guard.admit(passed.address);
    if (place === undefined) return refuse(parts, passed, 'overload', 'address');
    const facts: ConnectionFacts = { mode: 'stream', address: passed.address, request: c.req.raw, place };
    const response = await parts.upgradeWebSocket(() => webSocketEvents(parts.core, facts))(c, noOther);
    if (!(response instanceof Response) || response.status >= 300) {
      place.release();
      return refuse(parts, passed, 'bad_frame', 'upgrade', 426);
    }
    // Also when the handshake breaks off without a connection.
    releaseOnClose(c.env?.incoming, place);
    return response;
  });

  app.post('/sse', (c) => withMessage(parts, c, 'stream', (exchange) => new SseTransport(exchange)));
  app.post('/poll', (c) =>
    withMessage(
      parts,
      c,
      'poll',
      (exchange, frames) => new PollTransport(isHeld(frames) ? 'long-poll' : 'polling', exchange),
    ),
  );
  app.post('/send', (c) => withMessage(parts, c, 'send', (exchange) => new PollTransport('send', exchange)));

  // Our own client needs no preflight (P60); programs of others may ask for one.
  app.options('*', (c) => {
    const passed = pass(parts, c);
    if (passed instanceof Response) return passed;
    return new Response(null, {
      status: 204,
      headers: headerPairs([
        ...headersFor(passed),
        ...['access-control-allow-methods', 'GET, POST'],
        ...['access-control-allow-headers', 'content-type'],
        ...['access-control-max-age', '600'],
      ]),
    });
  });
  return app;
}

function webSocketEvents(core: Core, facts: ConnectionFacts): WebSocketEvents {
  let connection: Connection | undefined;
  return {
    onOpen(_event, context) {
      connection = new Connection(core, new WebSocketTransport(context, core.limits.backlog), facts);
      listen(context, connection);
    },
    onMessage(event) {
      connection?.receive(typeof event.data === 'string' ? parseMessage(event.data) : undefined);
    },
    onClose({ code }) {
      tellClosed(connection, code);
    },
  };
}

export function releaseOnClose(incoming: IncomingMessage | undefined, place: Place): void {
  // Middleware of the application may have taken longer than the socket lived.
  if (incoming?.socket.destroyed === true) place.release();
  else incoming?.socket.once('close', () => place.release());
}

/** What is no upgrade is answered here: asked further, Hono would call it not found. */
export const noOther = (): Promise<void> => Promise.resolve();

/** Reads the one message of a request and opens a connection that answers it. */
async function withMessage(
  parts: RouteParts,
  c: RouteContext,
  mode: Mode,
  createTransport: (exchange: Exchange, frames: readonly unknown[]) => Transport,
): Promise<Response> {
  const passed = pass(parts, c);
  if (passed instanceof Response) return passed;
  const { core, guard } = parts;
  // Before anything of the body is read: half of one holds memory, too.
  const place = guard.admit(passed.address);
  if (place === undefined) return refuse(parts, passed, 'overload', 'address');
  const { raw: request } = c.req;
  const { message } = core.limits;
  // A body that is cut off leaves nobody to answer.
  const body = await readBody(request, headersOf(c), message, parts.unfinished, c.env?.incoming).catch(
    () => null,
  );
  const frames = body?.ok === true ? parseMessage(body.text) : undefined;
  if (frames === undefined || frames.length === 0) {
    place.release();
    if (body === null) return new Response(null, { status: 400 });
    if (body.ok) return refuse(parts, passed, 'bad_frame', 'message');
    // What is left of a body that is refused in its middle is not waited for.
    if (c.env?.outgoing !== undefined && body.field === 'body') c.env.outgoing.shouldKeepAlive = false;
    return refuse(parts, passed, body.code, body.field);
  }
  const exchange = createExchange(
    c.env?.outgoing,
    () => request.signal,
    headersFor(passed),
    core.limits.backlog,
  );
  const transport = createTransport(exchange, frames);
  const connection = new Connection(core, transport, { mode, address: passed.address, request, place });
  // Sends go on when their peer has gone: it will ask for their outcome.
  if (mode !== 'send') disposeWhenGone(exchange, connection);
  connection.receive(frames);
  return exchange.response;
}

/** Apart from its caller, so that nothing else of the request lives on in the closure. */
function disposeWhenGone(exchange: Exchange, connection: Connection): void {
  exchange.whenGone(() => connection.dispose());
}

function isHeld(frames: readonly unknown[]): boolean {
  const [head] = frames;
  const request: unknown = Array.isArray(head) ? head[1] : undefined;
  return typeof request === 'object' && request !== null && 'wait' in request && request.wait !== 0;
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
  retryAfter: number | undefined = code === 'overload' ? PAUSE : undefined,
): Response {
  parts.core.log.refused(code, { address: from.address, field });
  parts.core.metrics.refused(code);
  const envelope = faultEnvelope(code, Dimension.connection, {
    field,
    ...(retryAfter !== undefined && { retryAfter }),
  });
  const { body } = Message.of(['close', envelope]);
  return answerResponse(headersFor(from), { status, retryAfter, body });
}

function headersFor({ crossOrigin }: { crossOrigin?: string | undefined }): HeaderList {
  return crossOrigin === undefined
    ? HEADERS
    : [
        ...HEADERS,
        ...['access-control-allow-origin', crossOrigin],
        ...['access-control-expose-headers', 'retry-after'],
      ];
}
