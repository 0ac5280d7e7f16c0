/**
 * PURE. What is remembered by name for a while: of so many at most, and no longer than so many ms. What was kept longest
 * ago goes first.
 */
export class Recent<Value> {
  readonly #most: number;
  readonly #age: number;
  /** In the order in which they were kept. */
  readonly #known = new Map<string, { readonly value: Value; readonly at: number }>();

  /** @param age milliseconds after which nobody asks for it any more */
  constructor(most: number, age: number) {
    this.#most = most;
    this.#age = age;
  }

  get size(): number {
    return this.#known.size;
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  keep(name: string, value: Value, now: number): void {
    this.#known.delete(name);
    this.#known.set(name, { value, at: now });
    if (this.#known.size <= this.#most) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /** It, and since when it was kept; it is forgotten by that. */
  take(name: string): { readonly value: Value; readonly at: number } | undefined {
    const known = this.#known.get(name);
    this.#known.delete(name);
    return known;
  }

  sweep(now: number): void {
    for (const [name, { at }] of this.#known) {
      if (now - at <= this.#age) return;
      this.#known.delete(name);
    }
  }
}
