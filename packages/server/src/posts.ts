/**
 * The transports of POST: one message is read, and opens the connection that
 * answers it. Whoever brought the request, a route of Hono or Node's own event,
 * it is the same from here on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseMessage } from '@iskra/protocol/wire';
import { readBody } from './body.js';
import type { Unfinished } from './body.js';
import { Connection } from './connection.js';
import type { ConnectionFacts } from './peer.js';
import type { Core, Variables } from './core.js';
import type { Guard, HeaderReader, Place } from './guard.js';
import { headersFor, NO_PLACE, refuse } from './refusal.js';
import type { Refused } from './refusal.js';
import type { Mode } from './session.js';
import { createExchange } from './transports/exchange.js';
import type { Exchange } from './transports/exchange.js';
import { PollTransport } from './transports/poll.js';
import { SseTransport } from './transports/sse.js';
import type { Transport } from './transports/transport.js';

export interface PostParts {
  readonly core: Core;
  readonly guard: Guard;
  readonly unfinished: Unfinished;
}

/** A request, whoever brought it. */
export interface Asked {
  readonly header: HeaderReader;
  /** Only its query is looked at. */
  readonly url: string;
  readonly peer: string | undefined;
  /** May be made when it is asked for. */
  readonly request: Request;
  /** What middleware before it has set; undefined where none runs. May be read when it is asked for. */
  readonly variables?: Variables | undefined;
  readonly incoming: IncomingMessage | undefined;
  readonly outgoing: ServerResponse | undefined;
}

export type PostName = 'sse' | 'poll' | 'send';

interface Post {
  readonly mode: Mode;
  transport(exchange: Exchange, frames: readonly unknown[]): Transport;
}

const posts: Record<PostName, Post> = {
  sse: { mode: 'stream', transport: (exchange) => new SseTransport(exchange) },
  poll: {
    mode: 'poll',
    transport: (exchange, frames) => new PollTransport(isHeld(frames) ? 'long-poll' : 'polling', exchange),
  },
  send: { mode: 'send', transport: (exchange) => new PollTransport('send', exchange) },
};

export async function answerPost(parts: PostParts, name: PostName, asked: Asked): Promise<Response> {
  const { core, guard, unfinished } = parts;
  const { header, incoming, outgoing } = asked;
  const verdict = guard.check(header, asked.url, asked.peer, core.clock.now());
  const exchange = createExchange(outgoing, () => asked.request.signal, headersFor(verdict), core);
  const refused = (why: Refused): Response | Promise<Response> => {
    exchange.answer(refuse(core, verdict, why));
    return exchange.response;
  };
  if (!verdict.ok) return refused(verdict);
  // Before anything of the body is read: half of one holds memory, too.
  const place = guard.admit(verdict.address);
  if (place === undefined) return refused(NO_PLACE);
  const source = incoming ?? asked.request;
  // A body that is cut off leaves nobody to answer.
  const body = await readBody(source, header, core.limits.message, unfinished).catch(() => null);
  const frames = body?.ok === true ? parseMessage(body.text) : undefined;
  if (frames === undefined || frames.length === 0) {
    place.release();
    if (body === null) return new Response(null, { status: 400 });
    if (body.ok) return refused({ code: 'bad_frame', field: 'message' });
    // What is left of a body that is refused in its middle is not waited for.
    if (outgoing !== undefined && body.field === 'body') outgoing.shouldKeepAlive = false;
    return refused(body);
  }
  const { mode, transport } = posts[name];
  const facts = new Facts(mode, verdict.address, place, asked);
  const connection = new Connection(core, transport(exchange, frames), facts);
  // Sends go on when their peer has gone: it will ask for their outcome.
  if (mode !== 'send') disposeWhenGone(exchange, connection);
  connection.receive(frames, body?.ok === true ? body.bytes : 0);
  return exchange.response;
}

/** What a connection is told of its request. A class, because a getter in a literal is defined anew for each. */
export class Facts implements ConnectionFacts {
  readonly mode: Mode;
  readonly address: string;
  readonly place: Place;
  attempt: string | undefined;
  since: number | undefined;
  readonly #asked: Pick<Asked, 'request' | 'variables' | 'header'>;

  constructor(
    mode: Mode,
    address: string,
    place: Place,
    asked: Pick<Asked, 'request' | 'variables' | 'header'>,
  ) {
    this.mode = mode;
    this.address = address;
    this.place = place;
    this.#asked = asked;
  }

  get request(): Request {
    return this.#asked.request;
  }

  get variables(): Variables | undefined {
    return this.#asked.variables;
  }

  get traceparent(): string | undefined {
    return this.#asked.header('traceparent');
  }
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
