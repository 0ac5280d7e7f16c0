/**
 * The short way: requests of our own paths straight from Node's events. The
 * rules are those of the routes. What is saved is the web `Request` and all that
 * comes with it, which is made only when `authenticate` asks for it.
 */
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Connection } from './connection.js';
import type { HeaderReader } from './guard.js';
import { answerPost, Facts } from './posts.js';
import type { Asked, PostName, PostParts } from './posts.js';
import { headersFor, HEADERS, internalError, NO_PLACE, refuse } from './refusal.js';
import { answerHeaders, createExchange, headerPairs } from './transports/exchange.js';
import type { Answer, HeaderList } from './transports/exchange.js';
import { listen, WebSocketTransport } from './transports/websocket.js';
import type { NodeSocket, WebSocketServer } from './transports/websocket.js';

/** Listeners of a Node server that say whether they took what came; the rest is for others. */
export interface Direct {
  request(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

/** @param path where the transports are. */
export function createDirect(parts: PostParts, webSockets: WebSocketServer, path: string): Direct {
  const { core } = parts;
  const posts = new Map<string, PostName>([
    [`${path}/poll`, 'poll'],
    [`${path}/send`, 'send'],
    [`${path}/sse`, 'sse'],
  ]);
  return {
    request(incoming, outgoing) {
      const name =
        incoming.method === 'POST' && hasPlainHost(incoming) ? posts.get(pathOf(incoming)) : undefined;
      if (name === undefined) return false;
      const asked = new NodeAsked(incoming, outgoing);
      answerPost(parts, name, asked).catch((error: unknown) => {
        const exchange = createExchange(outgoing, () => asked.request.signal, HEADERS, core);
        exchange.answer(internalError(core, error));
      });
      return true;
    },
    upgrade(incoming, socket, head) {
      const isOurs = incoming.method === 'GET' && hasPlainHost(incoming) && pathOf(incoming) === `${path}/ws`;
      if (!isOurs || incoming.headers.upgrade?.toLowerCase() !== 'websocket') return false;
      try {
        enter(parts, webSockets, incoming, socket, head);
      } catch (error) {
        answer(socket, HEADERS, internalError(core, error));
      }
      return true;
    },
  };
}

/** Opens a connection of an upgrade that passes the guard. */
function enter(
  { core, guard }: PostParts,
  webSockets: WebSocketServer,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const asked = new NodeAsked(incoming);
  const verdict = guard.check(asked.header, asked.url, asked.peer, core.clock.now());
  if (!verdict.ok) return answer(socket, headersFor(verdict), refuse(core, verdict, verdict));
  const { address } = verdict;
  const place = guard.admit(address);
  if (place === undefined) return answer(socket, headersFor(verdict), refuse(core, verdict, NO_PLACE));
  const facts = new Facts('stream', address, place, asked);
  let opened = false;
  webSockets.handleUpgrade(incoming, socket, head, (given) => {
    opened = true;
    const peer = given as unknown as NodeSocket;
    listen(peer, new Connection(core, new WebSocketTransport(peer, core.limits.backlog, core.clock), facts));
  });
  // A handshake that is none has been answered by `ws`.
  if (!opened) place.release();
}

/** A request as Node brings it. */
class NodeAsked implements Asked {
  readonly header: HeaderReader;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse | undefined;

  constructor(incoming: IncomingMessage, outgoing?: ServerResponse) {
    const { headers } = incoming;
    this.header = (name) => headers[name] as string | undefined;
    this.incoming = incoming;
    this.outgoing = outgoing;
  }

  get url(): string {
    return this.incoming.url ?? '/';
  }

  get peer(): string | undefined {
    return this.incoming.socket.remoteAddress;
  }

  get request(): Request {
    const { method = 'GET', headers, socket } = this.incoming;
    const scheme = 'encrypted' in socket ? 'https' : 'http';
    const list = Object.entries(headers).map(([name, value = '']): [string, string] => [name, String(value)]);
    return new Request(`${scheme}://${headers.host ?? 'localhost'}${this.url}`, { method, headers: list });
  }
}

/** A host that needs no more than a look: what is odd is for the adapter to judge. */
const PLAIN_HOST = /^[a-z0-9._-]+(:\d+)?$/i;

function hasPlainHost({ headers: { host } }: IncomingMessage): boolean {
  return host !== undefined && PLAIN_HOST.test(host);
}

/** The target of a request without its query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}

function answer(socket: Duplex, headers: HeaderList, given: Answer): void {
  const lines = [`HTTP/1.1 ${given.status} ${STATUS_CODES[given.status] ?? ''}`, 'connection: close'];
  for (const [name, value] of headerPairs(answerHeaders(headers, given))) lines.push(`${name}: ${value}`);
  socket.on('error', () => {});
  socket.end(`${lines.join('\r\n')}\r\n\r\n${given.body.toString()}`, () => socket.destroy());
}
