/** The four transports as Hono routes. Each passes the guard; what is answered is the session's business. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hono } from 'hono';
import type { Context } from 'hono';
import type { GetConnInfo } from 'hono/conninfo';
import { parseMessage } from '@iskra/protocol/wire';
import { Connection } from './connection.js';
import type { ConnectionFacts } from './peer.js';
import type { Core, Variables } from './core.js';
import type { HeaderReader, Passed, Place } from './guard.js';
import { answerPost } from './posts.js';
import type { Asked, PostParts } from './posts.js';
import { headersFor, HEADERS, internalError, NO_PLACE, refuse } from './refusal.js';
import type { Asker, Refused } from './refusal.js';
import { answerResponse, headerPairs } from './transports/exchange.js';
import { nodeSocketOf, takeOver, tellClosed, WebSocketTransport } from './transports/websocket.js';
import type { UpgradeHelper, WebSocketEvents } from './transports/websocket.js';

/** What `@hono/node-server` adds to a request; other runtimes add nothing of it. */
export interface NodeBindings {
  incoming?: IncomingMessage;
  outgoing?: ServerResponse;
}

export type RouteContext = Context<{ Bindings: NodeBindings | undefined }>;

/** What the routes ask of the runtime below Hono. */
export interface Runtime {
  readonly upgradeWebSocket: UpgradeHelper;
  /** Where there is no request of Node. */
  readonly getConnInfo: GetConnInfo | undefined;
}

export interface RouteParts extends PostParts, Runtime {}

export function createRoutes(parts: RouteParts): Hono<{ Bindings: NodeBindings | undefined }> {
  const app = new Hono<{ Bindings: NodeBindings | undefined }>();
  app.onError((error) => answerResponse(HEADERS, internalError(parts.core, error)));

  app.get('/ws', async (c) => {
    const passed = pass(parts, c);
    if (passed instanceof Response) return passed;
    const place = parts.guard.admit(passed.address);
    if (place === undefined) return refused(parts, passed, NO_PLACE);
    const facts: ConnectionFacts = {
      ...{ mode: 'stream', address: passed.address, request: c.req.raw, variables: c.var, place },
      traceparent: headersOf(c)('traceparent'),
    };
    const response = await handshake(parts, c, place, () => webSocketEvents(parts.core, facts));
    return response ?? refused(parts, passed, { code: 'bad_frame', field: 'upgrade' }, 426);
  });

  for (const name of ['sse', 'poll', 'send'] as const) {
    app.post(`/${name}`, (c) => answerPost(parts, name, new HonoAsked(parts, c)));
  }

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
      const peer = nodeSocketOf(context);
      const transport = new WebSocketTransport(peer ?? context, core.limits.backlog, core.clock);
      connection = new Connection(core, transport, facts);
      if (peer !== undefined) takeOver(peer, connection);
    },
    onMessage(event) {
      const text = typeof event.data === 'string' ? event.data : undefined;
      if (text === undefined) return connection?.receive(undefined);
      const bytes = Buffer.byteLength(text);
      // `ws` refuses it before it is whole; what other runtimes let through is their matter.
      if (bytes > core.limits.message) connection?.refuse('too_big');
      else connection?.receive(parseMessage(text), bytes);
    },
    onClose({ code }) {
      tellClosed(connection, code);
    },
  };
}

/** The answer to a request for a WebSocket, or undefined when it is none. The place is given back when there is no connection any more. */
export async function handshake(
  { upgradeWebSocket }: Runtime,
  c: RouteContext,
  place: Place,
  events: () => WebSocketEvents,
): Promise<Response | undefined> {
  const released = (): WebSocketEvents => {
    const { onClose, ...others } = events();
    return {
      ...others,
      onClose(event, client) {
        onClose?.(event, client);
        // Of a handshake that broke off, runtimes without a request of Node tell nothing else.
        place.release();
      },
    };
  };
  let response: Response | void = undefined;
  try {
    response = await upgradeWebSocket(released)(c, noOther);
  } finally {
    if (!(response instanceof Response) || response.status >= 300) {
      place.release();
      response = undefined;
    }
  }
  if (response === undefined) return undefined;
  // Also when the handshake breaks off without a connection.
  releaseOnClose(c.env?.incoming, place);
  return response;
}

function releaseOnClose(incoming: IncomingMessage | undefined, place: Place): void {
  // Middleware of the application may have taken longer than the socket lived.
  if (incoming?.socket.destroyed === true) place.release();
  else incoming?.socket.once('close', () => place.release());
}

/** What is no upgrade is answered here: asked further, Hono would call it not found. */
const noOther = (): Promise<void> => Promise.resolve();

/** The address that a request came from, if the runtime tells. */
export function peerOf({ getConnInfo }: Runtime, c: RouteContext): string | undefined {
  const incoming = c.env?.incoming;
  return incoming === undefined ? getConnInfo?.(c).remote.address : incoming.socket.remoteAddress;
}

/** A request as Hono brings it. A class, because a getter in a literal is defined anew for each. */
class HonoAsked implements Asked {
  readonly header: HeaderReader;
  readonly url: string;
  readonly peer: string | undefined;
  readonly request: Request;
  readonly incoming: IncomingMessage | undefined;
  readonly outgoing: ServerResponse | undefined;
  readonly #context: RouteContext;

  constructor(runtime: Runtime, c: RouteContext) {
    const { incoming, outgoing } = c.env ?? {};
    this.header = headersOf(c);
    this.url = c.req.url;
    this.peer = peerOf(runtime, c);
    this.request = c.req.raw;
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.#context = c;
  }

  /** Most posts go on with a session, and ask nobody. */
  get variables(): Variables {
    return this.#context.var;
  }
}

/** Headers from Node's request where there is one: a web `Headers` costs more than all that is read from it. */
export function headersOf(c: RouteContext): HeaderReader {
  const headers = c.env?.incoming?.headers;
  return headers === undefined
    ? (name) => c.req.raw.headers.get(name) ?? undefined
    : (name) => headers[name] as string | undefined;
}

function pass(parts: RouteParts, c: RouteContext): Passed | Response {
  const verdict = parts.guard.check(headersOf(c), c.req.url, peerOf(parts, c), parts.core.clock.now());
  return verdict.ok ? verdict : refused(parts, verdict, verdict);
}

function refused(parts: RouteParts, asker: Asker, why: Refused, status?: number): Response {
  return answerResponse(headersFor(asker), refuse(parts.core, asker, why, status));
}
