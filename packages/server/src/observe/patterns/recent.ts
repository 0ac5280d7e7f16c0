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

interface Known<Item> {
  readonly items: Item[];
  /** When each of them was seen. */
  readonly at: number[];
}

const NONE: readonly never[] = [];

export class Recent<Item> {
  readonly #span: number;
  readonly #most: number;
  readonly #keys: number;
  /** In the order in which they were seen last. */
  readonly #known = new Map<string, Known<Item>>();

  constructor({ span, most = 100, keys = 500 }: Bounds) {
    this.#span = span;
    this.#most = most;
    this.#keys = keys;
  }

  /** Adds one, and gives all of its key that count, oldest first, until the next one is added. */
  add(key: string, item: Item, now: number): readonly Item[] {
    const known = this.#live(key, now) ?? { items: [], at: [] };
    this.#known.delete(key);
    this.#known.set(key, known);
    known.items.push(item);
    known.at.push(now);
    if (known.items.length > this.#most) drop(known, 1);
    for (const [oldest, { at }] of this.#known) {
      const isOver = (at[at.length - 1] ?? 0) <= now - this.#span;
      if (!isOver && this.#known.size <= this.#keys) break;
      this.#known.delete(oldest);
    }
    return known.items;
  }

  /** Those of a key that count, oldest first. */
  of(key: string, now: number): readonly Item[] {
    return this.#live(key, now)?.items ?? NONE;
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  #live(key: string, now: number): Known<Item> | undefined {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    let over = 0;
    while (over < known.at.length && (known.at[over] ?? 0) <= now - this.#span) over++;
    if (over > 0) drop(known, over);
    return known;
  }
}

function drop({ items, at }: Known<unknown>, count: number): void {
  items.splice(0, count);
  at.splice(0, count);
}
