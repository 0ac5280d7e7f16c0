/**
 * Server-sent events over a response that stays open. On Node the response is
 * written directly: a web stream costs an idle connection several kilobytes.
 */
import type { ServerResponse } from 'node:http';
import type { CodeName } from '@iskra/protocol/wire';
import type { Message } from '../message.js';
import { PollTransport } from './poll.js';
import type { Answer } from './poll.js';
import type { Transport } from './transport.js';

/** Where blocks go: Node's response, or the controller of a web stream. */
export interface BlockSink {
  /** False when the reader is behind by more than it should be. */
  write(block: Buffer): boolean;
  /** Calls back once, when there is room. */
  whenWritable(callback: () => void): void;
  end(): void;
}

export class SseTransport implements Transport {
  readonly name = 'sse';
  onWritable: () => void = () => {};
  #sink: BlockSink | undefined;
  /** Until the peer is welcome there is no stream: a refusal is an ordinary answer with its status. */
  #refusal: PollTransport | undefined = new PollTransport('sse');

  /** The answer of a stream that was refused. */
  get refusal(): Promise<Answer> | undefined {
    return this.#refusal?.answer;
  }

  open(sink: BlockSink): void {
    this.#sink = sink;
    this.#refusal = undefined;
  }

  write(message: Message): boolean {
    const sink = this.#sink;
    if (sink === undefined) return this.#refusal?.write(message) ?? true;
    if (sink.write(message.block)) return true;
    sink.whenWritable(() => this.onWritable());
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

export function nodeSink(response: ServerResponse, backlog: number): BlockSink {
  return {
    write(block) {
      if (response.writableEnded || response.destroyed) return true;
      response.write(block);
      return response.writableLength <= backlog;
    },
    whenWritable: (callback) => void response.once('drain', callback),
    end: () => void response.end(),
  };
}

/** For runtimes without Node's response. Cancelling the stream is the reader going away. */
export function webSink(
  backlog: number,
  onCancel: () => void,
): { sink: BlockSink; body: ReadableStream<Uint8Array> } {
  let waiting: (() => void) | undefined;
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
      cancel: onCancel,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: backlog }),
  );
  const sink: BlockSink = {
    write(block) {
      controller?.enqueue(block);
      return (controller?.desiredSize ?? 1) > 0;
    },
    whenWritable(callback) {
      waiting = callback;
    },
    end: () => controller?.close(),
  };
  return { sink, body };
}
