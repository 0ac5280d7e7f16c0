/**
 * PURE. What this node remembers of the claims that it was given: in which life of each part of the store something was
 * done under them. What was done in an earlier life may be lost, so nothing more is taken under such a claim.
 */
import type { AppendKey } from '../../store.js';

interface Claim {
  /** The last of the session's sends that is committed. */
  acked: number;
  /** When the claim runs out, by this node's clock. */
  until: number;
  /** By what of the store it was done: the life in which, and over which connection. */
  readonly lives: Map<string, { readonly run: string; readonly connection: number }>;
}

/** Milliseconds that a claim is remembered behind its end. */
const REMEMBERED = 300_000;

export class Claims {
  readonly #claims = new Map<string, Claim>();

  begun(claim: string, first: number, until: number, place: string, run: string, connection: number): void {
    const known = this.#claims.get(claim);
    const isSame = known !== undefined && known.acked === first - 1;
    const lives = isSame ? known.lives : new Map<string, { run: string; connection: number }>();
    lives.set(place, { run, connection });
    this.#claims.set(claim, { acked: first - 1, until, lives });
  }

  renewed(claim: string, until: number): void {
    const known = this.#claims.get(claim);
    if (known !== undefined) known.until = until;
  }

  committed(claim: string, acked: number): void {
    const known = this.#claims.get(claim);
    if (known === undefined) return;
    known.acked = acked;
    known.until = Infinity;
    known.lives.clear();
  }

  /** The last committed send of the session. Of a claim that was not given here everything counts as committed. */
  ackedOf({ claim }: AppendKey): number {
    return this.#claims.get(claim)?.acked ?? Number.MAX_SAFE_INTEGER;
  }

  /** Whether it ran out: another node may perform its sends by now. */
  isOver(claim: string, now: number): boolean {
    const known = this.#claims.get(claim);
    return known !== undefined && now > known.until;
  }

  /** The life in which something was done there before; empty, when nothing was. */
  runAt(claim: string, place: string): string {
    return this.#claims.get(claim)?.lives.get(place)?.run ?? '';
  }

  done(claim: string, place: string, run: string, connection: number): void {
    this.#claims.get(claim)?.lives.set(place, { run, connection });
  }

  /**
   * Whether everything that was done elsewhere was done over connections that still stand: behind another one there
   * may be another life, and only the place of the session is asked by the commit itself.
   */
  isWhole(claim: string, home: string, connectionOf: (place: string) => number): boolean {
    for (const [place, { connection }] of this.#claims.get(claim)?.lives ?? [])
      if (place !== home && connectionOf(place) !== connection) return false;
    return true;
  }

  sweep(now: number): void {
    for (const [claim, { until }] of this.#claims) {
      if (until === Infinity || now > until + REMEMBERED) this.#claims.delete(claim);
    }
  }
}
