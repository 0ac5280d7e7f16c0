/**
 * Where the answer to one HTTP request goes. On Node it is written to the
 * response directly, and the route returns at once: a promise that waits for a
 * held poll, or a web stream, keeps the whole request alive beside it.
 */
import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Core } from '../core.js';

export interface Answer {
  readonly status: number;
  /** Milliseconds to wait before another try. */
  readonly retryAfter?: number | undefined;
  readonly body: Buffer;
}

/** Where the blocks of an event stream go. */
export interface BlockSink {
  /** Bytes that the reader has not taken. */
  readonly queued: number;
  /** False when the reader is behind by more than it should be. */
  write(block: Buffer): boolean;
  /** Calls back once, when there is room. */
  whenWritable(callback: () => void): void;
  end(): void;
}

export interface Exchange {
  /** What the route returns. */
  readonly response: Response | Promise<Response>;
  /** One whole answer. */
  answer(answer: Answer): void;
  /** An answer that stays open. */
  stream(): BlockSink;
  /** Calls back when the peer has gone, also after the answer. */
  whenGone(callback: () => void): void;
}

/** Milliseconds that a peer may take to read the end of its stream. */
export const CLOSE_TIMEOUT = 5_000;

/** Names and values in turn: the form that Node writes without looking at it again. */
export type HeaderList = readonly string[];

const JSON_TYPE = 'application/json; charset=utf-8';
const STREAM_TYPE = 'text/event-stream; charset=utf-8';

/** What an exchange asks of its node. */
export type ExchangeNode = Pick<Core, 'limits' | 'drain'>;

export function createExchange(
  outgoing: ServerResponse | undefined,
  signal: () => AbortSignal,
  headers: HeaderList,
  node: ExchangeNode,
): Exchange {
  return outgoing === undefined
    ? new WebExchange(signal, headers, node.limits.backlog)
    : new NodeExchange(outgoing, headers, node);
}

/** The headers of a whole answer. */
export function answerHeaders(headers: HeaderList, { retryAfter, body }: Answer): string[] {
  const complete = [...headers, 'content-type', JSON_TYPE, 'content-length', String(body.length)];
  if (retryAfter !== undefined) complete.push('retry-after', String(Math.ceil(retryAfter / 1000)));
  return complete;
}

/** One whole answer as a web `Response`. */
export function answerResponse(headers: HeaderList, answer: Answer): Response {
  return new Response(new Uint8Array(answer.body), {
    status: answer.status,
    headers: headerPairs(answerHeaders(headers, answer)),
  });
}

/** A header list as a web `Response` takes it. */
export function headerPairs(headers: HeaderList): [string, string][] {
  return Array.from({ length: headers.length / 2 }, (_, at) => [
    headers[at * 2] ?? '',
    headers[at * 2 + 1] ?? '',
  ]);
}

class NodeExchange implements Exchange, BlockSink {
  readonly #outgoing: ServerResponse;
  readonly #headers: HeaderList;
  readonly #node: ExchangeNode;

  constructor(outgoing: ServerResponse, headers: HeaderList, node: ExchangeNode) {
    this.#outgoing = outgoing;
    this.#headers = headers;
    this.#node = node;
  }

  get response(): Response {
    return RESPONSE_ALREADY_SENT;
  }

  answer(answer: Answer): void {
    if (this.#outgoing.destroyed) return;
    // A balancer of connections asks no other node for as long as this one keeps the connection.
    if (this.#node.drain !== undefined) this.#outgoing.shouldKeepAlive = false;
    this.#outgoing.writeHead(answer.status, answerHeaders(this.#headers, answer));
    this.#outgoing.end(answer.body);
  }

  stream(): BlockSink {
    this.#outgoing.writeHead(200, [...this.#headers, 'content-type', STREAM_TYPE]);
    return this;
  }

  get queued(): number {
    return this.#outgoing.writableLength;
  }

  whenGone(callback: () => void): void {
    // Not `once`, which costs an idle connection two objects more: a response closes once.
    this.#outgoing.on('close', callback);
  }

  write(block: Buffer): boolean {
    if (this.#outgoing.writableEnded || this.#outgoing.destroyed) return true;
    this.#outgoing.write(block);
    forgetHeader(this.#outgoing);
    return this.#outgoing.writableLength <= this.#node.limits.backlog;
  }

  whenWritable(callback: () => void): void {
    this.#outgoing.once('drain', callback);
  }

  end(): void {
    this.#outgoing.end();
    // A peer that does not read would keep its socket, and what waits in it, for ever.
    setTimeout(() => this.#outgoing.destroy(), CLOSE_TIMEOUT).unref();
  }
}

/**
 * Node keeps the text of a header for as long as its answer is open, and asks only whether there is one: for
 * a stream that is 1 kB of strings kept for nothing. The fields have no public name; without them it stays.
 */
function forgetHeader(outgoing: ServerResponse & { _header?: string | null; _headerSent?: boolean }): void {
  if (outgoing._headerSent === true && typeof outgoing._header === 'string') outgoing._header = 'sent';
}

/** For runtimes without Node's response. */
class WebExchange implements Exchange {
  readonly response: Promise<Response>;
  #resolve: (response: Response) => void = () => {};
  #gone: () => void = () => {};
  readonly #signal: () => AbortSignal;
  readonly #headers: HeaderList;
  readonly #backlog: number;

  constructor(signal: () => AbortSignal, headers: HeaderList, backlog: number) {
    this.#signal = signal;
    this.#headers = headers;
    this.#backlog = backlog;
    this.response = new Promise((resolve) => (this.#resolve = resolve));
  }

  answer(answer: Answer): void {
    this.#resolve(answerResponse(this.#headers, answer));
  }

  stream(): BlockSink {
    let waiting: (() => void) | undefined;
    // Undefined again when there is nobody to write to: what is written to a stream that has ended throws.
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>(
      {
        start(given) {
          controller = given;
        },
        pull() {
          waiting?.();
          waiting = undefined;
        },
        cancel: () => {
          controller = undefined;
          this.#gone();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: this.#backlog }),
    );
    this.#resolve(
      new Response(body, { headers: headerPairs([...this.#headers, 'content-type', STREAM_TYPE]) }),
    );
    const backlog = this.#backlog;
    return {
      get queued() {
        return Math.max(0, backlog - (controller?.desiredSize ?? backlog));
      },
      write(block) {
        controller?.enqueue(block);
        return (controller?.desiredSize ?? 1) > 0;
      },
      whenWritable(callback) {
        waiting = callback;
      },
      end() {
        controller?.close();
        controller = undefined;
      },
    };
  }

  whenGone(callback: () => void): void {
    this.#gone = callback;
    const signal = this.#signal();
    if (signal.aborted) callback();
    else signal.addEventListener('abort', callback, { once: true });
  }
}
