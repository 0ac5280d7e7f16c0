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
): { tell(event: Event): void; stop(): void } {
  const waiting: (Event | DeadlinePassed)[] = [];
  let busy = false;
  let stopped = false;
  let armedFor = Infinity;
  let cancel: (() => void) | undefined;

  const arm = (): void => {
    if (stopped || machine.deadline >= armedFor) return;
    cancel?.();
    armedFor = machine.deadline;
    cancel = clock.at(armedFor, () => {
      armedFor = Infinity;
      cancel = undefined;
      if (clock.now() >= machine.deadline) tell({ type: 'deadlinePassed' });
      else arm();
    });
  };

  const tell = (event: Event | DeadlinePassed): void => {
    if (stopped) return;
    waiting.push(event);
    if (busy) return;
    busy = true;
    try {
      for (let next = waiting.shift(); next !== undefined && !stopped; next = waiting.shift()) {
        for (const effect of machine.handle(next, clock.now())) perform(effect);
      }
    } finally {
      // Also after an effect that threw: without its timer the machine would never wake again.
      busy = false;
      arm();
    }
  };

  return {
    tell,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
