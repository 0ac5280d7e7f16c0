/** One HTTP answer, given when the session says that it is complete: a poll, or what came of a batch of sends. */
import { CODES } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import { Message } from '../message.js';
import type { MetricTransport } from '../observe/metrics.js';
import type { Exchange } from './exchange.js';
import type { Transport } from './transport.js';

export class PollTransport implements Transport {
  readonly name: MetricTransport;
  listener: { writable(): void } | undefined;
  readonly #exchange: Exchange;
  readonly #messages: Message[] = [];

  constructor(name: MetricTransport, exchange: Exchange) {
    this.name = name;
    this.#exchange = exchange;
  }

  onWelcome(): void {
    // Nothing is sent before the answer is complete.
  }

  write(message: Message): boolean {
    this.#messages.push(message);
    return true;
  }

  finish(code?: CodeName, retryAfter?: number): void {
    const status = code === undefined ? 200 : CODES[code].status;
    this.#exchange.answer({ status, retryAfter, body: Message.join(this.#messages).body });
  }

  close(code: CodeName, retryAfter?: number): void {
    this.finish(code, retryAfter);
  }
}
