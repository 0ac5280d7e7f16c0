/**
 * The store that the nodes share: the real memory store, behind a network. Its
 * answers take time, its verbs fail before or after they were done, its hints
 * are lost, late and out of order; it restarts empty, and it fails over to a
 * replica that had not seen the last verbs. Then every log goes on under another
 * epoch, as its contract asks for.
 */
import type {
  AppendKey,
  Begun,
  Committed,
  Entry,
  Head,
  LogRead,
  SessionState,
  Store,
} from '@iskra/server/parts';
import { memoryStore } from '@iskra/server/parts';
import type { MemoryStoreOptions } from '@iskra/server/parts';
import { Holds } from './hold.js';
import type { Hand, Held } from './hold.js';
import { createRandom } from './random.js';
import type { Random } from './random.js';
import type { Actor, World } from './world.js';

/** What the store does to those who ask it, now. */
export interface StoreFaults {
  /** There and back, ms: at least and at most. */
  latency: readonly [number, number];
  /** Probability that a verb fails before it was done. */
  failsBefore: number;
  /** … after it was done. */
  failsAfter: number;
  /** Probability that a hint is lost. */
  lostHints: number;
  /** Most ms by which a hint is late: more than the space between two reorders them. */
  lateHints: number;
}

export const HEALTHY: StoreFaults = {
  latency: [0, 2],
  failsBefore: 0,
  failsAfter: 0,
  lostHints: 0,
  lateHints: 3,
};

/** What the oracle is told: an entry that was appended to a channel, or that the store lost. */
export interface Witness {
  appended(log: string, entry: Entry): void;
  /** The store began anew: with nothing, or without its last verbs; of an entry that was there, whether it still is. */
  rewound(
    kind: 'empty' | 'fail-over',
    survives: (log: string, position: readonly [string, number]) => boolean,
  ): void;
}

/** Verbs that change nothing; all others are in the replication stream. */
const LOOKS: ReadonlySet<string> = new Set([
  'read',
  'heads',
  'members',
  'membersPage',
  'taken',
  'ping',
  'stateOf',
  'sessionsOf',
]);

/** Where verbs name the claim under which they are done. */
const CLAIM_AT: Partial<Record<keyof Store, number>> = { renew: 1, commit: 3 };

/** Verbs that ask for one log, and at which place of their arguments. */
const MEETS: Partial<Record<keyof Store, number>> = { read: 0, append: 0, taken: 0, enter: 1, leave: 1 };

function metBy(verb: keyof Store, args: readonly unknown[]): string[] {
  if (verb === 'heads') return args[0] as string[];
  const at = MEETS[verb];
  return at === undefined ? [] : [args[at] as string];
}

interface Change {
  readonly verb: keyof Store;
  readonly args: readonly unknown[];
  readonly at: number;
  /** Names that it gave: done again, it gives the same. */
  readonly ids: string[];
}

type Hear = (log: string, entry: Entry) => void;

export class SimStore {
  faults: StoreFaults = HEALTHY;
  /** Nodes that do not reach it: their verbs fail, and hints do not come to them. */
  readonly unreachable = new Set<Actor>();
  readonly #world: World;
  readonly #random: Random;
  readonly #options: MemoryStoreOptions;
  readonly #witness: Witness;
  /** Verbs reach it at once, and hints too: as with a store in the same process. */
  readonly #isLocal: boolean;
  #inner: Store;
  #changes: Change[] = [];
  /** What is done now; again, when a replica catches up. */
  #change: Change | undefined;
  #isAgain = false;
  /** The name of the inner store's own run: a replica has that of its primary. */
  #run = '';
  #failOvers = 0;
  /** After how many of them a claim was given, and who has that of a session. */
  readonly #claims = new Map<string, number>();
  readonly #holders = new Map<string, string>();
  /** The last send of each session that was begun, and what that was at the last fail-over. */
  readonly #begun = new Map<string, number>();
  #doubtful: ReadonlyMap<string, number> = new Map();
  /** Epochs that were given, in all lives. */
  #given = 0;
  /** Ms by which its clock is ahead of true time. */
  #ahead = 0;
  readonly #holds: Holds;
  readonly #listeners = new Map<Actor, { watched: Set<string>; hear: Hear }>();
  /** Logs that were ever asked for, and those that the inner store has begun. */
  readonly #logs = new Set<string>();
  readonly #met = new Set<string>();
  /** For each log and epoch of the inner store, the offsets after which it went on under another name. */
  readonly #bases = new Map<string, number[]>();

