/**
 * WebSocket on Node's `ws`, and on whatever Hono's `upgradeWebSocket` gives on
 * other runtimes. On `ws` the finished frames go straight to the socket: one
 * write a turn, the same bytes for every subscriber.
 */
import type { IncomingMessage, Server, createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import type { UpgradeWebSocket, WSContext, WSEvents } from 'hono/ws';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { CODES, parseMessage, SUBPROTOCOL } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import type { Message } from '../message.js';
import type { NodeBindings } from '../routes.js';
import { CLOSE_TIMEOUT } from './exchange.js';
import type { Transport } from './transport.js';

export type { WebSocketServer } from 'ws';

/** Hono's `upgradeWebSocket` of a runtime: the seam at which connections enter. */
export type UpgradeHelper = UpgradeWebSocket<WebSocket>;
/** What it gives for each connection. */
export type WebSocketContext = WSContext<WebSocket>;
export type WebSocketEvents = WSEvents<WebSocket>;

export class WebSocketTransport implements Transport {
  readonly name = 'websocket';
  listener: { writable(): void } | undefined;
  /** The `ws` socket itself where there is one: the adapter's context holds on to the whole upgrade request. */
  readonly #peer: { send(text: string): void; close(code: number, reason: string): void };
  readonly #socket: Socket | undefined;
  readonly #backlog: number;
  /** Room is waited for: heartbeats are written meanwhile, and must not each wait for it again. */
  #isFull = false;

  constructor(context: WebSocketContext, backlog: number) {
    this.#peer = isNodeSocket(context.raw) ? context.raw : context;
    this.#socket = socketOf(context.raw);
    this.#backlog = backlog;
  }

  onWelcome(): void {
    // The handshake is over already.
  }

  write(message: Message): boolean {
    const socket = this.#socket;
    if (socket === undefined) {
      this.#peer.send(message.text);
      return true;
    }
    if (!socket.writable) return true;
    socket.write(message.webSocket);
    if (socket.writableLength <= this.#backlog) return true;
    if (!this.#isFull) {
      this.#isFull = true;
      socket.once('drain', () => {
        this.#isFull = false;
        this.listener?.writable();
      });
    }
    return false;
  }

  finish(): void {
    // A stream has no last answer.
  }

  close(code: CodeName): void {
    this.#peer.close(CODES[code].code, code);
  }
}

/**
 * The TCP socket below a `ws` WebSocket without compression, where its own
 * sender writes each frame whole and at once, so that ours may stand between.
 * The field has no public name; without it everything works through `send`.
 */
function socketOf(raw: WebSocket | undefined): Socket | undefined {
  if (!isNodeSocket(raw)) return undefined;
  const { _socket: socket, extensions } = raw as WebSocket & { _socket?: Socket | null };
  return socket != null && typeof socket.write === 'function' && extensions === '' ? socket : undefined;
}

function isNodeSocket(raw: WebSocket | undefined): raw is WebSocket {
  return raw !== undefined && typeof raw.on === 'function';
}

/** What hears a socket: a connection. */
export interface WebSocketListener {
  /** The frames of a message, or undefined when it is none (a binary one, or no JSON array). */
  receive(frames: readonly unknown[] | undefined): void;
  /** The socket is gone. */
  dispose(): void;
  /** The socket is gone, and its peer said that it goes away itself. */
  wentAway(): void;
}

/** What a browser closes with when it leaves a page, and no script can. */
const GOING_AWAY = 1001;

/** Tells a listener how its socket was closed. */
export function tellClosed(listener: WebSocketListener | undefined, code: number): void {
  if (code === GOING_AWAY) listener?.wentAway();
  else listener?.dispose();
}

/**
 * Listens to the `ws` socket itself instead of through the adapter's events:
 * those make an event object a message, and keep the upgrade request alive for
 * as long as the connection lives. To be called from the adapter's `onOpen`.
 */
export function listen(context: WebSocketContext, listener: WebSocketListener): void {
  const { raw } = context;
  // The adapter adds its own listeners right behind `onOpen`.
  if (isNodeSocket(raw)) queueMicrotask(() => takeOver(raw, listener));
}

function takeOver(raw: WebSocket, listener: WebSocketListener): void {
  raw.removeAllListeners('message');
  raw.removeAllListeners('close');
  raw.removeAllListeners('error');
  raw.on('message', (data: Buffer, isBinary: boolean) =>
    listener.receive(isBinary ? undefined : parseMessage(data.toString())),
  );
  raw.on('close', (code: number) => tellClosed(listener, code));
  // `ws` closes the connection by itself, with the right code, after every error of the peer.
  raw.on('error', ignore);
}

function ignore(): void {}

/** A server for `ws` that upgrades nothing by itself. Compression is off: it keeps per-connection state and breaks sharing of bytes. */
export function webSocketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    // Spread, because the types of `ws` do not know it yet.
    ...{ closeTimeout: CLOSE_TIMEOUT },
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
