/**
 * Writes what happens on this node to the log `@system`, which all nodes of a store share: what has a line of the level
 * info or above, a sample of each flood, and never faster than the store takes it. What finds no room is counted, and
 * told when there is some. That it could not be written is told to nobody: it would have to be written.
 */
import { encodeBody, SYSTEM } from '@iskra/protocol/wire';
import type { Store } from '../store.js';
import { EVENTS } from './catalogue.js';
import type { EventName } from './catalogue.js';
import type { SystemEvent } from './event.js';
import { senderOf } from './event.js';
import type { Events } from './events.js';
import { Sampler } from './sampling.js';

/** What somebody can follow who reads along. */
const SAMPLING = { window: 10_000, each: 5, all: 50, senders: 100 };
/** Events that wait for the store. */
const MOST_WAITING = 200;

export class SystemLog {
  readonly #store: Pick<Store, 'append'>;
  readonly #events: Pick<Events, 'stream' | 'leftOut'>;
  readonly #sampler = new Sampler<EventName>(SAMPLING);
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #lost = 0;

  /** @param now monotonic milliseconds. */
  constructor(store: Pick<Store, 'append'>, events: Pick<Events, 'stream' | 'leftOut'>, now: () => number) {
    this.#store = store;
    this.#events = events;
    events.stream.subscribe((event) => this.#take(event, now()));
  }

  /** Resolves when nothing is being written. */
  get settled(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  #take(event: SystemEvent, now: number): void {
    for (const out of this.#sampler.over(now)) this.#add(this.#events.leftOut(out));
    if (EVENTS[event.delta].level === 'debug') return;
    if (this.#sampler.takes(event.delta, senderOf(event), now)) this.#add(event);
  }

  #add(event: SystemEvent): void {
    if (this.#waiting.length >= MOST_WAITING) this.#lost++;
    else this.#waiting.push(encodeBody(event));
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async #write(): Promise<void> {
    for (let body = this.#waiting.shift(); body !== undefined; body = this.#waiting.shift()) {
      try {
        await this.#store.append(SYSTEM, body);
        this.#tellLost();
      } catch {
        // What waits is as old: it is not worth a try each.
        this.#lost += 1 + this.#waiting.length;
        this.#waiting = [];
      }
    }
  }

  #tellLost(): void {
    if (this.#lost === 0 || this.#waiting.length > 0) return;
    this.#waiting.push(encodeBody(this.#events.leftOut({ count: this.#lost })));
    this.#lost = 0;
  }
}