  constructor(world: World, seed: number, isLocal: boolean, options: MemoryStoreOptions, witness: Witness) {
    this.#world = world;
    this.#holds = new Holds(world);
    this.#random = createRandom(seed, 'store');
    this.#isLocal = isLocal;
    this.#options = options;
    this.#witness = witness;
    this.#inner = this.#begin();
    this.#listen();
  }

  /** The store as one node sees it. */
  view(node: Actor): Store {
    const listener = { watched: new Set<string>(), hear: (() => {}) as Hear };
    this.#listeners.set(node, listener);
    const own: Partial<Store> = {
      watch: (log: string) => {
        if (this.#isLocal) {
          listener.watched.add(log);
          return undefined;
        }
        // Hints come from the moment at which the store knows of it.
        return this.#travel(node, 'watch', () => void listener.watched.add(log));
      },
      unwatch: (log: string) => void listener.watched.delete(log),
      onHint: (hear: Hear) => {
        listener.hear = hear;
        return () => void (listener.hear = () => {});
      },
      end: () => Promise.resolve(),
    };
    return new Proxy(own as Store, {
      get: (known, verb: keyof Store) => known[verb] ?? ((...args: unknown[]) => this.#ask(node, verb, args)),
    });
  }

  /** Holds back a verb, its answer, or hints, until the hand is opened. */
  hold(held: Held): Hand {
    return this.#holds.hold(held);
  }

  /** Its clock jumps by so many ms. */
  jump(by: number): void {
    this.#ahead += by;
  }

  /** The node is gone, and its connection with it. */
  forget(node: Actor): void {
    this.#listeners.delete(node);
  }

  /** Asks at once, for the oracle: no node, no network. */
  ask<Verb extends 'heads' | 'members' | 'append' | 'post'>(
    verb: Verb,
    ...args: Parameters<Store[Verb]>
  ): ReturnType<Store[Verb]> {
    return this.#perform(verb, args) as ReturnType<Store[Verb]>;
  }

  /** How many changes it has taken: all since an earlier count are what a fail-over may lose. */
  get changes(): number {
    return this.#changes.length;
  }

  /** Everything is gone, and other epochs begin. */
  restartEmpty(): void {
    this.#changes = [];
    this.#logs.clear();
    this.#met.clear();
    this.#bases.clear();
    this.#inner = this.#begin();
    this.#listen();
    this.#witness.rewound('empty', () => false);
  }

  /** A replica takes over that has not seen the last changes. */
  async failOver(lost: number): Promise<void> {
    const kept = this.#changes.slice(0, Math.max(0, this.#changes.length - lost));
    this.#changes = kept;
    this.#isAgain = true;
    this.#failOvers++;
    this.#doubtful = new Map(this.#begun);
    this.#inner = this.#begin();
    this.#met.clear();
    for (const change of kept) {
      for (const log of metBy(change.verb, change.args)) this.#met.add(log);
      this.#change = { ...change, ids: [...change.ids] };
      await this.#call(change.verb, change.args);
    }
    this.#change = undefined;
    this.#isAgain = false;
    // Epochs that the primary gave since are not given again.
    const names = [...this.#logs];
    this.#given += names.length;
    const given = this.#given;
    await this.#perform('heads', [Array.from({ length: given }, (_, index) => `burnt-${given}-${index}`)]);
    await this.#perform('heads', [names]);
    const heads = await this.#inner.heads(names);
    const epochs = new Map(names.map((log, index) => [log, heads[index]?.epoch]));
    names.forEach((log, index) => {
      const head = heads[index];
      if (head === undefined) return;
      const bases = this.#basesOf(log, head.epoch);
      // Rewound further than an earlier time: the log parts there now.
      for (let era = 0; era < bases.length; era++) bases[era] = Math.min(bases[era]!, head.offset);
      bases.push(head.offset);
    });
    this.#listen();
    this.#witness.rewound('fail-over', (log, [epoch, offset]) => {
      const [innerEpoch, era] = parseName(epoch);
      const base = Math.min(...this.#basesOf(log, innerEpoch).slice(era), Infinity);
      return innerEpoch === epochs.get(log) && offset <= base;
    });
  }

  #begin(): Store {
    const fresh = (): string => Buffer.from(this.#random.bytes(16)).toString('base64url');
    // Without a z, so that what follows three of them is ours.
    if (!this.#isAgain) this.#run = Buffer.from(this.#random.bytes(16)).toString('hex');
    let isNamed = false;
    return memoryStore({
      ...this.#options,
      now: () => this.#change?.at ?? this.#world.now + this.#ahead,
      randomId: () => {
        // The first name that it asks for is that of its run.
        if (!isNamed) {
          isNamed = true;
          return this.#run;
        }
        if (this.#isAgain) return this.#change?.ids.shift() ?? fresh();
        const id = fresh();
        this.#change?.ids.push(id);
        return id;
      },
    });
  }

  #listen(): void {
    this.#inner.onHint((log, entry) => {
      this.#logs.add(log);
      const named = this.#named(log, entry);
      this.#witness.appended(log, named);
      for (const [node, { watched, hear }] of this.#listeners) {
        if (this.#isLocal) {
          if (watched.has(log)) node.run(() => hear(log, named));
          continue;
        }
        const { lostHints, lateHints } = this.faults;
        if (this.unreachable.has(node) || this.#random.chance(lostHints)) continue;
        this.#world.after(this.#random.between(0, lateHints), () =>
          this.#holds.pass('hint', node, false, () => {
            if (watched.has(log)) node.run(() => hear(log, named));
          }),
        );
      }
    });
  }

  // ── the network ───────────────────────────────────────────────────────────

  async #ask(node: Actor, verb: keyof Store, args: readonly unknown[]): Promise<unknown> {
    const { failsBefore, failsAfter } = this.faults;
    if (this.#isLocal && failsBefore + failsAfter === 0 && this.faults === HEALTHY && this.#holds.none)
      return this.#perform(verb, args);
    return this.#travel(node, verb, () => {
      if (this.unreachable.has(node)) throw new Error('the store is out of reach');
      if (this.#random.chance(failsBefore)) throw new Error('the store does not answer');
      if (this.#isVoid(verb, args)) return this.#refuse(verb);
      const answer =
        verb === 'begin'
          ? this.#beginSends(...(args as Parameters<Store['begin']>))
          : this.#perform(verb, args);
      if (this.#random.chance(failsAfter)) throw new Error('the answer of the store was lost');
      return answer;
    });
  }

  /** It is done under a claim that was given before a fail-over, which may have lost what was appended under it. */
  #isVoid(verb: keyof Store, args: readonly unknown[]): boolean {
    const key = verb === 'append' ? (args[2] as AppendKey | undefined) : undefined;
    const at = CLAIM_AT[verb];
    const claim = key?.claim ?? (at === undefined ? undefined : (args[at] as string));
    const given = claim === undefined ? undefined : this.#claims.get(claim);
    return given !== undefined && given !== this.#failOvers;
  }

  /** No more of it is taken: all of it is begun again, by somebody who is told so. */
  #refuse(verb: keyof Store): unknown {
    if (verb === 'append') throw new Error('the store failed over since that send was begun');
    return verb === 'commit' ? ({ kind: 'stale' } satisfies Committed) : undefined;
  }

  /** Claims from before a fail-over stand in nobody's way. */
  async #beginSends(...args: Parameters<Store['begin']>): Promise<Begun> {
    const [session, number, claim] = args;
    const before = this.#holders.get(session);
    const isVoid = before !== undefined && this.#claims.get(before) !== this.#failOvers;
    if (isVoid) await this.#perform('release', [session, before]);
    // Whatever was begun before may have run, though nothing here knows of it.
    const mayHaveRun = isVoid || number <= (this.#doubtful.get(session) ?? 0);
    const begun = (await this.#perform('begin', args)) as Begun;
    if (begun.kind !== 'run') return begun;
    this.#holders.set(session, claim);
    this.#claims.set(claim, this.#failOvers);
    this.#begun.set(session, Math.max(number, this.#begun.get(session) ?? 0));
    return mayHaveRun ? { ...begun, redelivered: true } : begun;
  }

  /** There, and back again; to a node that died meanwhile, nothing comes back. */
  #travel<Value>(node: Actor, verb: keyof Store, act: () => Value | Promise<Value>): Promise<Value> {
    const half = (): number => this.#random.between(...this.faults.latency) / 2;
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        this.#world.after(half(), () => this.#holds.pass(verb, node, true, () => node.run(settle)));
      };
      // An async function, so that what is thrown at once is a rejection as well.
      const arrived = (): void =>
        void (async () => act())().then(
          (value) => done(() => resolve(value)),
          (error: unknown) => done(() => reject(error as Error)),
        );
      this.#world.after(half(), () => this.#holds.pass(verb, node, false, arrived));
    });
  }

  // ── the verbs, and what their epochs are called ───────────────────────────

  async #perform(verb: keyof Store, args: readonly unknown[]): Promise<unknown> {
    this.#meet(metBy(verb, args));
    if (verb === 'read') return this.#read(...(args as Parameters<Store['read']>));
    const answer = LOOKS.has(verb) ? this.#call(verb, args) : this.#record(verb, args);
    return this.#renamed(verb, args, await answer);
  }

  /** A log begins when it is first asked for: for a replica that is a change too. */
  #meet(logs: readonly string[]): void {
    const strangers = logs.filter((log) => !this.#met.has(log));
    if (strangers.length === 0) return;
    for (const log of strangers) {
      this.#met.add(log);
      this.#logs.add(log);
    }
    this.#given += strangers.length;
    void this.#record('heads', [strangers]);
  }

  #record(verb: keyof Store, args: readonly unknown[]): Promise<unknown> {
    this.#change = { verb, args, at: this.#world.now + this.#ahead, ids: [] };
    this.#changes.push(this.#change);
    const answer = this.#call(verb, args);
    this.#change = undefined;
    return answer;
  }

  /** Everything that a verb of the inner store does, it does before it returns. */
  #call(verb: keyof Store, args: readonly unknown[]): Promise<unknown> {
    return (this.#inner as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[
      verb
    ]!(...args);
  }

  #renamed(verb: keyof Store, args: readonly unknown[], answer: unknown): unknown {
    if (verb === 'heads') {
      return (answer as readonly Head[]).map((head, index) =>
        this.#head((args[0] as string[])[index]!, head),
      );
    }
    if (typeof answer !== 'object' || answer === null) return answer;
    if ('acked' in answer) {
      // Where whoever has read all of the inbox stands: in its newest epoch.
      const { inbox } = answer as unknown as { inbox: readonly [string, number] };
      const log = `@${args[0] as string}`;
      return { ...answer, inbox: [nameOf(inbox[0], this.#basesOf(log, inbox[0]).length), inbox[1]] };
    }
    if ('entry' in answer) {
      const log = verb === 'post' ? `@${args[0] as string}` : (args[0] as string);
      return { ...answer, entry: this.#named(log, answer.entry as Entry) };
    }
    if ('state' in answer) {
      const state = answer.state as SessionState;
      const log = `@${state.session}`;
      this.#logs.add(log);
      const [epoch, offset] = state.inbox;
      // Whoever reads an inbox from its beginning begins in its first epoch.
      return { ...answer, state: { ...state, inbox: [this.#name(log, epoch, 1), offset] } };
    }
    return answer;
  }

  async #read(log: string, epoch: string, offset: number, max: number): Promise<LogRead> {
    const [innerEpoch, era] = parseName(epoch);
    const bases = this.#basesOf(log, innerEpoch);
    const base = Math.min(...bases.slice(era), Infinity);
    if (offset > base) {
      // It saw entries that no longer exist: the log goes on from where the two histories part.
      return { kind: 'gap', reason: 'diverged', now: [this.#name(log, innerEpoch, base + 1), base] };
    }
    if (offset === base) return { kind: 'fork', base, next: nameOf(innerEpoch, era + 1) };
    const result = await this.#inner.read(log, innerEpoch, offset, Math.min(max, base - offset));
    switch (result.kind) {
      case 'entries':
        return {
          kind: 'entries',
          entries: result.entries.map((entry) => this.#named(log, entry)),
          head: this.#position(log, result.head),
        };
      case 'gap':
        return { ...result, now: this.#position(log, result.now) };
      default:
        return result;
    }
  }

  /** Of a log that went on under another name, only what is there under the newest is offered to begin with. */
  #head(log: string, { epoch, offset, first, session }: Head): Head {
    const bases = this.#basesOf(log, epoch);
    return {
      epoch: nameOf(epoch, bases.length),
      offset,
      first: Math.max(first, (bases.at(-1) ?? 0) + 1),
      ...(session && { session }),
    };
  }

  #named(log: string, entry: Entry): Entry {
    const epoch = this.#name(log, entry.epoch, entry.offset);
    return epoch === entry.epoch ? entry : { epoch, offset: entry.offset, body: entry.body };
  }

  /** A position: under the name of the entry that follows it. */
  #position(log: string, [epoch, offset]: readonly [string, number]): readonly [string, number] {
    return [this.#name(log, epoch, offset + 1), offset];
  }

  /** What the epoch is called in which this entry was appended. */
  #name(log: string, epoch: string, offset: number): string {
    const era = this.#basesOf(log, epoch).filter((base) => base < offset).length;
    return nameOf(epoch, era);
  }

  #basesOf(log: string, epoch: string): number[] {
    const key = `${log} ${epoch}`;
    let bases = this.#bases.get(key);
    if (bases === undefined) this.#bases.set(key, (bases = []));
    return bases;
  }
}

/** Epochs of the inner store have no `z` at their end but ours. */
const nameOf = (epoch: string, era: number): string => (era === 0 ? epoch : `${epoch}zzz${era}`);

function parseName(name: string): [epoch: string, era: number] {
  const found = /^(.*)zzz(\d+)$/.exec(name);
  return found ? [found[1]!, Number(found[2])] : [name, 0];
}
