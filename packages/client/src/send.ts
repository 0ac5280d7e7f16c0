/** What an application holds of a message on its way. */
import type { SendState } from './outbox.js';

export interface Send {
  /** Its place in the session's order; 0 when it was refused before it got one. */
  readonly number: number;
  /** It ends in exactly one of `acknowledged`, `rejected` and `unknown`. */
  readonly state: SendState;
  /**
   * Resolves once the server has committed it; rejects with `SendError`,
   * `OutcomeUnknown`, `QueueFull` or `ClosedError`. May be ignored.
   */
  readonly settled: Promise<void>;
}
