/**
 * Where everything that happens on a node is told: `tell` makes the event, writes its line, and hands it to whoever
 * listens. Costs next to nothing where nobody does.
 */
import { Dimension } from '@iskra/protocol/wire';
import type { Voices } from '@iskra/protocol/wire';
import type { Logger } from 'pino';
import { EVENTS } from './catalogue.js';
import type { EventName } from './catalogue.js';
import { createEvent } from './event.js';
import type { EventDetail, SystemEvent } from './event.js';
import type { Patterns } from './patterns.js';
import { className } from './failure.js';
import { createLog } from './log.js';
import type { Log } from './log.js';
import type { LeftOut } from './sampling.js';
import { Stream } from './stream.js';

/** What was thrown, whole, and the event that speaks of it. */
export type OnError = (error: unknown, event: SystemEvent) => void;

export interface EventsOptions {
  readonly node: string;
  readonly cluster: string;
  /** Where lines go; undefined for nowhere. */
  readonly logger?: Logger | undefined;
  readonly onError?: OnError | undefined;
  /** Whether of a flood only so many lines are written. Default true. */
  readonly sampling?: boolean | undefined;
  /** Finds what events are together; undefined where nobody looks for that. */
  readonly patterns?: Patterns | undefined;
  /** How it feels at a level, and below the node to a session; undefined where that is not known. */
  voices?(dimension: number, session?: string): Voices | undefined;
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since 1970. */
  wallClock(): number;
  /** Runs a task once, after the current turn of the event loop. */
  defer(task: () => void): void;
}

/** What a thrown thing is told as, when it is nothing. */
const NOTHING = new Error('undefined was thrown');

export class Events {
  readonly #options: EventsOptions;
  readonly #log: Log;
  /** For whoever wants to know. */
  readonly stream: Stream;
  /** How many of each there were, also of those that nobody wanted to know. */
  readonly counts: Readonly<Record<EventName, number>>;
  readonly #counts: Record<EventName, number>;

  constructor(options: EventsOptions) {
    this.#options = options;
    // One entry for each name, which is what the type says.
    this.#counts = Object.fromEntries(Object.keys(EVENTS).map((name) => [name, 0])) as typeof this.counts;
    this.counts = this.#counts;
    this.#log = createLog(options.logger, (out) => this.leftOut(out), options.sampling);
    this.stream = new Stream(options.defer, (error) => this.#listenerFailed(error));
  }

  tell(name: EventName, detail: EventDetail = {}): void {
    this.#counts[name]++;
    if (
      this.#log.writes(EVENTS[name].level) ||
      this.stream.isHeard ||
      this.#options.patterns?.sees(name) === true
    )
      this.#emit(this.#create(name, detail));
  }

  /** The same of something that was thrown: a line says where, and the application's `onError` is given it whole. */
  fail(name: EventName, thrown: unknown, detail: EventDetail = {}): void {
    this.#counts[name]++;
    const error = thrown ?? NOTHING;
    const event = this.#create(name, detail);
    event.payload.error = className(error);
    this.#emit(event, error);
    this.#handOver(thrown, event);
  }

  /** Says what was left out of the lines until now. */
  sweep(now: number): void {
    this.#log.sweep(now);
  }

  /** The event that says what was left out of a flood. */
  leftOut({ kind, count, senders, worst = '', window }: Partial<LeftOut<EventName>>): SystemEvent {
    this.#counts.left_out++;
    const isAddress = worst.includes('.') || worst.includes(':');
    return this.#create('left_out', {
      ...{ of: kind, count, senders, window: window && window / 1_000 },
      ...(isAddress && { address: worst.replace(/\/64$/, '') }),
    });
  }

  #create(name: EventName, detail: EventDetail): SystemEvent {
    const { node, cluster } = this.#options;
    const event = createEvent(name, detail, { node, cluster, at: this.#options.wallClock() });
    return this.#feel(event, event.dimension, detail.session);
  }

  #feel(event: SystemEvent, dimension: number, session?: string): SystemEvent {
    const felt = this.#options.voices?.(dimension, session);
    if (felt === undefined) return event;
    const { pain, chaos, trust } = felt;
    const voices = { voice_pain: pain, voice_chaos: chaos, voice_trust: trust };
    event.fractal_metadata = { ...voices, seam_id: this.#options.node };
    return event;
  }

  #emit(event: SystemEvent, error?: unknown): void {
    this.#write(event, error);
    this.stream.tell(event);
    const { patterns, now } = this.#options;
    // They are about many sessions: how that feels, the node knows.
    for (const found of patterns?.handle(event, now()) ?? []) {
      this.#counts[found.delta]++;
      this.#emit(this.#feel(found, Dimension.node));
    }
  }

  #write(event: SystemEvent, error?: unknown): void {
    if (this.#log.writes(EVENTS[event.delta].level)) this.#log.write(event, this.#options.now(), error);
  }

  #handOver(thrown: unknown, event: SystemEvent): void {
    try {
      this.#options.onError?.(thrown, event);
    } catch (error) {
      this.#listenerFailed(error);
    }
  }

  /** Only a line: told as an event it would come back to who failed. */
  #listenerFailed(error: unknown): void {
    this.#counts.handler_failed++;
    this.#write(this.#create('handler_failed', { hook: 'events' }), error ?? NOTHING);
  }
}
