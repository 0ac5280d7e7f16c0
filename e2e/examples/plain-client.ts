/** A plain WebSocket client that keeps what it hears until it is asked for. */
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';

export class PlainClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #heard: string[] = [];
  #waiting: ((text: string) => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => {
      const text = isBinary ? '(binary)' : (data as Buffer).toString();
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#heard.push(text);
      else waiting(text);
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  /** Resolves when the connection is open; rejects with the status when it was refused. */
  static async open(url: string, protocol?: string, options: ClientOptions = {}): Promise<PlainClient> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), protocol ?? [], options);
    const client = new PlainClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return client;
  }

  /** The next message, from the first on; none is lost. */
  next(): Promise<string> {
    const heard = this.#heard.shift();
    if (heard !== undefined) return Promise.resolve(heard);
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      void this.closed.then(({ code }) => reject(new Error(`closed with ${code} instead of a message`)));
    });
  }

  /** Says something, and resolves with the next message. */
  async ask(text: string | Buffer): Promise<string> {
    this.socket.send(text);
    return this.next();
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
