/**
 * What a transport is: it moves text, and tells what happened to it. It never
 * tries again, decides nothing, and remembers nothing but its socket.
 *
 * Whoever opens it knows which attempt it is for, and adds its number to every
 * event, so that what a dead attempt still has to say falls away.
 */
import type { Environment } from '../environment.js';

/** From the best to the one that works everywhere. */
export type TransportName = 'websocket' | 'sse' | 'long-poll' | 'polling';

export interface Transport {
  /**
   * Opens with this message. A WebSocket ignores it: its first message is sent
   * once it is open. A poll is one request, so a poll transport is opened again
   * for each.
   */
  open(message: string): void | Promise<void>;
  /** Sends a message up. Over HTTP the next one must wait for `answered`. */
  send(message: string): void | Promise<void>;
  /** Ends it; what is already on its way up is not recalled. */
  close(): void;
}

export type TransportEvent =
  /** The handshake or the response headers are here. This is not success yet (P55). */
  | { type: 'opened' }
  /** A message came down; for a poll, its answer. */
  | { type: 'received'; text: string }
  /** The POST that carried sends was answered; status 0 when no answer came. */
  | { type: 'answered'; status: number; text: string }
  /** It ended by itself. `status`: WebSocket close code, or HTTP status, 0 when there was none. */
  | { type: 'closed'; status: number; detail: string };

/** What a transport is given. */
export interface Ground {
  /** Absolute base address, without a slash at its end. */
  readonly url: string;
  readonly environment: Environment;
  on(event: TransportEvent): void;
}
