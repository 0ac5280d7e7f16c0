/** Token buckets: how often something may happen. Pure of time: `now` comes in. */

export interface Rate {
  /** How many a second are taken on average. */
  perSecond: number;
  /** How many may come at once after a quiet time. */
  burst: number;
}

/** What may happen now, and what comes back with time. */
export class Bucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: number;

  /** @param tokens fewer than a burst, where something was spent elsewhere. */
  constructor(rate: Rate, now: number, tokens = rate.burst) {
    this.#rate = rate;
    this.#tokens = Math.min(rate.burst, tokens);
    this.#at = now;
  }

  /** Tokens that are there. */
  left(now: number): number {
    const earned = ((now - this.#at) * this.#rate.perSecond) / 1000;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + earned);
    this.#at = now;
    return this.#tokens;
  }

  /** Takes several, also more than there are: what was allowed has been done. */
  spend(count: number): void {
    this.#tokens -= count;
  }

  /** Takes a token; 0 when there was one, otherwise the milliseconds until there is. */
  take(now: number): number {
    const wait = this.wait(now);
    if (wait === 0) this.#tokens--;
    return wait;
  }

  /** Milliseconds until there is a token; 0 when there is one. */
  wait(now: number): number {
    const left = this.left(now);
    return left >= 1 ? 0 : ((1 - left) * 1000) / this.#rate.perSecond;
  }

  /** A full one says nothing and may be forgotten. */
  isFull(now: number): boolean {
    return this.left(now) >= this.#rate.burst;
  }
}

/** Buckets kept at most. Those that are full are forgotten first, then the oldest. */
const MAX_BUCKETS = 50_000;

/** Buckets by key: an address, a session. */
export class Rates {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Takes a token; 0 when there was one, otherwise the milliseconds until there is. */
  take(key: string, now: number): number {
    return this.#bucket(key, now).take(now);
  }

  /** Tokens that are there. */
  left(key: string, now: number): number {
    return this.#buckets.get(key)?.left(now) ?? this.#rate.burst;
  }

  /** Takes several, also more than there are: what was allowed has been done. */
  spend(key: string, count: number, now: number): void {
    const bucket = this.#bucket(key, now);
    bucket.left(now);
    bucket.spend(count);
  }

  /** Forgets the buckets that are full again. */
  sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
  }

  #bucket(key: string, now: number): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_BUCKETS) this.#makeRoom(now);
      this.#buckets.set(key, (bucket = new Bucket(this.#rate, now)));
    }
    return bucket;
  }

  #makeRoom(now: number): void {
    this.sweep(now);
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < MAX_BUCKETS) return;
      this.#buckets.delete(key);
    }
  }
}
