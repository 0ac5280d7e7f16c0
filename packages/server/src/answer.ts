/**
 * PURE. When the one answer of a poll is given: at once when it opens a session,
 * when there is something to say, or when its time is over (P64). That of a POST with sends: when they are
 * settled, or when its time is over (P68).
 */

/** Milliseconds that `welcome` waits for the sends that came with it: less than a client waits before it tries another transport. */
const OPENING = 100;
/** Milliseconds that sends are waited for: a client that hears nothing for longer takes its request for lost. */
const SENDING = 1_000;

export class Answer {
  /** When it is looked at again, or given although it is empty. */
  #at = Infinity;
  /** A poll that found a busy channel is not answered before, so that one answer carries many entries. */
  #from = 0;
  #due = false;
  /** It is given then, whatever is under way. */
  #latest = Infinity;
  #turnAwaited = false;

  get deadline(): number {
    return Math.min(this.#at, this.#latest);
  }

  /** It carries `welcome`: nothing else is waited for long. */
  opens(now: number): void {
    this.#due = true;
    this.#latest = now + OPENING;
  }

  /** Sends may come with it. */
  carries(now: number): void {
    this.#latest = Math.min(this.#latest, now + SENDING);
  }

  /** What is under way is not waited for any more: the client sends again what it finds without an answer. */
  isOverdue(now: number): boolean {
    if (now < this.#latest) return false;
    this.#latest = Infinity;
    return true;
  }

  /** It may be held for `wait` ms, and is held for `linger` ms also when there are entries to give. */
  hold(wait: number, linger: number, now: number): void {
    this.#at = now + wait;
    this.#from = now + Math.min(linger, wait);
    this.passed(now);
  }

  /** Time went on. */
  passed(now: number): void {
    if (now < this.#at) return;
    this.#at = Infinity;
    this.#due = true;
  }

  /** It is given as soon as nothing is under way, also when there is nothing to say. */
  fallDue(): void {
    this.#due = true;
  }

  /** What there is to say does not wait for more. */
  hurry(): void {
    this.#from = 0;
  }

  turnEnded(): void {
    this.#turnAwaited = false;
  }

  /**
   * What to do when nothing is under way any more. The entries of this turn belong to the answer: it is
   * given when the turn has `ended`.
   */
  judge(hasData: boolean, ended: boolean, now: number): 'hold' | 'awaitTurn' | 'give' {
    if (!this.#due) {
      if (!hasData) return 'hold';
      if (now < this.#from) {
        this.#at = Math.min(this.#at, this.#from);
        return 'hold';
      }
    }
    if (ended) return 'give';
    if (this.#turnAwaited) return 'hold';
    this.#turnAwaited = true;
    return 'awaitTurn';
  }
}
