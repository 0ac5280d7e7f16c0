/**
 * Which sessions ended, for nodes that want to know. Sessions expire by themselves, each in its own slot; an index in
 * others says when to look. It knows a session before that is attached, and forgets it after it has ended: a node may
 * die in between. Whose look ends a session is decided in the session's slot, so one node is told.
 */
import type { EndedSession, Identity } from '../../store.js';
import type { Asking } from './asking.js';
import { PRESENCE_SHARDS } from './keys.js';
import * as list from './scripts/presence.js';
import * as sessions from './scripts/session.js';

/** Sessions of a shard that one sweep takes on at a time. */
const AT_ONCE = 100;

export class Endings {
  readonly #store: Asking;

  constructor(store: Asking) {
    this.#store = store;
  }

  /** The session is about to be attached. */
  async announce(session: string): Promise<void> {
    const { keys, age } = this.#store;
    await this.#store.run(list.index, [keys.endingOf(session)], [session, age]);
  }

  /** Sessions whose window passed, of those that no other node looks at now. */
  async sweep(): Promise<EndedSession[]> {
    const shards = Array.from({ length: PRESENCE_SHARDS }, (_, shard) => this.#sweepShard(shard));
    return (await Promise.all(shards)).flat();
  }

  async #sweepShard(shard: number): Promise<EndedSession[]> {
    const { keys, age } = this.#store;
    const index = keys.endings(shard);
    const ended: EndedSession[] = [];
    for (;;) {
      const answer = await this.#store.ask(list.takeOn, [index], [AT_ONCE]);
      const [due, taken] = answer as [string[], string];
      if (due.length === 0) return ended;
      const looks = await Promise.all(
        due.map(async (session) => {
          const look = (await this.#store.askSession(sessions.expire, session, [])) as string[];
          const [again = '', identity, generation] = look;
          if (identity !== undefined) ended.push(endedSession(session, identity, generation));
          return [session, again];
        }),
      );
      await this.#store.ask(list.handBack, [index], [taken, age, ...looks.flat()]);
      if (due.length < AT_ONCE) return ended;
    }
  }
}

export function endedSession(session: string, identity: string, generation = '0'): EndedSession {
  return { session, identity: JSON.parse(identity) as Identity, generation: Number(generation) };
}
