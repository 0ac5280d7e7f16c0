/** One HTTP answer, given when the session says that it is complete: a poll, or what came of a batch of sends. */
import { CODES } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import { Message } from '../message.js';
import type { MetricTransport } from '../observe/metrics.js';
import type { Transport } from './transport.js';

export interface Answer {
  readonly status: number;
  /** Milliseconds to wait before another try. */
  readonly retryAfter: number | undefined;
  readonly body: Buffer;
}

export class PollTransport implements Transport {
  readonly name: MetricTransport;
  onWritable: () => void = () => {};
  readonly answer: Promise<Answer>;
  #resolve: (answer: Answer) => void = () => {};
  #messages: Message[] = [];

  constructor(name: MetricTransport) {
    this.name = name;
    this.answer = new Promise((resolve) => (this.#resolve = resolve));
  }

  write(message: Message): boolean {
    this.#messages.push(message);
    return true;
  }

  finish(code?: CodeName, retryAfter?: number): void {
    const status = code === undefined ? 200 : CODES[code].status;
    this.#resolve({ status, retryAfter, body: Message.join(this.#messages).body });
  }

  close(code: CodeName, retryAfter?: number): void {
    this.finish(code, retryAfter);
  }
}
