/** A WebSocket over the network of a test: both ends of it. */
import { WSContext } from 'hono/ws';
import type { WSEvents } from 'hono/ws';
import type { Line, Network } from './network.js';

/** What a server answers to an upgrade: events of its end, or nothing, where it refuses. */
export type Upgrading = (request: Request) => Promise<WSEvents | undefined>;

/** Where sockets of a client lead. */
export interface SocketGround {
  readonly network: Network;
  readonly upgrade: Upgrading;
  request(url: string): Request;
}

/** The part of a browser's WebSocket that clients use. */
export class TestSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly #line: Line;
  #server: ServerEnd | undefined;
  #isAsked = false;

  constructor({ network, upgrade, request }: SocketGround, url: string) {
    const line = (this.#line = network.open('websocket'));
    line.onClientBreak = () => this.#closed(1006, '');
    line.up.push(() => {
      this.#isAsked = true;
      void upgrade(request(url.replace(/^ws/, 'http'))).then((events) => this.#answered(events));
    });
  }

  send(text: string): void {
    if (this.readyState !== 1) return;
    this.#line.up.push(() => this.#server?.hear(text));
  }

  close(): void {
    if (this.readyState > 1) return;
    this.readyState = 2;
    const line = this.#line;
    if (!this.#isAsked) return void Promise.resolve().then(() => this.#closed(1006, ''));
    line.up.push(() => {
      this.#server?.end(1000);
      line.down.push(() => this.#closed(1000, ''));
    });
  }

  #answered(events: WSEvents | undefined): void {
    const line = this.#line;
    if (events === undefined) return line.down.push(() => this.#closed(1006, ''));
    line.down.push(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      this.onopen?.();
    });
    const server = (this.#server = new ServerEnd(events, {
      send: (text) => line.down.push(() => this.readyState === 1 && this.onmessage?.({ data: text })),
      close: (code, reason) => line.down.push(() => this.#closed(code, reason)),
    }));
    server.open();
    // Who went meanwhile leaves at once, and the server gives back what it held for it.
    if (!line.isOpen) server.end(1006);
  }

  #closed(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#line.end();
    // The server is told by the same handshake.
    this.#server?.end(code);
    this.onclose?.({ code, reason });
  }
}

/** What a server is told of an end; its own name is a browser's. */
type Closing = Parameters<NonNullable<WSEvents['onClose']>>[0];

/** The server's end, as Hono's helpers show it. */
class ServerEnd {
  readonly #events: WSEvents;
  readonly #context: WSContext;
  #isOver = false;

  constructor(
    events: WSEvents,
    down: { send: (text: string) => void; close: (code: number, reason: string) => void },
  ) {
    this.#events = events;
    this.#context = new WSContext({
      send: (data) => down.send(data as string),
      close: (code = 1000, reason = '') => down.close(code, reason),
      readyState: 1,
    });
  }

  open(): void {
    this.#events.onOpen?.(new Event('open'), this.#context);
  }

  hear(data: string): void {
    this.#events.onMessage?.({ data } as MessageEvent, this.#context);
  }

  end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onClose?.({ code, reason: '' } as Closing, this.#context);
  }
}
