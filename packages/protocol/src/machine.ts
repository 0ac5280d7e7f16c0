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

/** A machine that runs. */
export interface Driven<Event> {
  tell(event: Event): void;
  stop(): void;
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
  /** Events that are to be handled. */
  let waiting: (Event | DeadlinePassed)[] | undefined;
  let busy = false;
  let stopped = false;
  let armedFor = Infinity;
  let cancel: (() => void) | undefined;

  /** Without an event it only looks at the deadline again. */
  const tell = (event?: Event | DeadlinePassed): void => {
    const queue = (waiting ??= []);
    if (event) queue.push(event);
    if (busy) return;
    busy = true;
    try {
      while (queue.length > 0 && !stopped) machine.handle(queue.shift()!, clock.now()).forEach(perform);
      // An idle machine keeps none; after an effect that threw, what it left behind comes first.
      waiting = undefined;
    } finally {
      busy = false;
      // Also after an effect that threw: without its timer the machine would never wake again.
      const { deadline } = machine;
      if (!stopped && deadline < armedFor) {
        cancel?.();
        armedFor = deadline;
        cancel = clock.at(deadline, () => {
          armedFor = Infinity;
          tell(clock.now() < machine.deadline ? undefined : { type: 'deadlinePassed' });
        });
      }
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
