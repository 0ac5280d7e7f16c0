/**
 * WebSocket on Node's `ws`, and on whatever Hono's `upgradeWebSocket` gives on
 * other runtimes. On `ws` the finished frames go straight to the socket: one
 * write a turn, the same bytes for every subscriber.
 */
import type { Socket } from 'node:net';
import type { WebSocketServerLike } from '@hono/node-server';
import type { UpgradeWebSocket, WSContext, WSEvents } from 'hono/ws';
import { WebSocketServer as NodeWebSocketServer } from 'ws';
import { CODES, parseMessage, SUBPROTOCOL } from '@iskra/protocol/wire';
import type { Clock, CodeName } from '@iskra/protocol/wire';
import type { Message } from '../message.js';
import { CLOSE_TIMEOUT } from './exchange.js';
import type { Transport } from './transport.js';

/** Hono's `upgradeWebSocket` of a runtime: the seam at which connections enter. */
export type UpgradeHelper = UpgradeWebSocket;
/** What it gives for each connection. */
export type WebSocketContext = WSContext;
export type WebSocketEvents = WSEvents;

/** What is used of a server of `ws`. Its own types are a package apart, which users of ours need not have. */
export interface WebSocketServer extends WebSocketServerLike {
  readonly clients: Iterable<{ terminate(): void }>;
}

/** What is used of a socket of `ws`. */
export interface NodeSocket {
  readonly bufferedAmount: number;
  readonly extensions: string;
  send(text: string): void;
  close(code: number, reason: string): void;
  pause(): void;
  resume(): void;
  terminate(): void;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'close', listener: (code: number) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
  listeners(event: 'close'): ((code: number) => void)[];
  removeAllListeners(event: string): unknown;
}

/** The socket of `ws` below a connection; undefined on other runtimes. */
export function nodeSocketOf({ raw }: WebSocketContext): NodeSocket | undefined {
  const socket = raw as NodeSocket | undefined;
  return typeof socket?.on === 'function' ? socket : undefined;
}

export class WebSocketTransport implements Transport {
  readonly name = 'websocket';
  listener: { writable(): void } | undefined;
  /** The `ws` socket itself where there is one: the adapter's context holds on to the whole upgrade request. */
  readonly #peer: NodeSocket | WebSocketContext;
  readonly #socket: Socket | undefined;
  readonly #backlog: number;
  readonly #clock: Clock;
  /** Room is waited for: heartbeats are written meanwhile, and must not each wait for it again. */
  #isFull = false;

  constructor(peer: NodeSocket | WebSocketContext, backlog: number, clock: Clock) {
    this.#peer = peer;
    this.#socket = tcpSocketOf(peer);
    this.#backlog = backlog;
    this.#clock = clock;
  }

  get queued(): number {
    return this.#socket?.writableLength ?? bufferedBy(this.#peer);
  }

  onWelcome(): void {
    // The handshake is over already.
  }

  write(message: Message): boolean {
    const socket = this.#socket;
    if (socket === undefined) this.#peer.send(message.text);
    else if (socket.writable) socket.write(message.webSocket);
    else return true;
    if (this.queued <= this.#backlog) return true;
    if (!this.#isFull) {
      this.#isFull = true;
      if (socket === undefined) this.#lookForRoom();
      else socket.once('drain', () => this.#hasRoom());
    }
    return false;
  }

  #hasRoom(): void {
    this.#isFull = false;
    this.listener?.writable();
  }

  /** A WebSocket of the web tells how much waits in it, and not when it is less. */
  #lookForRoom(): void {
    this.#clock.at(this.#clock.now() + LOOK, () => {
      // One that is closed keeps what waited.
      if (stateOf(this.#peer) !== OPEN) return;
      if (this.queued > this.#backlog) this.#lookForRoom();
      else this.#hasRoom();
    });
  }

  pause(): void {
    if ('pause' in this.#peer) this.#peer.pause();
  }

  resume(): void {
    if ('resume' in this.#peer) this.#peer.resume();
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
function tcpSocketOf(peer: NodeSocket | WebSocketContext): Socket | undefined {
  const { _socket: socket, extensions } = peer as { _socket?: Socket | null; extensions?: string };
  return socket != null && typeof socket.write === 'function' && extensions === '' ? socket : undefined;
}

/** Of a WebSocket that is open. */
const OPEN = 1;
/** Milliseconds between two looks at whether a full WebSocket has room again. */
const LOOK = 20;

/** What is used of the socket below Hono's context: that of the web, or that of Bun. */
interface RawSocket {
  readonly bufferedAmount?: number;
  readonly readyState?: number;
  getBufferedAmount?(): number;
}

function rawOf(peer: NodeSocket | WebSocketContext): RawSocket {
  return ('raw' in peer ? (peer.raw as RawSocket | undefined) : peer) ?? {};
}

/** Bytes that wait until its peer takes them; 0 where the runtime does not tell. */
export function bufferedBy(peer: NodeSocket | WebSocketContext): number {
  const raw = rawOf(peer);
  return raw.bufferedAmount ?? raw.getBufferedAmount?.() ?? 0;
}

/** As it is now: a context may only know how it was. */
function stateOf(peer: NodeSocket | WebSocketContext): number | undefined {
  return rawOf(peer).readyState;
}

/** What hears a socket: a connection. */
export interface WebSocketListener {
  /** The frames of a message, or undefined when it is none (a binary one, or no JSON array), and how many bytes it had. */
  receive(frames: readonly unknown[] | undefined, bytes: number): void;
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

/** A socket that knows its listener: the functions that hear it are the same for all, and no closures over one. */
type Heard = NodeSocket & { iskra?: WebSocketListener };

/** Connects a socket of `ws` with what hears it. */
export function listen(peer: NodeSocket, listener: WebSocketListener): void {
  (peer as Heard).iskra = listener;
  peer.on('message', onMessage);
  peer.on('close', onClose);
  // `ws` closes the connection by itself, with the right code, after every error of the peer.
  peer.on('error', ignore);
}

/**
 * Listens to the socket itself instead of through the adapter's events: those
 * make an event object a message, and keep the upgrade request alive for as
 * long as the connection lives. To be called from the adapter's `onOpen`.
 */
export function takeOver(peer: NodeSocket, listener: WebSocketListener): void {
  // By these the server of `ws` forgets a socket that is gone.
  const own = peer.listeners('close');
  // The adapter adds its own listeners right behind `onOpen`.
  queueMicrotask(() => {
    peer.removeAllListeners('message');
    peer.removeAllListeners('close');
    for (const one of own) peer.on('close', one);
    peer.removeAllListeners('error');
    listen(peer, listener);
  });
}

function onMessage(this: Heard, data: Buffer, isBinary: boolean): void {
  this.iskra?.receive(isBinary ? undefined : parseMessage(data.toString()), data.length);
}

function onClose(this: Heard, code: number): void {
  tellClosed(this.iskra, code);
}

function ignore(): void {}

/** A server for `ws` that upgrades nothing by itself. Compression is off: it keeps per-connection state and breaks sharing of bytes. */
export function webSocketServer(maxPayload: number): WebSocketServer {
  return new NodeWebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    // Spread, because the types of `ws` do not know it yet.
    ...{ closeTimeout: CLOSE_TIMEOUT },
    clientTracking: true,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
}
