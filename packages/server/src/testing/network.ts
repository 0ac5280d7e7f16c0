/**
 * The way between the clients of a test and its server. It carries what is said
 * in order, each connection by itself, and does to it what the test says: cut,
 * block, delay.
 */
import type { Clock } from '@iskra/protocol/wire';
import type { Chance } from './chance.js';

/** What can be blocked: the transports of a client. */
export type TestTransport = 'websocket' | 'sse' | 'long-poll' | 'polling';
/** What a line is used for; `send` carries up what a client without a WebSocket says. */
export type Carried = TestTransport | 'send';

/** A network as a test moves it. What it says holds at once, for what is open as well. */
export interface TestNetwork {
  /**
   * Breaks every connection, and lets none come until `restore`. Both ends hear of it at once. `silent`: nobody does, as
   * in a tunnel: nothing is refused and nothing arrives, and what waits goes on when it is over.
   */
  cut(options?: { silent?: boolean }): void;
  /** Breaks the connections of these transports and refuses new ones until `restore`. Without a name: of all. */
  block(...transports: TestTransport[]): void;
  /** Ends `cut` and `block`. A `delay` stays. */
  restore(): void;
  /** What is said from now on takes so many ms each way, and up to `jitter` ms more, in order. Default 0. */
  delay(ms: number, jitter?: number): void;
}

const ALL: readonly TestTransport[] = ['websocket', 'sse', 'long-poll', 'polling'];

export class Network implements TestNetwork {
  readonly clock: Clock;
  readonly #chance: Chance;
  readonly #lines = new Set<Line>();
  #blocked: readonly Carried[] = [];
  #state: 'up' | 'down' | 'silent' = 'up';
  #delay = 0;
  #jitter = 0;

  constructor(clock: Clock, chance: Chance) {
    this.clock = clock;
    this.#chance = chance;
  }

  cut({ silent = false }: { silent?: boolean } = {}): void {
    this.#state = silent ? 'silent' : 'down';
    if (!silent) this.#break();
  }

  block(...transports: TestTransport[]): void {
    const blocked = transports.length > 0 ? transports : ALL;
    this.#blocked = [...this.#blocked, ...blocked];
    this.#break(blocked);
  }

  restore(): void {
    this.#state = 'up';
    this.#blocked = [];
    for (const line of this.#lines) line.flow();
  }

  delay(ms: number, jitter = 0): void {
    if (!(ms >= 0 && jitter >= 0 && ms + jitter < Infinity)) {
      throw new RangeError(
        `A way cannot take ${ms} ms and up to ${jitter} more: give whole times, 0 or more.`,
      );
    }
    this.#delay = ms;
    this.#jitter = jitter;
  }

  /** A new connection. Where it is refused it breaks as soon as its first word would have come back. */
  open(carries: Carried): Line {
    const line = new Line(this, carries);
    this.#lines.add(line);
    if (this.#state === 'down' || this.#blocked.includes(carries)) {
      line.refuse();
      const { clock } = this;
      soon(clock, clock.now() + 2 * this.#delay, () => line.break());
    }
    return line;
  }

  forget(line: Line): void {
    this.#lines.delete(line);
  }

  get isSilent(): boolean {
    return this.#state === 'silent';
  }

  /** When what is said now arrives. */
  arrival(): number {
    return this.clock.now() + this.#delay + this.#jitter * this.#chance.next();
  }

  #break(carried?: readonly Carried[]): void {
    for (const line of [...this.#lines]) if (carried?.includes(line.carries) ?? true) line.break();
  }
}

/** One connection, both ways: a WebSocket, or a request and its answer. */
export class Line {
  readonly carries: Carried;
  readonly up: Lane;
  readonly down: Lane;
  /** The client hears that it broke. */
  onClientBreak = (): void => {};
  /** The server does, once it knows of it. */
  onServerBreak = (): void => {};
  readonly #network: Network;
  #isOver = false;
  #isRefused = false;

  constructor(network: Network, carries: Carried) {
    this.carries = carries;
    this.#network = network;
    this.up = new Lane(this, network);
    this.down = new Lane(this, network);
  }

  /** Whether something may still arrive. */
  get isOpen(): boolean {
    return !this.#isOver && !this.#isRefused;
  }

  refuse(): void {
    this.#isRefused = true;
  }

  /** Both ends hear of it; what is under way is lost. */
  break(): void {
    if (this.#isOver) return;
    this.end();
    this.onServerBreak();
    this.onClientBreak();
  }

  /** Everything was said. */
  end(): void {
    this.#isOver = true;
    this.#network.forget(this);
  }

  flow(): void {
    this.up.flow();
    this.down.flow();
  }
}

/** One direction of a line: what was said later arrives later, since it waits behind. */
export class Lane {
  readonly #line: Line;
  readonly #network: Network;
  readonly #waiting: { readonly at: number; readonly arrive: () => void }[] = [];

  constructor(line: Line, network: Network) {
    this.#line = line;
    this.#network = network;
  }

  push(arrive: () => void): void {
    const at = this.#network.arrival();
    this.#waiting.push({ at, arrive });
    this.#look(at);
  }

  /** What waited for the network goes on. */
  flow(): void {
    for (const { at } of this.#waiting) this.#look(at);
  }

  #look(at: number): void {
    soon(this.#network.clock, at, () => this.#arrive());
  }

  #arrive(): void {
    for (;;) {
      const [next] = this.#waiting;
      const isDue = next !== undefined && next.at <= this.#network.clock.now();
      if (!isDue || !this.#line.isOpen || this.#network.isSilent) return;
      this.#waiting.shift();
      next.arrive();
    }
  }
}

/** At this moment, or when what runs now is through: never within the call, as with a real network. */
function soon(clock: Clock, moment: number, act: () => void): void {
  if (moment > clock.now()) clock.at(moment, act);
  else void Promise.resolve().then(act);
}
