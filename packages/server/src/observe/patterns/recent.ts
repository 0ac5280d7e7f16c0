/**
 * PURE. What was seen of late, by key: a network, a session, everywhere. Bounded in time, in items of a key, and in keys, so that
 * nobody who makes much noise in one place can push out what was seen in another.
 */

export interface Bounds {
  /** Milliseconds that an item counts. */
  readonly span: number;
  /** Items of one key; the oldest go first. */
  readonly most?: number;
  /** Keys; the one that was seen longest ago goes first. */
  readonly keys?: number;
}

interface Dated<Item> {
  readonly at: number;
  readonly item: Item;
}

export class Recent<Item> {
  readonly #span: number;
  readonly #most: number;
  readonly #keys: number;
  /** In the order in which they were seen last. */
  readonly #seen = new Map<string, Dated<Item>[]>();

  constructor({ span, most = 100, keys = 500 }: Bounds) {
    this.#span = span;
    this.#most = most;
    this.#keys = keys;
  }

  /** Adds one, and gives all of its key that count, oldest first. */
  add(key: string, item: Item, now: number): readonly Item[] {
    const dated = this.#live(key, now);
    dated.push({ at: now, item });
    if (dated.length > this.#most) dated.shift();
    this.#seen.delete(key);
    this.#seen.set(key, dated);
    for (const [oldest, items] of this.#seen) {
      const isOver = (items[items.length - 1]?.at ?? 0) <= now - this.#span;
      if (!isOver && this.#seen.size <= this.#keys) break;
      this.#seen.delete(oldest);
    }
    return dated.map((one) => one.item);
  }

  /** Those of a key that count, oldest first. */
  of(key: string, now: number): readonly Item[] {
    return this.#live(key, now).map(({ item }) => item);
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }

  #live(key: string, now: number): Dated<Item>[] {
    const dated = this.#seen.get(key) ?? [];
    const from = dated.findIndex(({ at }) => at > now - this.#span);
    return from < 0 ? [] : dated.slice(from);
  }
}
