/**
 * What a connection asks of a transport: take bytes, say whether there is room,
 * close. Reading belongs to the route, deciding to the session.
 */
import type { CodeName } from '@iskra/protocol/wire';
import type { Message } from '../message.js';
import type { MetricTransport } from '../observe/metrics.js';

export interface Transport {
  readonly name: MetricTransport;
  /** The peer has shown that it belongs here; called once, before the first byte is written. */
  onWelcome(): void;
  /** False when no more should be written until `onWritable`. */
  write(message: Message): boolean;
  /** Bytes that wait until the peer takes them. */
  readonly queued: number;
  /** Told when there is room again. */
  listener: { writable(): void } | undefined;
  /** Reads nothing more of the peer until `resume`; both may be called again. Only for streams, and where a runtime can. */
  pause?(): void;
  resume?(): void;
  /** The answer is complete (a poll, a batch of sends); streams ignore it. */
  finish(code?: CodeName, retryAfter?: number): void;
  /** Ends the connection after what was written. */
  close(code: CodeName, retryAfter?: number): void;
}
