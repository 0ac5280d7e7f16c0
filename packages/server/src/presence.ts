/**
 * Who is in a channel. A member is a session, not a connection: it enters with
 * its subscription, survives every switch and reconnect, and leaves exactly once
 * (P45, P46). The store keeps the leases; joining and leaving are entries of the
 * channel's own log, so they are in order with everything else.
 */
import { Dimension, encodeBody } from '@iskra/protocol/wire';
import type { Clock, Member } from '@iskra/protocol/wire';
import type { Log } from './observe/log.js';
import type { Lease, Store } from './store.js';

/** Milliseconds in which a session whose peer went away may be attached again before its members leave (P47). */
const RETURN = 2_000;

export class Presence {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Pick<Log, 'storeFailed'>;

  constructor(store: Store, clock: Clock, log: Pick<Log, 'storeFailed'>) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** False when the session is in `most` other lists already. */
  async enter(session: string, channel: string, member: Member, most: number): Promise<boolean> {
    const { kind } = await this.#store.enter(session, channel, member, most);
    if (kind === 'joined') await this.#tell('member_joined', { channel, member });
    return kind !== 'full';
  }

  async leave(session: string, channel: string): Promise<void> {
    const { left, member } = await this.#store.leave(session, channel);
    if (left && member !== undefined) await this.#tell('member_left', { channel, member });
  }

  /** Leases that a resumed session had lost and holds again. */
  async rejoined(leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) await this.#tell('member_joined', lease);
  }

  /** Leases that ended, with their session or with its silence. */
  async ended(leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) await this.#tell('member_left', lease);
  }

  /**
   * The peer of this generation said that it goes away, as a browser does for a page (P47). Nothing has to be
   * taken back when it returns: the store lets nothing lapse that a later generation holds.
   */
  wentAway(session: string, generation: number): void {
    this.#clock.at(this.#clock.now() + RETURN, () => {
      this.#store
        .lapse(session, generation)
        .then((leases) => this.ended(leases))
        // The leases then run out by themselves.
        .catch((error: unknown) => this.#log.storeFailed(error, { session, hook: 'presence' }));
    });
  }

  async #tell(delta: 'member_joined' | 'member_left', { channel, member }: Lease): Promise<void> {
    await this.#store.append(channel, encodeBody({ delta, dimension: Dimension.session, payload: member }));
  }
}
