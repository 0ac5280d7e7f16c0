/** Who speaks through a box: our client, or the peer's. What an exchange asks of it. */
import type { ForwardProxy } from './forward.js';
import type { Numbered } from './plan.js';

export interface Party {
  /** Whether it may begin: it is connected, and is told what is said. */
  readonly ready: boolean;
  /** What was heard, in its order; 0 is the first message that waits for everybody. */
  readonly heard: readonly number[];
  /** How long each of them took to come down, ms. */
  readonly delays: readonly number[];
  /** How often the application was told that there is no connection. */
  readonly disconnects: number;
  say(message: Numbered): void;
  close(): Promise<void>;
}

export interface Way {
  /** Where the server seems to be. */
  readonly url: string;
  /** The proxy that is asked instead, where there is one. */
  readonly through?: ForwardProxy;
}
