/** One connection over which hints come, from one Redis. It connects again by itself, and says so. */
import type { Redis } from 'ioredis';
import { ToldError } from '../../observe/failure.js';

export interface FeedListener {
  /** A message of a sharded channel. */
  came(channel: string, text: string): void;
  /** Nothing comes from now on. */
  broke(): void;
  /** It is there again, subscribed to nothing. */
  returned(): void;
}

export class Feed {
  readonly #redis: Redis;
  readonly #timeout: number;
  /** Until it is there. */
  #ready: Promise<void>;
  #isReady = (): void => {};

  constructor(redis: Redis, timeout: number, listener: FeedListener) {
    this.#redis = redis;
    this.#timeout = timeout;
    let isFirst = true;
    this.#ready = new Promise((resolve) => (this.#isReady = resolve));
    redis.on('ready', () => {
      this.#isReady();
      if (!isFirst) listener.returned();
      isFirst = false;
    });
    redis.on('close', () => {
      this.#ready = new Promise((resolve) => (this.#isReady = resolve));
      listener.broke();
    });
    redis.on('smessage', (channel: string, text: string) => listener.came(channel, text));
  }

  /** Settles when its messages come, and rejects in bounded time. */
  async subscribe(channel: string): Promise<void> {
    await this.#within(this.#ready);
    await this.#within(this.#redis.ssubscribe(channel));
  }

  unsubscribe(channel: string): void {
    this.#redis.sunsubscribe(channel).catch(() => {});
  }

  /** A connection that is dead, and that nobody told so, is noticed by this. */
  ping(): void {
    if (this.#redis.status === 'ready') this.#redis.ping().catch(() => {});
  }

  end(): void {
    this.#redis.disconnect();
  }

  #within<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new ToldError(`Redis did not take a subscription within ${this.#timeout} ms.`)),
        this.#timeout,
      );
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
