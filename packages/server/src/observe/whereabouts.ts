/**
 * PURE. What a node remembers of sessions around the beginning and the end of their connections: which of them are to be
 * proven, and where sessions were last. Of a session at rest nothing is kept.
 */
import type { MetricTransport } from './metrics.js';
import { Recent } from './recent.js';

/** Where a session was before. */
export interface Before {
  readonly transport: MetricTransport;
  /** Of that connection. One before this one's: the session was nowhere else meanwhile. */
  readonly generation: number;
  /** Milliseconds without a connection here; 0 when that one is still there. */
  readonly away: number;
}

/** A connection of which nothing has shown yet that it works both ways. */
export interface Unproven {
  readonly transport: string;
  /** Where its session was when it came, if that was here. */
  readonly before: Before | undefined;
  /** It came beside others that are not proven either, or first: its session was nowhere before. */
  readonly isFirst: boolean;
}

/** Of each kind so many are remembered. */
const MOST = 10_000;

export class Whereabouts {
  readonly #unproven: Recent<Unproven>;
  readonly #gone: Recent<Omit<Before, 'away'>>;

  /** @param window milliseconds that a session lives on after its last contact */
  constructor(window: number) {
    this.#unproven = new Recent(MOST, window);
    this.#gone = new Recent(MOST, window);
  }

  /** Whether any connection is to be proven. */
  get awaits(): boolean {
    return this.#unproven.size > 0;
  }

  isUnproven(session: string, generation: number): boolean {
    return this.#unproven.has(keyOf(session, generation));
  }

  /** A connection was welcomed. */
  welcomed(session: string, generation: number, unproven: Unproven, now: number): void {
    this.#unproven.keep(keyOf(session, generation), unproven, now);
  }

  /** Something is known of a connection that was to be proven: that it works, or that it has ended. */
  settled(session: string, generation: number): Unproven | undefined {
    return this.#unproven.take(keyOf(session, generation))?.value;
  }

  /** The last connection of a session here has ended. */
  left(session: string, was: Omit<Before, 'away'>, now: number): void {
    this.#gone.keep(session, was, now);
  }

  /** A session has a connection here again. Where it was last, if that was here. */
  returned(session: string, now: number): Before | undefined {
    const gone = this.#gone.take(session);
    // A millisecond at least: away it was.
    return gone && { ...gone.value, away: Math.max(1, Math.round(now - gone.at)) };
  }

  /** Forgets what nobody will ask for any more. */
  sweep(now: number): void {
    this.#unproven.sweep(now);
    this.#gone.sweep(now);
  }
}

const keyOf = (session: string, generation: number): string => `${session} ${generation}`;

/** From the best down. */
const LADDER: readonly string[] = ['websocket', 'sse', 'long-poll', 'polling'];

/** What a change of transports is; undefined when there is none. */
export function switchOf(
  from: string,
  to: string,
): 'transport_upgraded' | 'transport_downgraded' | undefined {
  if (from === to) return undefined;
  return LADDER.indexOf(to) < LADDER.indexOf(from) ? 'transport_upgraded' : 'transport_downgraded';
}
