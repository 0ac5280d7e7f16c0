/** Answers to GETs, kept against orders; few and small ones, so that a box that runs for days stays small. */
import type { Readable } from 'node:stream';
import type { Headers } from './headers.js';

const MOST_ANSWERS = 200;
const MOST_BYTES = 1_048_576;

export interface Head {
  readonly status: number;
  readonly message: string;
  readonly headers: Headers;
}

export interface KeptAnswer extends Head {
  readonly body: Buffer;
  /** ms */
  readonly keptAt: number;
}

export class Cache {
  readonly #answers = new Map<string, KeptAnswer>();

  get(key: string, notBefore: number): KeptAnswer | undefined {
    const kept = this.#answers.get(key);
    return kept && kept.keptAt >= notBefore ? kept : undefined;
  }

  /** Looks on while the answer goes by, and keeps it when it came to its end and is not too long. */
  record(key: string, head: Head, answer: Readable): void {
    let pieces: Buffer[] | undefined = [];
    let bytes = 0;
    answer.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > MOST_BYTES) pieces = undefined;
      pieces?.push(piece);
    });
    answer.once('end', () => {
      if (!pieces) return;
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined && this.#answers.size >= MOST_ANSWERS) this.#answers.delete(oldest);
      this.#answers.delete(key);
      this.#answers.set(key, { ...head, body: Buffer.concat(pieces), keptAt: performance.now() });
    });
  }

  clear(): void {
    this.#answers.clear();
  }
}
