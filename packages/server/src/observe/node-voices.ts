/**
 * The voices of one node: of each session that has a stream here, of the node, which is its connections and what it has with its store,
 * and of the cluster, as far as other nodes told theirs. Nothing is kept for a connection: who asks has them counted.
 */
import { createMeasure, Dimension, voicesOf } from '@iskra/protocol/wire';
import type { Clock, Measured, Voices } from '@iskra/protocol/wire';
import { Setbacks } from './setbacks.js';
import { count, emptyTally, feltBy, merge, tallyOf, tallyText, together } from './voices.js';
import type { Felt, Tally } from './voices.js';

/** What is asked of a connection. */
export interface Measuring {
  readonly session: string | undefined;
  /** Undefined before its first heartbeat was answered, and where there are none. */
  readonly measured: Measured | undefined;
}

/** Milliseconds that a count is good for: events, metrics and other nodes ask for it. */
const FRESH = 2_000;
/** Connections that are looked at for one count; of more, every second, every third … */
const MOST = 2_000;

export class NodeVoices {
  /** What befell sessions here. */
  readonly setbacks = new Setbacks();
  readonly #connections: ReadonlySet<Measuring>;
  readonly #clock: Pick<Clock, 'now'>;
  /** Of the questions whether the store is there: they are the heartbeats of a node. */
  readonly #store = createMeasure();
  #isAsking = false;
  #counted: { readonly at: number; readonly tally: Tally } | undefined;
  /** The next count begins so many connections later: others are looked at. */
  #turn = 0;
  #others: { readonly until: number; readonly tallies: readonly Tally[] } = { until: -Infinity, tallies: [] };

  constructor(connections: ReadonlySet<Measuring>, clock: Pick<Clock, 'now'>) {
    this.#connections = connections;
    this.#clock = clock;
  }

  /** Undefined where nothing was measured yet. Up to 2 s old; of other nodes as old as what they told last. */
  of(level: 'node' | 'cluster'): Felt | undefined {
    const own = this.#tally();
    if (level === 'node') return feltBy(own);
    const { until, tallies } = this.#others;
    return feltBy(this.#clock.now() < until ? merge([own, ...tallies]) : own);
  }

  /** At a level; below the node, of the session with these connections here. */
  at(dimension: number, connections: readonly Measuring[]): Felt | undefined {
    if (dimension < Dimension.node) return this.ofSession(connections);
    return this.of(dimension === Dimension.node ? 'node' : 'cluster');
  }

  /** Of a session, by its connections here. */
  ofSession(connections: readonly Measuring[]): Felt | undefined {
    // The newest comes last.
    const newest = [...connections].reverse().find(({ measured }) => measured !== undefined);
    if (newest?.measured === undefined) return undefined;
    const { session, measured } = newest;
    const roundTrip = Math.round(measured.roundTrip ?? 0);
    return { ...this.#felt(session, measured), roundTrip, connections: 1 };
  }

  storeAsked(): void {
    if (this.#isAsking) this.#store.count('missed', this.#clock.now());
    this.#isAsking = true;
  }

  /** @param took ms */
  storeAnswered(took: number): void {
    this.#isAsking = false;
    this.#store.took(took);
    this.#store.count('proved', this.#clock.now());
  }

  /** What other nodes are told. */
  get text(): string {
    return tallyText(this.#tally());
  }

  /** @param texts what the other nodes told; it is good for so many ms */
  heard(texts: Iterable<string>, lease: number): void {
    const tallies = [...texts].map(tallyOf).filter((tally) => tally !== undefined);
    this.#others = { until: this.#clock.now() + lease, tallies };
  }

  #tally(): Tally {
    const now = this.#clock.now();
    if (this.#counted === undefined || now - this.#counted.at >= FRESH) {
      this.#counted = { at: now, tally: this.#countAll(now) };
    }
    return this.#counted.tally;
  }

  #countAll(now: number): Tally {
    const tally = emptyTally();
    const own = voicesOf(this.#store.at(now));
    const step = Math.max(1, Math.ceil(this.#connections.size / MOST));
    let place = this.#turn++;
    for (const connection of this.#connections) {
      if (place++ % step !== 0) continue;
      const { session, measured } = connection;
      if (measured === undefined) continue;
      count(tally, together(this.#felt(session, measured), own), measured.roundTrip ?? 0, step);
    }
    return tally;
  }

  #felt(session: string | undefined, measured: Measured): Voices {
    const setbacks = session === undefined ? undefined : this.setbacks.of(session, this.#clock.now());
    return voicesOf(setbacks === undefined ? measured : { ...measured, ...setbacks });
  }
}
