/**
 * Shell. A node on its way out: readiness goes off, each client is told a moment of its own at which to be elsewhere,
 * what happens is logged, and what is left when the time is over is closed.
 *
 *   noticing ── the balancers had their time ──▶ leaving ── nobody is left, or the time is over ──▶ over
 */
import { CODES } from '@iskra/protocol/wire';
import type { Clock, CodeName } from '@iskra/protocol/wire';
import type { PlainClient } from './core.js';
import type { Events } from './observe/events.js';
import type { EventDetail } from './observe/event.js';
import type { MetricTransport } from './observe/metrics.js';
import { delaysOf, placeOf, spreadOf } from './spread.js';

export interface DrainOptions {
  /**
   * Milliseconds between readiness going off and the clients being told, in which newcomers are taken as ever: for
   * balancers, which look every few seconds. Default 0.
   */
  notice?: number | undefined;
  /**
   * Milliseconds over which clients are sent away, one after another. Default: 5,000, and for more than 1,000 clients as
   * long as it takes at 200 a second; never more than half of the time.
   */
  spread?: number | undefined;
  /** Milliseconds after which what is left is closed. Default 1,800,000. */
  timeout?: number | undefined;
}

/** What became of the clients. */
export interface Drained {
  /** That left by themselves. One that polls counts when it was told: its next poll finds another node. */
  readonly left: number;
  /** That were still here when the time was over, and were closed. */
  readonly closed: number;
  /** Milliseconds that it took. */
  readonly took: number;
}

/** What a drain asks of a connection. */
export interface Leaving {
  readonly transport: MetricTransport;
  /** Known once it has joined one. */
  readonly session: string | undefined;
  readonly isPoll: boolean;
  drain(after: number): void;
  /** A poll is answered. */
  replaced(): void;
  refuse(code: CodeName): void;
}

/** What it asks of its node. */
export interface DrainingNode {
  readonly clock: Clock;
  readonly events: Pick<Events, 'tell'>;
  readonly connections: ReadonlySet<Leaving>;
  readonly plainClients: ReadonlySet<PlainClient>;
  readonly working: number;
}

type DrainEvent = 'drain_began' | 'drain_progress' | 'client_left' | 'drain_forced' | 'drain_ended';

/** Milliseconds that clients have when nobody says otherwise. */
const TIMEOUT = 1_800_000;
/** Milliseconds between two lines about the progress. */
const PROGRESS = 5_000;
/** Milliseconds between two looks at whether anybody is left. */
const LOOK = 50;
/** Milliseconds that a poll is held at most: a balancer that saw the drain meanwhile gives the next one to another node. */
const HOLD = 2_000;
/** Milliseconds without any poll after which nobody polls here any more: between two of them a client cannot be seen. */
const QUIET = 2_000;

/** Connections of this node, those of plain clients included. */
export function activeConnections({ connections, plainClients }: DrainingNode): number {
  return connections.size + plainClients.size;
}

/** Whether a client is still here, or something that one asked for is not done yet. */
export function isBusy(node: DrainingNode): boolean {
  return activeConnections(node) > 0 || node.working > 0;
}

export class Drain {
  /** Resolves when nobody is left. */
  readonly done: Promise<Drained>;
  readonly #node: DrainingNode;
  readonly #options: DrainOptions;
  readonly #began: number;
  readonly #timeout: number;
  #resolve: (drained: Drained) => void = () => {};
  #phase: 'noticing' | 'leaving' | 'over' = 'noticing';
  #cancel = (): void => {};
  #reportAt: number;
  /** Until when clients are sent away. */
  #spreadEnd = 0;
  #latecomers = 0;
  /** Sessions whose poll was answered since, and when the last of them was. */
  readonly #polled = new Set<string>();
  #polledAt = -Infinity;
  #left = 0;

