/** Hands that hold back what passes between the nodes and their store, until they are opened: for races that are steered. */
import type { Store } from '@iskra/server/parts';
import type { Actor, World } from './world.js';

export interface Held {
  /** A verb of the store, or the hints that it gives. */
  what: keyof Store | 'hint';
  /** Of one node; of all when it is not given. */
  of?: Actor;
  /** The verb is done and its answer waits. Default: it waits to be done. */
  answer?: boolean;
}

export interface Hand {
  /** How many wait now. */
  readonly waiting: number;
  /** What comes later passes, ahead of those that wait. */
  letOvertake(): void;
  /** Everything that waits goes on, in its order, and nothing is held any more. */
  open(): void;
}

export class Holds {
  readonly #world: World;
  readonly #hands = new Map<Held, (() => void)[]>();

  constructor(world: World) {
    this.#world = world;
  }

  get none(): boolean {
    return this.#hands.size === 0;
  }

  hold(held: Held): Hand {
    const waiting: (() => void)[] = [];
    this.#hands.set(held, waiting);
    return {
      get waiting() {
        return waiting.length;
      },
      letOvertake: () => void this.#hands.delete(held),
      open: () => {
        this.#hands.delete(held);
        for (const goOn of waiting.splice(0)) this.#world.after(0, goOn);
      },
    };
  }

  /** Goes on at once, unless a hand holds it. */
  pass(what: Held['what'], of: Actor, isAnswer: boolean, goOn: () => void): void {
    for (const [held, waiting] of this.#hands) {
      if (held.what !== what || (held.of ?? of) !== of || (held.answer ?? false) !== isAnswer) continue;
      waiting.push(goOn);
      return;
    }
    goOn();
  }
}
