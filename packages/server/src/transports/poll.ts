/** One HTTP answer, given when the session says that it is complete: a poll, or what came of a batch of sends. */
import { CODES } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import { joinMessages } from '../message.js';
import type { Message } from '../message.js';
import type { MetricTransport } from '../observe/metrics.js';
import type { Transport } from './transport.js';

export interface Answer {
  readonly status: number;
  /** Milliseconds to wait before another try. */
  readonly retryAfter: number | undefined;
  readonly body: string;
}

export class PollTransport implements Transport {
  readonly name: MetricTransport;
  onWritable: () => void = () => {};
  readonly answer: Promise<Answer>;
  #resolve: (answer: Answer) => void = () => {};
  #messages: readonly Message[] = [];

  constructor(name: MetricTransport) {
    this.name = name;
    this.answer = new Promise((resolve) => (this.#resolve = resolve));
  }

  write(messages: readonly Message[]): boolean {
    this.#messages = this.#messages.length === 0 ? messages : [...this.#messages, ...messages];
    return true;
  }

  finish(code?: CodeName, retryAfter?: number): void {
    const status = code === undefined ? 200 : CODES[code].status;
    this.#resolve({ status, retryAfter, body: joinMessages(this.#messages) });
  }

  close(code: CodeName, retryAfter?: number): void {
    this.finish(code, retryAfter);
  }
}
