/** Server-sent events: one message a block, over an answer that stays open. */
import type { CodeName } from '@iskra/protocol/wire';
import type { Message } from '../message.js';
import type { BlockSink, Exchange } from './exchange.js';
import { PollTransport } from './poll.js';
import type { Transport } from './transport.js';

export class SseTransport implements Transport {
  readonly name = 'sse';
  listener: { writable(): void } | undefined;
  readonly #exchange: Exchange;
  #sink: BlockSink | undefined;
  /** Room is waited for: heartbeats are written meanwhile, and must not each wait for it again. */
  #isFull = false;
  /** Until the peer is welcome there is no stream: a refusal is an ordinary answer with its status. */
  #refusal: PollTransport | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#refusal = new PollTransport('sse', exchange);
  }

  get queued(): number {
    return this.#sink?.queued ?? 0;
  }

  onWelcome(): void {
    this.#refusal = undefined;
    this.#sink = this.#exchange.stream();
  }

  write(message: Message): boolean {
    const sink = this.#sink;
    if (sink === undefined) return this.#refusal?.write(message) ?? true;
    if (sink.write(message.block)) return true;
    if (!this.#isFull) {
      this.#isFull = true;
      sink.whenWritable(() => {
        this.#isFull = false;
        this.listener?.writable();
      });
    }
    return false;
  }

  finish(): void {
    // A stream has no last answer.
  }

  close(code: CodeName, retryAfter?: number): void {
    this.#sink?.end();
    this.#refusal?.close(code, retryAfter);
  }
}
