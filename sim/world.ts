/**
 * Virtual time. One heap of events for everybody; every actor (a client's page,
 * a node, the store) has clocks of its own and may be paused or killed. Between
 * two events all promises of the event before have run, so a run depends on its
 * seed alone.
 */
import type { Clock } from '@iskra/protocol/wire';

/** One line of what happened. */
export interface Note {
  at: number;
  actor: string;
  text: string;
}

interface Event {
  at: number;
  order: number;
  act: (() => void) | undefined;
}

/** When every run begins, in ms since 1970. */
export const EPOCH = 1_760_000_000_000;
/** More events than this in one run are a circle that nobody leaves. */
const MOST_EVENTS = 400_000;

export class World {
  /** Milliseconds since the run began. */
  now = 0;
  /** Events that have happened. */
  events = 0;
  /** What happened, when it is asked for: kept for the trace of a failing seed only. */
  readonly notes: Note[] = [];
  readonly #traced: boolean;
  readonly #heap = new Heap();
  #order = 0;

  constructor(traced = false) {
    this.#traced = traced;
  }

  /** Calls back at this moment, or now if it has passed. The answer cancels it. */
  at(moment: number, act: () => void): () => void {
    if (moment === Infinity) return () => {};
    const event: Event = { at: Math.max(moment, this.now), order: this.#order++, act };
    this.#heap.push(event);
    return () => {
      event.act = undefined;
    };
  }

  after(ms: number, act: () => void): () => void {
    return this.at(this.now + ms, act);
  }

  note(actor: string, text: () => string): void {
    if (this.#traced) this.notes.push({ at: this.now, actor, text: text() });
  }

  /** Lets everything happen up to a moment. */
  async run(until: number): Promise<void> {
    for (;;) {
      // Whatever was called before has come as far as it can: a tick comes when no promise has anything to say any more,
      // and once again for what asked to come then, too. A turn of the real event loop would do the same, for a fifth more of the time.
      await new Promise(process.nextTick);
      await new Promise(process.nextTick);
      const event = this.#heap.first;
      if (event === undefined || event.at > until) break;
      this.#heap.pop();
      if (event.act === undefined) continue;
      this.now = event.at;
      if (++this.events > MOST_EVENTS) {
        throw new Error(
          `Over ${MOST_EVENTS} events by ${Math.round(this.now)} ms: something goes in a circle.`,
        );
      }
      event.act();
    }
    this.now = Math.max(this.now, until);
  }
}

/** Whoever has a clock, can be paused, and can die. */
export class Actor {
  readonly name: string;
  readonly world: World;
  readonly clock: Clock;
  /** The wall clock's distance from true time, ms; it may jump. */
  wallOffset = 0;
  #held: (() => void)[] | undefined;
  #dead = false;

  /** @param origin what its monotonic clock shows when the run begins: no two actors' clocks agree. */
  constructor(world: World, name: string, origin = 0) {
    this.world = world;
    this.name = name;
    this.clock = {
      now: () => world.now + origin,
      at: (moment, callback) => world.at(moment - origin, () => this.run(callback)),
    };
  }

  get isDead(): boolean {
    return this.#dead;
  }

  get isPaused(): boolean {
    return this.#held !== undefined;
  }

  /** Milliseconds since 1970, as this actor believes. */
  wallClock(): number {
    return EPOCH + this.world.now + this.wallOffset;
  }

  /** Does it now; once it is awake, if it is paused; never, if it is dead. */
  run(task: () => void): void {
    if (this.#dead) return;
    if (this.#held) this.#held.push(task);
    else task();
  }

  note(text: () => string): void {
    this.world.note(this.name, text);
  }

  pause(): void {
    this.#held ??= [];
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    // One after another, as an event loop would: each may pause or kill it again.
    for (const task of held) this.world.at(this.world.now, () => this.run(task));
  }

  kill(): void {
    this.#dead = true;
    this.#held = undefined;
  }
}

/** A binary heap by moment, then by the order in which events were planned. */
class Heap {
  readonly #events: Event[] = [];

  get first(): Event | undefined {
    return this.#events[0];
  }

  push(event: Event): void {
    const events = this.#events;
    let at = events.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, events[parent]!)) break;
      events[at] = events[parent]!;
      at = parent;
    }
    events[at] = event;
  }

  pop(): void {
    const events = this.#events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child++;
      if (!isBefore(events[child]!, last)) break;
      events[at] = events[child]!;
      at = child;
    }
    events[at] = last;
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);
