/** What comes down one connection: frames in order, when the last byte passed, and how it ended. */
import type { ServerFrame } from '@iskra/protocol/wire';
import type { Failed } from './seen.js';
import { framesOf, refusalIn } from './wire.js';

export class Inbox {
  /** Told of each heartbeat, which has to be answered. */
  onPing: (t: number) => void = () => {};
  #longest = 0;
  #failed: Failed | undefined;
  #touchedAt = performance.now();
  #heardAt = this.#touchedAt;
  #endedAt: number | undefined;
  #frames: ServerFrame[] = [];
  #wake: (() => void) | undefined;

  /** A message came down. What is none is passed over: the next wait ends in silence. */
  receive(text: string): void {
    this.touch();
    this.#heardAt = this.#touchedAt;
    for (const frame of framesOf(text) ?? []) {
      if (frame[0] === 'ping') this.onPing(frame[1]);
      this.#frames.push(frame);
      this.#failed ??= refusalIn(frame);
    }
    this.#wake?.();
  }

  /** A byte passed, in whatever direction. */
  touch(): void {
    this.#longest = this.silence;
    this.#touchedAt = performance.now();
  }

  /** The longest time in which no byte passed, ms. */
  get silence(): number {
    return Math.max(this.#longest, (this.#endedAt ?? performance.now()) - this.#touchedAt);
  }

  /** When the last message came down. */
  get heardAt(): number {
    return this.#heardAt;
  }

  end(failed: Failed): void {
    this.#endedAt ??= performance.now();
    this.#failed ??= failed;
    this.#wake?.();
  }

  /** The first frame from which `read` makes something; frames before it are gone. Waits for at most `ms`. */
  async take<T>(read: (frame: ServerFrame) => T | undefined, ms: number): Promise<T | Failed> {
    const until = performance.now() + ms;
    for (;;) {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
        const found = read(frame);
        if (found !== undefined) return found;
      }
      if (this.#failed !== undefined) return this.#failed;
      const left = until - performance.now();
      if (left <= 0) return { end: 'silent' };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
  }
}

/** Tells what was awaited from what came instead. */
export const hasFailed = (value: unknown): value is Failed =>
  typeof value === 'object' && value !== null && 'end' in value;
