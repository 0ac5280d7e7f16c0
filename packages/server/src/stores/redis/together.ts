/**
 * Shell. What is appended to a channel in one turn of the event loop is one question to Redis: one script for all of it, and
 * one hint, from which the readers of a busy channel get a run of entries instead of one after the other.
 */
import type { Position } from '@iskra/protocol/wire';
import type { Entry } from '../../store.js';

/** Bodies of one question, and characters from which on it takes no more: a script keeps all others waiting. */
const MOST = 64;
const LENGTH = 256 * 1024;

/** Answers with the position of the last one. */
type Append = (channel: string, bodies: readonly string[]) => Promise<Position>;

class Batch {
  readonly bodies: string[] = [];
  length = 0;
  readonly last: Promise<Position>;
  resolve!: (last: Promise<Position>) => void;

  constructor() {
    this.last = new Promise((resolve) => (this.resolve = resolve));
  }

  get isFull(): boolean {
    return this.bodies.length >= MOST || this.length >= LENGTH;
  }
}

export class Together {
  readonly #append: Append;
  /** By channel, what may still grow in this turn. */
  readonly #batches = new Map<string, Batch>();

  constructor(append: Append) {
    this.#append = append;
  }

  async append(channel: string, body: string): Promise<Entry> {
    if (this.#batches.get(channel)?.isFull === true) this.ask(channel);
    const batch = this.#batches.get(channel) ?? this.#begin(channel);
    batch.length += body.length;
    const count = batch.bodies.push(body);
    const [epoch, offset] = await batch.last;
    return { epoch, offset: offset - batch.bodies.length + count, body };
  }

  /** Now: what comes next goes behind it. */
  ask(channel: string): void {
    const batch = this.#batches.get(channel);
    this.#batches.delete(channel);
    batch?.resolve(this.#append(channel, batch.bodies));
  }

  #begin(channel: string): Batch {
    const batch = new Batch();
    this.#batches.set(channel, batch);
    process.nextTick(() => {
      if (this.#batches.get(channel) === batch) this.ask(channel);
    });
    return batch;
  }
}
