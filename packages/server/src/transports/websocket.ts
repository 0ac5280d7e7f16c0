/**
 * WebSocket on Node's `ws`, and on whatever Hono's `upgradeWebSocket` gives on
 * other runtimes. On `ws` the finished frames go straight to the socket: one
 * write a turn, the same bytes for every subscriber.
 */
import type { IncomingMessage, Server, createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import type { UpgradeWebSocket, WSContext } from 'hono/ws';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { CODES, SUBPROTOCOL } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import type { Message } from '../message.js';
import type { NodeBindings } from '../routes.js';
import type { Transport } from './transport.js';

export type { WebSocketServer } from 'ws';

/** Hono's `upgradeWebSocket` of a runtime: the seam at which connections enter. */
export type UpgradeHelper = UpgradeWebSocket<WebSocket>;
/** What it gives for each connection. */
export type WebSocketContext = WSContext<WebSocket>;

export class WebSocketTransport implements Transport {
  readonly name = 'websocket';
  onWritable: () => void = () => {};
  readonly #context: WebSocketContext;
  readonly #socket: Socket | undefined;
  readonly #backlog: number;

  constructor(context: WebSocketContext, backlog: number) {
    this.#context = context;
    this.#socket = socketOf(context.raw);
    this.#backlog = backlog;
  }

  write(message: Message): boolean {
    const socket = this.#socket;
    if (socket === undefined) {
      this.#context.send(message.text);
      return true;
    }
    if (!socket.writable) return true;
    socket.write(message.webSocket);
    if (socket.writableLength <= this.#backlog) return true;
    socket.once('drain', () => this.onWritable());
    return false;
  }

  finish(): void {
    // A stream has no last answer.
  }

  close(code: CodeName): void {
    this.#context.close(CODES[code].code, code);
  }
}

/**
 * The TCP socket below a `ws` WebSocket without compression, where its own
 * sender writes each frame whole and at once, so that ours may stand between.
 * The field has no public name; without it everything works through `send`.
 */
function socketOf(raw: WebSocket | undefined): Socket | undefined {
  if (raw === undefined || typeof raw.on !== 'function') return undefined;
  const { _socket: socket, extensions } = raw as WebSocket & { _socket?: Socket | null };
  return socket != null && typeof socket.write === 'function' && extensions === '' ? socket : undefined;
}

export interface WebSocketListener {
  /** A text message, or undefined for a binary one. */
  receive(text: string | undefined): void;
  closed(): void;
}

/**
 * Listens to the `ws` socket itself instead of through the adapter's events:
 * those make an event object a message, and keep the upgrade request alive for
 * as long as the connection lives.
 */
export function takeOver(raw: WebSocket, listener: WebSocketListener): void {
  raw.removeAllListeners('message');
  raw.removeAllListeners('close');
  raw.removeAllListeners('error');
  raw.on('message', (data: Buffer, isBinary: boolean) =>
    listener.receive(isBinary ? undefined : data.toString()),
  );
  raw.on('close', () => listener.closed());
  // `ws` closes the connection by itself, with the right code, after every error of the peer.
  raw.on('error', () => {});
}

/** A server for `ws` that upgrades nothing by itself. Compression is off: it keeps per-connection state and breaks sharing of bytes. */
export function webSocketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
}

/** Routes the upgrade requests of a Node server through `fetch`, by the adapter's own means. */
export function attachUpgrades(
  server: Server,
  webSockets: WebSocketServer,
  fetch: (request: Request, env: NodeBindings) => Response | Promise<Response>,
): void {
  const others = server.listeners('upgrade');
  createAdaptorServer({
    fetch: (request, env) => fetch(request, env as NodeBindings),
    createServer: (() => server) as unknown as typeof createServer,
    websocket: { server: webSockets },
    overrideGlobalObjects: false,
  });
  refuseOtherUpgrades(server, others);
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * The adapter leaves an upgrade to anything but `websocket` unanswered and its
 * socket open for ever. It counts the listeners, so it is wrapped, not joined.
 */
export function refuseOtherUpgrades(server: Server, others: readonly unknown[] = []): void {
  for (const listener of server.listeners('upgrade') as UpgradeListener[]) {
    if (others.includes(listener)) continue;
    server.off('upgrade', listener);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const isOurs = request.headers.upgrade?.toLowerCase() === 'websocket';
      if (isOurs || server.listenerCount('upgrade') > 1) return listener(request, socket, head);
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () =>
        socket.destroy(),
      );
    });
  }
}
