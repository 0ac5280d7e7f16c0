/**
 * The logs of all channels, under one limit of bytes: beyond it whole logs go, the one used longest ago first. It knows
 * no clock and no session; the store asks.
 */
import type { KeptLogs, Retention, StoreTerms } from '../store.js';
import { MemoryLog } from './memory-log.js';

/** What a log costs beside its bodies: without it, logs that were only asked for would never count. */
const LOG_BYTES = 256;

export class MemoryLogs {
  readonly #run: string;
  readonly #retention: Retention;
  readonly #maxBytes: number;
  readonly #logs = new Map<string, MemoryLog>();
  #terms: StoreTerms = {};
  #epochs = 0;
  /** Characters of all logs when they were counted last, and those appended since. */
  #weight = 0;

  /** @param run what the epochs of this process begin with */
  constructor(run: string, retention: Retention, maxBytes: number) {
    this.#run = run;
    this.#retention = retention;
    this.#maxBytes = maxBytes;
  }

  agree(terms: StoreTerms): void {
    this.#terms = terms;
  }

  of(channel: string, now: number): MemoryLog {
    let log = this.#logs.get(channel);
    if (log === undefined) {
      log = new MemoryLog(this.#run + (++this.#epochs).toString(36), this.#retentionOf(channel));
      this.#logs.set(channel, log);
    }
    // Asking is use as well: a silent log whose readers stand at its head is not dropped under them.
    log.used = now;
    return log;
  }

  /** Something was appended. Whether that is too much: a flood fills many logs between two sweeps. */
  grew(characters: number): boolean {
    this.#weight += characters;
    return this.#weight > this.#maxBytes * 1.125;
  }

  /**
   * Drops what is old, then, over the byte limit, whole logs.
   *
   * @param window ms that a session lives on
   */
  forget(now: number, window: number, isGone: (session: string) => boolean): void {
    let bytes = 0;
    for (const [name, log] of this.#logs) {
      log.trimOlderThan(now);
      log.forgetSessions(now - 2 * window, isGone);
      // A position outlives its entries: whoever comes back within a session's window stands where it stood.
      const positions = Math.max(log.retention.age, 2 * window);
      if (log.isEmpty && now - log.used > positions) this.#logs.delete(name);
      else bytes += log.bytes + LOG_BYTES;
    }
    if (bytes > this.#maxBytes) {
      const byUse = [...this.#logs].sort(([, a], [, b]) => a.used - b.used);
      for (const [name, log] of byUse) {
        if (bytes <= this.#maxBytes) break;
        bytes -= log.bytes + LOG_BYTES;
        this.#logs.delete(name);
      }
    }
    this.#weight = bytes;
  }

  get kept(): KeptLogs {
    let entries = 0;
    let bytes = 0;
    for (const log of this.#logs.values()) {
      entries += log.count;
      bytes += log.bytes;
    }
    return { entries, bytes };
  }

  #retentionOf(channel: string): Retention {
    const own = this.#terms.retentionOf?.(channel);
    return own === undefined ? this.#retention : { ...this.#retention, ...own };
  }
}
