/** A store whose answers are timed. What it promises is that of the store behind it: an answer is given on as it is. */
import type { Clock } from '@iskra/protocol/wire';
import type { Store } from '../../store.js';
import type { Distribution } from './distribution.js';

/** What is timed: every question that takes an answer. */
export const VERBS = [
  ...(['openSession', 'attach', 'touch', 'stateOf', 'identify', 'lapse', 'close'] as const),
  ...(['revoke', 'refuse', 'sessionsOf'] as const),
  ...(['append', 'taken', 'post', 'read', 'heads', 'watch'] as const),
  ...(['begin', 'commit', 'renew', 'release', 'skip', 'trimInbox'] as const),
  ...(['enter', 'leave', 'members', 'membersPage', 'sweep', 'ping', 'report'] as const),
] as const satisfies readonly (keyof Store)[];

export type Verb = (typeof VERBS)[number];

export interface StoreNumbers {
  /** Seconds until an answer came, or none. */
  readonly seconds: Readonly<Record<Verb, Distribution>>;
  /** Questions without an answer. */
  readonly failures: Record<Verb, number>;
}

export function timedStore(store: Store, clock: Clock, { seconds, failures }: StoreNumbers): Store {
  const timed = (verb: Verb): unknown => {
    // Whatever a verb asks and answers goes through unchanged.
    const ask = store[verb] as (...question: unknown[]) => Promise<unknown> | undefined;
    return (...question: unknown[]): Promise<unknown> | undefined => {
      const asked = clock.now();
      const answer = ask.apply(store, question);
      // Beside the answer and not in its way: whoever asked has it at the same moment as ever.
      answer?.then(
        () => seconds[verb].observe((clock.now() - asked) / 1000),
        () => {
          failures[verb]++;
          seconds[verb].observe((clock.now() - asked) / 1000);
        },
      );
      return answer;
    };
  };
  const others: Omit<Store, Verb> = {
    agree: (terms) => store.agree(terms),
    unwatch: (log) => store.unwatch(log),
    onHint: (...listeners) => store.onHint(...listeners),
    end: () => store.end(),
    kept: store.kept?.bind(store),
  };
  // Each verb has the type of that behind it.
  return { ...others, ...Object.fromEntries(VERBS.map((verb) => [verb, timed(verb)])) } as Store;
}
