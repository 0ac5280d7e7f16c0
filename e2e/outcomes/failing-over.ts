/**
 * A store whose sessions have a replica, which can fall behind and then take over: what sessions did
 * meanwhile is forgotten, as after a fail-over with a lost tail. Channels are kept elsewhere and lose nothing.
 */
import { memoryStore } from '@iskra/server';
import type { Begun, Head, Store } from '@iskra/server';

export interface FailingOver {
  readonly store: Store;
  /** The numbers that were skipped. */
  readonly skips: readonly number[];
  /** How often another number was expected than the one that came. */
  readonly expected: number;
  /** The replica misses what happens from now on. */
  fallBehind(): void;
  /** The replica takes over. */
  failOver(): void;
}

export function failingOver(): FailingOver {
  const ids: string[] = [];
  const sessions = (): Store => {
    let made = 0;
    // The same ids for both.
    return memoryStore({ randomId: () => (ids[made++] ??= crypto.randomUUID()) });
  };
  const [primary, replica, channels] = [sessions(), sessions(), memoryStore()];
  const skips: number[] = [];
  let current = primary;
  let isInStep = true;
  let expected = 0;

  /** A verb of the sessions: the replica repeats it while it is in step. */
  const both =
    (verb: keyof Store) =>
    (...given: unknown[]): unknown => {
      const call = (store: Store): unknown => (store[verb] as (...given: unknown[]) => unknown)(...given);
      if (isInStep) void call(replica);
      return call(current);
    };
  const keeperOf = (log: string): Store => (log.startsWith('@') ? current : channels);
  const own: Partial<Store> = {
    append: channels.append.bind(channels) as Store['append'],
    taken: channels.taken.bind(channels),
    read: (log, ...rest) => keeperOf(log).read(log, ...rest),
    heads: (logs) => Promise.all(logs.map(async (log) => (await keeperOf(log).heads([log]))[0] as Head)),
    async begin(...given) {
      const begun = (await both('begin')(...given)) as Begun;
      if (begun.kind === 'expect') expected++;
      return begun;
    },
    skip(session, from, number) {
      skips.push(number);
      return current.skip(session, from, number);
    },
    onHint: (listener) => {
      const ends = [primary, replica, channels].map((store) => store.onHint(listener));
      return () => ends.forEach((end) => end());
    },
  };
  return {
    store: new Proxy(primary, { get: (_, verb: keyof Store) => own[verb] ?? both(verb) }),
    skips,
    get expected() {
      return expected;
    },
    fallBehind: () => void (isInStep = false),
    failOver: () => void (current = replica),
  };
}
