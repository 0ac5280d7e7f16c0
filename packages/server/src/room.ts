/**
 * PURE. What the one answer of a poll may still have, where the client asks for a small one (P69). What does not fit
 * waits for the next poll, and there is always one: an entry that is larger alone is the only one of its answer.
 */
import { byteLength, encodeEntry } from '@iskra/protocol/wire';
import { said } from './except.js';
import { wireName } from './message.js';
import type { Message } from './message.js';
import type { Entry } from './store.js';

export interface RoomAsked {
  /** Bytes of the whole. */
  readonly answer?: number | undefined;
  /** Bytes of an entry. A larger one does not pass, and is told as a gap. */
  readonly entry?: number | undefined;
}

/** The brackets of a message; each frame has a comma. */
const BRACKETS = 1;

export class Room {
  #left: number;
  readonly #entry: number;
  /** Nothing was written yet that moves a cursor. */
  #isFirst: boolean;

  /** @param opens `welcome` is in the answer as well: then nothing has to be, and all that is must fit. */
  constructor({ answer = Infinity, entry = Infinity }: RoomAsked, opens: boolean) {
    this.#left = answer - BRACKETS;
    this.#entry = entry;
    this.#isFirst = !opens;
  }

  /** Something is written that has to be. */
  spend({ frames }: Message): void {
    this.#left -= byteLength(frames) + 1;
  }

  /** How many of these entries are written, from the first on; `tooBig`: a gap in the place of the first. */
  take(log: string, entries: readonly Entry[]): number | 'tooBig' {
    const name = wireName(log);
    let count = 0;
    for (const { epoch, offset, body } of entries) {
      const bytes = byteLength(encodeEntry(name, epoch, offset, said(body)));
      const isFirst = this.#isFirst;
      if (bytes > this.#entry) {
        // One in an answer, as the only thing that is known of those behind it is that they may be smaller.
        if (isFirst) return 'tooBig';
        break;
      }
      if (bytes + 1 > this.#left && !isFirst) break;
      this.#left -= bytes + 1;
      this.#isFirst = false;
      count++;
    }
    return count;
  }

  /** A cursor is moved by something else. */
  moved(message: Message): void {
    this.spend(message);
    this.#isFirst = false;
  }
}
