/**
 * PURE. Whether the store answers this node: it is asked with every beat, and what counts is how many questions in a row
 * had no answer. They are counted and not timed, so a process that slept does not take its own sleep for the store's.
 */

/** Questions in a row that may be without an answer: one is under way as a rule, and two may be lost. */
const MOST_UNANSWERED = 3;

export class Pulse {
  #unanswered = 0;

  asked(): void {
    this.#unanswered++;
  }

  /** To whichever of the questions: a store that is slow is there. */
  answered(): void {
    this.#unanswered = 0;
  }

  /** Questions in a row without an answer. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** This node can promise nothing: another one may. */
  get isAway(): boolean {
    return this.#unanswered > MOST_UNANSWERED;
  }
}
