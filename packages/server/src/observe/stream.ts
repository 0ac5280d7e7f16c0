/**
 * System events for whoever wants to know of them in this process. They are told at the end of the turn in which they
 * happened, so nobody who listens stands in the way of what they are about.
 */
import type { SystemEvent } from './event.js';

export interface EventStream {
  /**
   * Calls the listener with each event from now on, in their order. The answer takes it away. A listener that throws
   * stops nobody: it is written to the log.
   */
  subscribe(listener: (event: SystemEvent) => void): () => void;
  /**
   * The events from now on: `for await (const event of realtime.events)`. Leaving the loop ends it. Of a reader that
   * does not keep up the newest 1,000 events wait; those before are left out.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<SystemEvent>;
}

/** Events that wait for a reader that does not keep up. */
const MOST_WAITING = 1_000;

export class Stream implements EventStream {
  readonly #defer: (task: () => void) => void;
  readonly #failed: (error: unknown) => void;
  readonly #listeners = new Set<{ readonly listener: (event: SystemEvent) => void }>();
  #told: SystemEvent[] = [];

  /**
   * @param defer runs a task once, after the current turn of the event loop
   * @param failed is told what a listener threw
   */
  constructor(defer: (task: () => void) => void, failed: (error: unknown) => void) {
    this.#defer = defer;
    this.#failed = failed;
  }

  /** Whether anybody wants to know. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  subscribe(listener: (event: SystemEvent) => void): () => void {
    // An object of its own, so that the same function may listen twice and leave once.
    const one = { listener };
    this.#listeners.add(one);
    return () => void this.#listeners.delete(one);
  }

  tell(event: SystemEvent): void {
    if (!this.isHeard) return;
    if (this.#told.push(event) === 1) this.#defer(() => this.#flush());
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<SystemEvent> {
    const waiting: SystemEvent[] = [];
    let isOver = false;
    let wake = (): void => {};
    const stop = this.subscribe((event) => {
      waiting.push(event);
      if (waiting.length > MOST_WAITING) waiting.shift();
      wake();
    });
    const end = async (): Promise<IteratorResult<SystemEvent>> => {
      isOver = true;
      stop();
      wake();
      return { done: true, value: undefined };
    };
    return {
      async next() {
        while (waiting.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
        const value = isOver ? undefined : waiting.shift();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: end,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #flush(): void {
    const told = this.#told;
    this.#told = [];
    for (const event of told) {
      for (const { listener } of [...this.#listeners]) {
        try {
          listener(event);
        } catch (error) {
          this.#failed(error);
        }
      }
    }
  }
}
