/**
 * Who is in a channel. A member is a session, not a connection: it enters with
 * its subscription, survives every switch and reconnect, and leaves exactly once
 * (P45, P46). The store keeps the leases; joining and leaving are entries of the
 * channel's own log, so they are in order with everything else.
 */
import { Dimension, encodeBody } from '@iskra/protocol/wire';
import type { Member } from '@iskra/protocol/wire';
import type { Lease, Store } from './store.js';

export class Presence {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async enter(session: string, channel: string, member: Member): Promise<void> {
    const { joined } = await this.#store.enter(session, channel, member);
    if (joined) await this.#tell('member_joined', { channel, member });
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

  async #tell(delta: 'member_joined' | 'member_left', { channel, member }: Lease): Promise<void> {
    await this.#store.append(channel, encodeBody({ delta, dimension: Dimension.session, payload: member }));
  }
}
