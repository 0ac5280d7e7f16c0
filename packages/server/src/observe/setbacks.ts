/**
 * PURE. What befell sessions on this node: connections that the network ended, and changes of transport. Only of those whom
 * anything befell of late, and of so many at most; a connection keeps nothing of it.
 */
import { HALF_LIFE } from '@iskra/protocol/wire';
import type { Measured } from '@iskra/protocol/wire';

export type Setback = 'failed' | 'switched';

/** Sessions; the one that nothing befell for the longest time goes first. */
const MOST = 5_000;
/** Less than this is as good as nothing. */
const NOTHING = 0.02;

interface Known extends Record<Setback, number> {
  /** Until then they have faded, ms. */
  readonly at: number;
}

export class Setbacks {
  /** In the order in which something befell them. */
  readonly #known = new Map<string, Known>();

  count(session: string, setback: Setback, now: number): void {
    const known = this.#faded(session, now);
    known[setback]++;
    this.#known.delete(session);
    this.#known.set(session, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
  }

  of(session: string, now: number): Pick<Measured, Setback> | undefined {
    if (!this.#known.has(session)) return undefined;
    const { failed, switched } = this.#faded(session, now);
    return { failed, switched };
  }

  /** Forgets what has faded. */
  sweep(now: number): void {
    for (const session of this.#known.keys()) {
      const { failed, switched } = this.#faded(session, now);
      if (failed + switched < NOTHING) this.#known.delete(session);
    }
  }

  #faded(session: string, now: number): Known {
    const { failed = 0, switched = 0, at = now } = this.#known.get(session) ?? {};
    const left = (half: number): number => 0.5 ** ((now - at) / half);
    return {
      failed: failed * left(HALF_LIFE.failed),
      switched: switched * left(HALF_LIFE.switched),
      at: now,
    };
  }
}
