/** One HTTP answer, given when the session says that it is complete: a poll, or what came of a batch of sends. */
import { CODES, MAX_FRAMES, MAX_MESSAGE_BYTES } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import { Gathering } from '../message.js';
import type { Message } from '../message.js';
import type { MetricTransport } from '../observe/metrics.js';
import type { Exchange } from './exchange.js';
import type { Transport } from './transport.js';

/** An answer is full when there is no room for another read of a log, and all that may come beside it (P4). */
const FULL = MAX_FRAMES / 2;

export class PollTransport implements Transport {
  readonly name: MetricTransport;
  listener: { writable(): void } | undefined;
  readonly #exchange: Exchange;
  readonly #gathering = new Gathering();
  /** What is said after the answer, nobody hears. */
  #isGiven = false;

  constructor(name: MetricTransport, exchange: Exchange) {
    this.name = name;
    this.#exchange = exchange;
  }

  get queued(): number {
    // It is given whole, and then it is Node's.
    return 0;
  }

  onWelcome(): void {
    // Nothing is sent before the answer is complete.
  }

  write(message: Message): boolean {
    if (this.#isGiven) return true;
    this.#gathering.add(message);
    return this.#gathering.count < FULL && this.#gathering.length < MAX_MESSAGE_BYTES;
  }

  finish(code?: CodeName, retryAfter?: number): void {
    if (this.#isGiven) return;
    this.#isGiven = true;
    const status = code === undefined ? 200 : CODES[code].status;
    this.#exchange.answer({ status, retryAfter, body: this.#gathering.message.body });
  }

  close(code: CodeName, retryAfter?: number): void {
    this.finish(code, retryAfter);
  }
}
