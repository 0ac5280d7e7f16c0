/**
 * Shell. How the parts of the store ask: each script gets the time before its arguments, one of a session the window behind it, and
 * what a log keeps in the numbers that scripts take.
 */
import type { Retention, StoreTerms } from '../../store.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import type { Script } from './scripts/script.js';

type Arguments = readonly (string | number)[];

/** What the store was made with. */
export interface AskingOptions {
  readonly keys: Keys;
  readonly link: Link;
  /** Milliseconds that a session lives on after its last contact. */
  readonly window: number;
  readonly presenceWindow: number;
  readonly retention: Retention;
  readonly inbox: Retention;
  /** Milliseconds, for tests: instead of the clock of Redis, and of this node's. */
  readonly now?: (() => number) | undefined;
}

export class Asking {
  readonly keys: Keys;
  readonly link: Link;
  readonly window: number;
  readonly presenceWindow: number;
  /** What an inbox keeps: entries, bytes, age. */
  readonly inboxKeep: readonly number[];
  readonly #retention: Retention;
  readonly #keep: readonly number[];
  readonly #given: (() => number) | undefined;
  #terms: StoreTerms = {};

  constructor({ keys, link, window, presenceWindow, retention, inbox, now }: AskingOptions) {
    this.keys = keys;
    this.link = link;
    this.window = window;
    this.presenceWindow = presenceWindow;
    this.inboxKeep = numbersOf(inbox);
    this.#retention = retention;
    this.#keep = numbersOf(retention);
    this.#given = now;
  }

  agree(terms: StoreTerms): void {
    this.#terms = terms;
  }

  /** Whether somebody wants to know which sessions ended. */
  get tellsEnds(): boolean {
    return this.#terms.tellsEnds === true;
  }

  /** Milliseconds that an index is known without use. */
  get age(): number {
    return this.#retention.age;
  }

  /** What a channel keeps: entries, bytes, age. */
  keepOf(channel: string): readonly number[] {
    const own = this.#terms.retentionOf?.(channel);
    // Asked with every read and every append: most channels are kept as all others.
    return own === undefined ? this.#keep : numbersOf({ ...this.#retention, ...own });
  }

  /** This node's clock, by which its own claims run out. */
  get now(): number {
    return this.#given?.() ?? performance.now();
  }

  ask(script: Script, keys: readonly string[], args: Arguments): Promise<unknown> {
    return this.link.run(script, keys, [this.#given?.() ?? '', ...args]);
  }

  askSession(script: Script, session: string, args: Arguments): Promise<unknown> {
    const { meta, entries, leases, unsettled } = this.keys.session(session);
    return this.ask(script, [meta, entries, leases, unsettled], [this.window, ...args]);
  }

  askSubject(script: Script, subject: string, args: Arguments): Promise<unknown> {
    const { sessions, refused } = this.keys.subject(subject);
    return this.ask(script, [sessions, refused], args);
  }

  /** One that needs no time. */
  run(script: Script, keys: readonly string[], args: Arguments): Promise<unknown> {
    return this.link.run(script, keys, args);
  }
}

const numbersOf = ({ entries, bytes, age }: Retention): number[] => [entries, bytes, age];
