/** Token buckets by key (an address): how often something may happen. Pure of time: `now` comes in. */
import type { Rate } from './uplink.js';

interface Bucket {
  tokens: number;
  at: number;
}

/** Buckets kept at most. A full bucket says nothing and may be forgotten; the oldest go first. */
const MAX_BUCKETS = 50_000;

export class Rates {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Takes a token; 0 when there was one, otherwise the milliseconds until there is. */
  take(key: string, now: number): number {
    const bucket = this.#bucket(key, now);
    if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1000) / this.#rate.perSecond;
    bucket.tokens--;
    return 0;
  }

  /** Tokens that are there. */
  left(key: string, now: number): number {
    return this.#buckets.has(key) ? this.#bucket(key, now).tokens : this.#rate.burst;
  }

  /** Takes several, also more than there are: what was allowed has been done. */
  spend(key: string, count: number, now: number): void {
    this.#bucket(key, now).tokens -= count;
  }

  #bucket(key: string, now: number): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_BUCKETS) this.#makeRoom(now);
      bucket = { tokens: this.#rate.burst, at: now };
      this.#buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(
      this.#rate.burst,
      bucket.tokens + ((now - bucket.at) * this.#rate.perSecond) / 1000,
    );
    bucket.at = now;
    return bucket;
  }

  /** Forgets the buckets that are full again: they say nothing. */
  sweep(now: number): void {
    for (const [key, { tokens, at }] of this.#buckets) {
      if (tokens + ((now - at) * this.#rate.perSecond) / 1000 >= this.#rate.burst) this.#buckets.delete(key);
    }
  }

  #makeRoom(now: number): void {
    this.sweep(now);
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < MAX_BUCKETS) return;
      this.#buckets.delete(key);
    }
  }
}
