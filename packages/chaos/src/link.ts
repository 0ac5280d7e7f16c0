/** What is open: a client's connection, and on it each request with its answer, or the WebSocket that it became. */
import type { Socket } from 'node:net';
import type { FaultName, Faults } from './faults.js';
import { Way } from './way.js';
import type { WaySettings } from './way.js';

/** A connection of a client. */
export class Caller {
  readonly links = new Set<Link>();
  /** Nothing passes any more, and neither side is told. */
  halved = false;
  since = performance.now();
  heardAt = this.since;
  #bytes = 0;

  constructor(readonly socket: Socket) {}

  /** When a byte last passed, as far as is known when this is asked often enough. */
  listen(now: number): number {
    const bytes = this.socket.bytesRead + this.socket.bytesWritten;
    if (bytes !== this.#bytes) this.heardAt = now;
    this.#bytes = bytes;
    return this.heardAt;
  }
}

/** What a link tells the box. */
export interface Observer {
  struck(link: Link, fault: FaultName): void;
  ended(link: Link): void;
}

/** A request with its answer, or a WebSocket. */
export class Link {
  readonly up: Way;
  readonly down: Way;
  readonly bytes = { up: 0, down: 0 };
  readonly began = performance.now();
  /** For the clocks of the faults, which start anew when the faults change. */
  askedAt = this.began;
  upgradedAt: number | undefined;
  halved = false;
  /** Chance has it reset before the target hears of it, or when the target answers. */
  resetAt: 'before' | 'after' | undefined;
  #over = false;
  #leave: () => void = () => {};
  readonly #observer: Observer;
  readonly #struck = new Set<FaultName>();

  constructor(
    readonly id: number,
    /** As in `GET /path`. */
    readonly request: string,
    readonly caller: Caller,
    /** Those that it met when it began. */
    readonly faults: Faults,
    settings: Omit<WaySettings, 'passed'>,
    observer: Observer,
  ) {
    this.#observer = observer;
    const way = (to: 'up' | 'down'): Way => {
      const made = new Way({ ...settings, passed: (bytes) => void (this.bytes[to] += bytes) });
      return made.on('error', () => this.cut());
    };
    this.up = way('up');
    this.down = way('down');
  }

  /** A fault did something to it: told once. */
  strike(fault: FaultName): void {
    if (this.#struck.has(fault)) return;
    this.#struck.add(fault);
    this.#observer.struck(this, fault);
  }

  freeze(frozen: boolean): void {
    for (const way of [this.up, this.down]) way.freeze(frozen || this.halved);
  }

  /** Nothing passes any more, nor the end of it. */
  halve(): void {
    this.halved = true;
    this.freeze(true);
  }

  /** How the side of the target is ended when this is over. */
  leavesBy(leave: () => void): void {
    this.#leave = leave;
    if (this.#over) leave();
  }

  /** Whether it ends here by chance. */
  isResetNow(moment: 'before' | 'after'): boolean {
    if (this.resetAt !== moment) return false;
    this.strike('resets');
    this.cut({ reset: true });
    return true;
  }

  /** The client is gone. What it said goes on its way first, unless it broke off in the middle of it. */
  clientGone({ brokeOff = false } = {}): void {
    // Over a way that is half open no turn comes, and so the target never learns of it.
    if (brokeOff && !this.halved) this.finish();
    else this.up.mark(() => this.finish());
  }

  /** The target is gone, with or without an answer: `then` is what the client is to see of that. */
  targetGone(then: () => void): void {
    if (this.halved) this.finish();
    else this.down.mark(then);
  }

  /** Both sides see it end. */
  cut({ reset = false } = {}): void {
    this.finish();
    const { socket } = this.caller;
    if (reset) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** It is over; the connection of the client may go on. */
  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#leave();
    this.up.destroy();
    this.down.destroy();
    this.caller.links.delete(this);
    this.#observer.ended(this);
  }
}
