/**
 * How many channels a session has, as far as this node knows: those that its
 * connections here deliver, and what its sends have changed since. Of a client
 * that posts and does not read just then only the latter is known, so it is kept.
 */
import type { Follower } from './hub.js';

interface Changes {
  readonly taken: Set<string>;
  /** Unsubscribed from, though a connection delivers it until it has obeyed. */
  readonly left: Set<string>;
  at: number;
}

export class Channels {
  readonly #connectionsOf: (session: string) => readonly Pick<Follower, 'channels' | 'follows'>[];
  readonly #limit: number;
  readonly #window: number;
  readonly #changes = new Map<string, Changes>();

  /**
   * @param limit channels of one session
   * @param window milliseconds that a session lives on after its last contact
   */
  constructor(
    connectionsOf: (session: string) => readonly Pick<Follower, 'channels' | 'follows'>[],
    limit: number,
    window: number,
  ) {
    this.#connectionsOf = connectionsOf;
    this.#limit = limit;
    this.#window = window;
  }

  /** Whether the session may have this channel; then it has. */
  take(session: string, channel: string, now: number): boolean {
    const { taken, left } = this.#changesOf(session, now);
    if (taken.has(channel)) return true;
    let count = taken.size;
    for (const connection of this.#connectionsOf(session)) {
      const follows = (name: string): boolean => connection.follows(name) && !left.has(name);
      if (follows(channel)) return true;
      const gone = [...left].filter((name) => connection.follows(name)).length;
      const known = [...taken].filter(follows).length;
      count = Math.max(count, connection.channels - gone + taken.size - known);
    }
    if (count >= this.#limit) return false;
    taken.add(channel);
    return true;
  }

  drop(session: string, channel: string, now: number): void {
    const { taken, left } = this.#changesOf(session, now);
    taken.delete(channel);
    if (this.#connectionsOf(session).some((connection) => connection.follows(channel))) left.add(channel);
  }

  /** The last connection here is gone, as after each poll: these are the session's channels until the next one comes. */
  keep(session: string, channels: readonly string[], now: number): void {
    if (channels.length === 0 || this.#connectionsOf(session).length > 0) return;
    const { taken } = this.#changesOf(session, now);
    for (const channel of channels) taken.add(channel);
  }

  /** A connection came with its cursors, which are the subscriptions, all of them (P42). */
  forget(session: string): void {
    this.#changes.delete(session);
  }

  /** A connection obeyed an outcome: it knows of this change from now on. */
  obeyed(session: string, channel: string, change: 'taken' | 'left'): void {
    const changes = this.#changes.get(session);
    changes?.[change].delete(channel);
    if (changes?.taken.size === 0 && changes.left.size === 0) this.#changes.delete(session);
  }

  /** Forgets sessions that have ended meanwhile. */
  sweep(now: number): void {
    for (const [session, { at }] of this.#changes) if (now - at > this.#window) this.#changes.delete(session);
  }

  #changesOf(session: string, now: number): Changes {
    let changes = this.#changes.get(session);
    if (changes === undefined) {
      this.#changes.set(session, (changes = { taken: new Set(), left: new Set(), at: now }));
    }
    changes.at = now;
    return changes;
  }
}
