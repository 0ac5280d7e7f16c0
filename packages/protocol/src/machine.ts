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
  /** Events that came while another was handled; made when the first one does. */
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

  tell(event: Event | DeadlinePassed): void {
    if (this.#stopped) return;
    let next: Event | DeadlinePassed | undefined = event;
    // Also when an effect threw and left events behind: they were first.
    if (this.#busy || this.#waiting?.length) {
      (this.#waiting ??= []).push(event);
      if (this.#busy) return;
      next = this.#waiting.shift();
    }
    this.#busy = true;
    try {
      while (next !== undefined && !this.#stopped) {
        for (const effect of this.#machine.handle(next, this.#clock.now())) this.#perform(effect);
        next = this.#waiting?.shift();
      }
    } finally {
      // Also after an effect that threw: without its timer the machine would never wake again.
      this.#busy = false;
      this.#arm();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    const { deadline } = this.#machine;
    if (this.#stopped || deadline >= this.#armedFor) return;
    this.#cancel?.();
    this.#armedFor = deadline;
    this.#cancel = this.#clock.at(deadline, () => this.#onTimer());
  }

  #onTimer(): void {
    this.#armedFor = Infinity;
    this.#cancel = undefined;
    if (this.#clock.now() >= this.#machine.deadline) this.tell({ type: 'deadlinePassed' });
    else this.#arm();
  }
}
