/**
 * PURE. What the heartbeats of one connection show: how long their answers take, and which had none. Three numbers a
 * connection, all small integers, as most connections do nothing else all day.
 */
import { HALF_LIFE } from '@iskra/protocol/wire';
import type { Measured } from '@iskra/protocol/wire';

/** Heartbeats that are remembered: one bit each. */
const KEPT = 30;
const FULL = 2 ** KEPT;

export class Heartbeats {
  /** Smoothed round trip in eighths of a millisecond; −1 before the first. */
  #roundTrip = -1;
  /** Smoothed deviation in quarters of a millisecond. */
  #jitter = 0;
  /** The last heartbeats, the newest as the lowest bit: 1 was answered. In front of them stands a 1 that is none. */
  #past = 1;

  /** One was sent; the one before it had its time. */
  sent(): void {
    const more = this.#past * 2;
    this.#past = more < 2 * FULL ? more : FULL + (more % FULL);
  }

  /** The newest was answered, after so many ms. A second answer to it says nothing. */
  answered(roundTrip: number): boolean {
    if (this.#past % 2 === 1) return false;
    this.#past++;
    // Van Jacobson's form of RFC 6298: kept multiplied by what it is divided by, no part of a sample gets lost.
    if (this.#roundTrip < 0) this.#roundTrip = Math.round(roundTrip * 8);
    const off = roundTrip - this.#roundTrip / 8;
    this.#jitter = Math.round(this.#jitter + Math.abs(off) - this.#jitter / 4);
    this.#roundTrip = Math.round(this.#roundTrip + off);
    return true;
  }

  /** @param heartbeat ms between two of them. Undefined before the first was answered: nothing is known yet. */
  measured(heartbeat: number): Measured | undefined {
    if (this.#roundTrip < 0) return undefined;
    const weights = weightsOf(heartbeat);
    let missed = 0;
    let proved = 0;
    for (let past = this.#past, age = 0; past > 1; past >>>= 1, age++) {
      if (past & 1) proved += weights.proved[age]!;
      // It was missed when the next one was sent. The newest may be on its way still.
      else if (age > 0) missed += weights.missed[age - 1]!;
    }
    const roundTrip = this.#roundTrip / 8;
    return { missed, proved, failed: 0, switched: 0, roundTrip, jitter: this.#jitter / 4 };
  }
}

/** What is left after each number of heartbeats. */
interface Weights {
  readonly heartbeat: number;
  readonly missed: Float64Array;
  readonly proved: Float64Array;
}

let newest: Weights | undefined;

/** Nearly all connections of a node have the same heartbeat, and are asked one after the other. */
function weightsOf(heartbeat: number): Weights {
  if (newest?.heartbeat === heartbeat) return newest;
  const fading = (halfLife: number): Float64Array =>
    Float64Array.from({ length: KEPT + 1 }, (_, age) => 0.5 ** ((age * heartbeat) / halfLife));
  return (newest = { heartbeat, missed: fading(HALF_LIFE.missed), proved: fading(HALF_LIFE.proved) });
}
