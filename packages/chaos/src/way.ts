/**
 * One direction between a client and the target: what is written comes out in order, at the pace of the box, and what
 * is marked is done in its turn. It never holds more than it may: who writes then waits.
 */
import { Duplex } from 'node:stream';
import { carry, START } from './pace.js';
import type { Faults } from './faults.js';

/** So much may be on its way, so that latency does not become a limit of speed. */
const IN_FLIGHT = 1_048_576;
/** A slow wire is heard this often, ms. */
const TICK = 50;

type Item = { readonly dueAt: number } & ({ readonly piece: Buffer } | { readonly act: () => void });

export interface WaySettings {
  /** Asked for each piece, so that a way changes under what is open. */
  faults: () => Faults;
  random: () => number;
  /** Told what passed. */
  passed: (bytes: number) => void;
}

export class Way extends Duplex {
  readonly #settings: WaySettings;
  readonly #items: Item[] = [];
  #pace = START;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #frozen = false;
  #moving = false;
  /** The reader has room. */
  #wanted = false;
  /** Who writes is told that there is room again, or that the end is through. */
  #room: (() => void) | undefined;
  #end: (() => void) | undefined;

  constructor(settings: WaySettings) {
    super({ allowHalfOpen: true });
    this.#settings = settings;
  }

  /** Does this when all that was written before has come out, and not before it is due itself. */
  mark(act: () => void): void {
    if (this.destroyed) {
      // All is through. If it was given up instead, no turn comes any more.
      if (this.readableEnded) act();
      return;
    }
    this.#put(0, (dueAt) => ({ dueAt, act }));
    this.#move();
  }

  /** Nothing comes out, nothing is lost; false: it goes on. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen;
    this.#move();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { bandwidth = Infinity } = this.#settings.faults();
    const most = Math.max(1, Math.ceil((bandwidth * TICK) / 1_000));
    for (let at = 0; at < chunk.length; at += most) {
      const piece = chunk.subarray(at, at + most);
      this.#put(piece.length, (dueAt) => ({ dueAt, piece }));
    }
    this.#room = done;
    this.#move();
  }

  override _final(done: () => void): void {
    this.#end = done;
    this.#move();
  }

  override _read(): void {
    this.#wanted = true;
    this.#move();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#items.length = 0;
    done(error);
  }

  #put(bytes: number, item: (dueAt: number) => Item): void {
    const { faults, random } = this.#settings;
    this.#pace = carry(this.#pace, bytes, performance.now(), faults(), random());
    this.#bytes += bytes;
    this.#items.push(item(this.#pace.dueAt));
  }

  #move(): void {
    // What it does may lead back here, and is seen by the loop that is under way.
    if (this.#moving || this.destroyed) return;
    this.#moving = true;
    clearTimeout(this.#timer);
    while (!this.#frozen && !this.destroyed) {
      const [next] = this.#items;
      if (!next || ('piece' in next && !this.#wanted)) break;
      const wait = next.dueAt - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#move(), Math.ceil(wait));
        break;
      }
      this.#items.shift();
      if ('act' in next) next.act();
      else this.#give(next.piece);
    }
    this.#moving = false;
    this.#tellWriter();
  }

  #give(piece: Buffer): void {
    this.#bytes -= piece.length;
    this.#settings.passed(piece.length);
    // Before `push`, which may ask for more at once.
    this.#wanted = false;
    if (this.push(piece)) this.#wanted = true;
  }

  #tellWriter(): void {
    const room = this.#room;
    if (room && this.#bytes < IN_FLIGHT) {
      this.#room = undefined;
      room();
    }
    const end = this.#end;
    if (end && this.#items.length === 0) {
      this.#end = undefined;
      this.push(null);
      end();
    }
  }
}
