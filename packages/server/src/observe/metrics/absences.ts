/**
 * PURE. Sessions whose last stream on this node has ended, and when: so that it is known how long they were away when
 * they are back. Those that are not, as when they go on elsewhere, are forgotten.
 */

/** Sessions that are remembered at most. */
const MOST = 10_000;

interface Absence {
  readonly generation: number;
  readonly since: number;
}

export class Absences {
  /** In the order in which they left. */
  readonly #absences = new Map<string, Absence>();
  readonly #window: number;

  /** @param window milliseconds after which a session that did not come back is over. */
  constructor(window: number) {
    this.#window = window;
  }

  get size(): number {
    return this.#absences.size;
  }

  /** The connection of this generation was the last one. */
  left(session: string, generation: number, now: number): void {
    this.#absences.delete(session);
    this.#absences.set(session, { generation, since: now });
    for (const [one, { since }] of this.#absences) {
      if (this.#absences.size <= MOST && now - since <= this.#window) return;
      this.#absences.delete(one);
    }
  }

  /**
   * Milliseconds that it was away. Undefined when it was not, as far as this node knows, or when it has been elsewhere
   * meanwhile: then its generation is not the next one.
   */
  back(session: string, generation: number, now: number): number | undefined {
    const absence = this.#absences.get(session);
    this.#absences.delete(session);
    return absence?.generation === generation - 1 ? now - absence.since : undefined;
  }
}