  constructor(node: DrainingNode, options: DrainOptions = {}) {
    const { notice = 0, timeout = TIMEOUT } = options;
    this.#node = node;
    this.#options = options;
    this.#began = node.clock.now();
    this.#timeout = timeout;
    this.#reportAt = this.#began + PROGRESS;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.#say('drain_began', { timeout: seconds(timeout) });
    if (notice > 0) this.#cancel = node.clock.at(this.#began + Math.min(notice, timeout), () => this.#tell());
    else this.#tell();
  }

  /** Clients were told, and newcomers are refused. */
  get isTold(): boolean {
    return this.#phase !== 'noticing';
  }

  /** A connection has come into its session after all others were told. */
  joined(connection: Leaving): void {
    // Sends move with the stream that they belong to.
    if (this.#phase !== 'leaving' || connection.transport === 'send') return;
    const { clock } = this.#node;
    const now = clock.now();
    if (connection.isPoll) return void clock.at(now + HOLD, () => connection.replaced());
    const rest = Math.max(0, this.#spreadEnd - now);
    connection.drain(Math.round(placeOf(this.#latecomers++) * rest));
  }

  /** A connection is gone. */
  parted({ transport, session, isPoll }: Leaving): void {
    if (this.#phase === 'over' || session === undefined || transport === 'send') return;
    if (isPoll) {
      if (this.#phase === 'noticing') return;
      this.#polledAt = this.#node.clock.now();
      if (this.#polled.has(session)) return;
      this.#polled.add(session);
    }
    this.#hasLeft(transport, session);
  }

  plainParted(): void {
    if (this.#phase !== 'over') this.#hasLeft('plain');
  }

  /** Closes what is left, now. */
  end(): void {
    if (this.#phase === 'over') return;
    const { connections, plainClients } = this.#node;
    const closed = activeConnections(this.#node);
    if (closed > 0) this.#say('drain_forced', { closed });
    this.#finish(closed);
    for (const connection of connections) connection.refuse('drain');
    for (const client of plainClients) client.close(CODES.drain.code, 'drain');
  }

  #tell(): void {
    this.#phase = 'leaving';
    const now = this.#node.clock.now();
    // Who is not in a session yet is refused by its hello, or told when it has joined.
    const here = [...this.#node.connections].filter(
      ({ session, transport }) => session !== undefined && transport !== 'send',
    );
    const held = here.filter(({ isPoll }) => isPoll);
    const streams = here.filter(({ isPoll }) => !isPoll);
    const spread = this.#options.spread ?? spreadOf(streams.length, this.#timeout - (now - this.#began));
    this.#spreadEnd = now + spread;
    const delays = delaysOf(streams.length, spread);
    streams.forEach((connection, place) => connection.drain(delays[place] ?? 0));
    for (const poll of held) poll.drain(0);
    this.#look();
  }

  #look(): void {
    const { clock } = this.#node;
    const now = clock.now();
    if (!isBusy(this.#node) && now >= this.#polledAt + QUIET) return this.#finish(0);
    if (now >= this.#began + this.#timeout) return this.end();
    if (now >= this.#reportAt) {
      this.#reportAt += PROGRESS;
      const elapsed = now - this.#began;
      this.#say('drain_progress', { elapsed: seconds(elapsed), left: seconds(this.#timeout - elapsed) });
    }
    this.#cancel = clock.at(now + LOOK, () => this.#look());
  }

  #hasLeft(transport: MetricTransport, session?: string): void {
    this.#left++;
    this.#say('client_left', { transport, session });
  }

  #finish(closed: number): void {
    this.#phase = 'over';
    this.#cancel();
    const took = this.#node.clock.now() - this.#began;
    this.#say('drain_ended', { closed, elapsed: seconds(took) });
    this.#resolve({ left: this.#left, closed, took });
  }

  #say(event: DrainEvent, detail: EventDetail): void {
    this.#node.events.tell(event, { ...detail, active_connections: activeConnections(this.#node) });
  }
}

/** Seconds, to a tenth: what is over in a moment is not over in 0. */
const seconds = (ms: number): number => Math.round(ms / 100) / 10;
