/** What a browser gives to tabs of one origin: locks, and a radio by which they hear each other, in virtual time. */
import { shareTabs } from '@iskra/client/tabs';
import type { Tabs } from '@iskra/client/tabs';
import type { Random } from './random.js';
import type { Actor, World } from './world.js';

interface Lock {
  name: string;
  seat: Seat;
  grant: () => Promise<unknown>;
  held: boolean;
}

interface Tuned {
  name: string;
  seat: Seat;
  hear(data: unknown): void;
  arrivesAt: number;
}

/** Where a tab sits: who it is, is known once it is open. */
export interface Seat {
  actor?: Actor;
  tabs: Tabs;
}

export class Browser {
  readonly #world: World;
  readonly #random: Random;
  #locks: Lock[] = [];
  #radios: Tuned[] = [];

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  seat(name: string): Seat {
    const seat = {} as Seat;
    const tune = (radio: string): object => this.#tune(seat, radio);
    class Radio {
      constructor(radio: string) {
        return tune(radio);
      }
    }
    const locks = {
      request: (lock: string, { signal }: LockOptions, grant: () => Promise<unknown>): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const one: Lock = { name: lock, seat, held: false, grant: async () => resolve(await grant()) };
          signal!.addEventListener('abort', () => {
            if (one.held) return;
            this.#drop(one);
            reject(new Error('AbortError'));
          });
          this.#locks.push(one);
          this.#grantSoon();
        }),
    };
    seat.tabs = shareTabs(name, { navigator: { locks: locks as never }, BroadcastChannel: Radio as never });
    return seat;
  }

  /** A tab is gone: what it has posted still arrives, what it held is free. */
  gone(seat: Seat): void {
    this.#radios = this.#radios.filter((one) => one.seat !== seat);
    this.#world.after(this.#random.between(1, 20), () => {
      this.#locks = this.#locks.filter((one) => one.seat !== seat);
      this.#grantSoon();
    });
  }

  #tune(seat: Seat, name: string) {
    const radio = {
      onmessage: undefined as ((event: { data: unknown }) => void) | undefined,
      postMessage: (message: unknown): void => {
        const copy = structuredClone(message);
        for (const other of this.#radios) {
          if (other.name !== name || other === self) continue;
          // In the order in which all of them were posted, as in a browser, where one process passes them on.
          other.arrivesAt = Math.max(other.arrivesAt, this.#world.now + this.#random.between(0, 4));
          this.#world.at(other.arrivesAt, () => {
            if (this.#radios.includes(other)) seatRun(other.seat, () => other.hear(structuredClone(copy)));
          });
        }
      },
      close: (): void => {
        this.#radios = this.#radios.filter((one) => one !== self);
      },
    };
    const self: Tuned = { name, seat, arrivesAt: 0, hear: (data) => radio.onmessage?.({ data }) };
    this.#radios.push(self);
    return radio;
  }

  #drop(lock: Lock): void {
    this.#locks = this.#locks.filter((one) => one !== lock);
    this.#grantSoon();
  }

  #grantSoon(): void {
    this.#world.after(this.#random.between(0.2, 2), () => {
      for (const lock of this.#locks) {
        if (lock.held || this.#locks.some((one) => one.name === lock.name && one.held)) continue;
        lock.held = true;
        seatRun(lock.seat, () => void lock.grant().then(() => this.#drop(lock)));
      }
    });
  }
}

const seatRun = ({ actor }: Seat, task: () => void): void => actor!.run(task);
