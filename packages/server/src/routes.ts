/** The four transports as Hono routes. Each passes the guard; what is answered is the session's business. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { parseMessage } from '@iskra/protocol/wire';
import { Connection } from './connection.js';
import type { ConnectionFacts } from './connection.js';
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

export interface RouteParts extends PostParts {
  readonly upgradeWebSocket: UpgradeHelper;
}

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
    const response = await parts.upgradeWebSocket(() => webSocketEvents(parts.core, facts))(c, noOther);
    if (!(response instanceof Response) || response.status >= 300) {
      place.release();
      return refused(parts, passed, { code: 'bad_frame', field: 'upgrade' }, 426);
    }
    // Also when the handshake breaks off without a connection.
    releaseOnClose(c.env?.incoming, place);
    return response;
  });

  for (const name of ['sse', 'poll', 'send'] as const) {
    app.post(`/${name}`, (c) => answerPost(parts, name, new HonoAsked(c)));
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
      const transport = new WebSocketTransport(peer ?? context, core.limits.backlog);
      connection = new Connection(core, transport, facts);
      if (peer !== undefined) takeOver(peer, connection);
    },
    onMessage(event) {
      const text = typeof event.data === 'string' ? event.data : undefined;
      if (text === undefined) connection?.receive(undefined);
      else connection?.receive(parseMessage(text), Buffer.byteLength(text));
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

/** A request as Hono brings it. A class, because a getter in a literal is defined anew for each. */
class HonoAsked implements Asked {
  readonly header: HeaderReader;
  readonly url: string;
  readonly peer: string | undefined;
  readonly request: Request;
  readonly incoming: IncomingMessage | undefined;
  readonly outgoing: ServerResponse | undefined;
  readonly #context: RouteContext;

  constructor(c: RouteContext) {
    const { incoming, outgoing } = c.env ?? {};
    this.header = headersOf(c);
    this.url = c.req.url;
    this.peer = incoming?.socket.remoteAddress;
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
  const peer = c.env?.incoming?.socket.remoteAddress;
  const verdict = parts.guard.check(headersOf(c), c.req.url, peer, parts.core.clock.now());
  return verdict.ok ? verdict : refused(parts, verdict, verdict);
}

function refused(parts: RouteParts, asker: Asker, why: Refused, status?: number): Response {
  return answerResponse(headersFor(asker), refuse(parts.core, asker, why, status));
}
