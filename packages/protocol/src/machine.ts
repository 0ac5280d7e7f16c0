/**
 * Machines decide, shells do. A machine has no clock, timer, randomness or IO:
 * it is told what happened and when, and answers with what to do, in order.
 * `drive` connects one to a clock, and is the only place that arms a timer.
 */

/** Every machine understands that its deadline has passed. */
export interface DeadlinePassed {
  readonly type: 'deadlinePassed';
}

export interface Machine<Event, Effect> {
  /** What to do about `event`, which happened at `now` (ms, monotonic). */
  handle(event: Event | DeadlinePassed, now: number): Effect[];
  /** The moment at which the machine wants to be told `deadlinePassed`; Infinity for none. */
  readonly deadline: number;
}

/** Monotonic time and one-shot timers; in tests and simulations a value that can be moved. */
export interface Clock {
  /** Milliseconds from any fixed origin; never goes back. */
  now(): number;
  /** Calls back once, at `moment` or a little later. The answer cancels it. */
  at(moment: number, callback: () => void): () => void;
}

/**
 * Runs a machine: feeds it events one after another, performs its effects in
 * order, and keeps one timer for its deadline. A timer that is armed for an
 * earlier moment stays: when it fires too early it is armed again, so a
 * deadline that moves with every message costs nothing. After `stop` no event
 * is handled any more; the effects of the one under way still happen.
 */
export function drive<Event, Effect>(
  machine: Machine<Event, Effect>,
  clock: Clock,
  perform: (effect: Effect) => void,
): Driven<Event> {
  return new Drive(machine, clock, perform);
}

/** A machine that runs. */
export interface Driven<Event> {
  tell(event: Event): void;
  stop(): void;
}

class Drive<Event, Effect> implements Driven<Event> {
  readonly #machine: Machine<Event, Effect>;
  readonly #clock: Clock;
  readonly #perform: (effect: Effect) => void;
  /** Events that are to be handled. */
  #waiting: (Event | DeadlinePassed)[] | undefined;
  #busy = false;
  #stopped = false;
  #armedFor = Infinity;
  #cancel: (() => void) | undefined;

  constructor(machine: Machine<Event, Effect>, clock: Clock, perform: (effect: Effect) => void) {
    this.#machine = machine;
    this.#clock = clock;
    this.#perform = perform;
  }

  /** Without an event it only looks at the deadline again. */
  tell(event?: Event | DeadlinePassed): void {
    const waiting = (this.#waiting ??= []);
    if (event) waiting.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (waiting.length > 0 && !this.#stopped)
        for (const effect of this.#machine.handle(waiting.shift()!, this.#clock.now())) this.#perform(effect);
      // An idle machine keeps none; after an effect that threw, what it left behind comes first.
      this.#waiting = undefined;
    } finally {
      this.#busy = false;
      // Also after an effect that threw: without its timer the machine would never wake again.
      const { deadline } = this.#machine;
      if (!this.#stopped && deadline < this.#armedFor) {
        this.#cancel?.();
        this.#armedFor = deadline;
        this.#cancel = this.#clock.at(deadline, () => {
          this.#armedFor = Infinity;
          this.tell(this.#clock.now() < this.#machine.deadline ? undefined : { type: 'deadlinePassed' });
        });
      }
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }
}
