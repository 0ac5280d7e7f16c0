/**
 * Shell. Sends that a connection takes on: begun, performed and committed under one claim, so that none of them runs twice,
 * whichever connections of the session they come by.
 */
import type { Core } from './core.js';
import type { Source } from './observe/event.js';
import type { Peer } from './peer.js';
import { CLAIM_LEASE } from './rounds.js';
import { performSends } from './sends.js';
import type { SessionEffect, SessionEvent } from './session.js';

type Asked<Type extends SessionEffect['type']> = Extract<SessionEffect, { type: Type }>;

/** By which connection they came. */
interface Bringer extends Source {
  /** What its session is told from now on, nobody hears. */
  readonly isOver: boolean;
}

export class Work {
  readonly #core: Core;
  readonly #peer: Peer;
  readonly #from: Bringer;
  readonly #claim: string;

  constructor(core: Core, peer: Peer, from: Bringer) {
    this.#core = core;
    this.#peer = peer;
    this.#from = from;
    this.#claim = core.nextClaim();
  }

  async begin(session: string, { number }: Asked<'begin'>): Promise<SessionEvent> {
    const { store, clock } = this.#core;
    const asked = clock.now();
    const result = await store.begin(session, number, this.#claim, CLAIM_LEASE);
    // This process, or the answer, slept for longer than the claim lasts: another node may have performed it.
    if (clock.now() - asked >= CLAIM_LEASE) return { type: 'begun', result: { kind: 'busy' } };
    // Nothing was performed yet, and nobody here will: the next connection need not wait for the lease.
    if (this.#from.isOver && result.kind === 'run' && !result.redelivered) {
      await store.release(session, this.#claim);
    }
    return this.#peer.unlessGone(session, result.kind, { type: 'begun', result });
  }

  async perform(session: string, { batch, redelivered }: Asked<'perform'>): Promise<SessionEvent> {
    const { store, sends, clock, performing } = this.#core;
    sends.spend(session, batch.length, clock.now());
    const held = { session, claim: this.#claim };
    performing.add(held);
    const outcomes = await performSends(this.#core, this.#peer.info(session), batch, {
      id: this.#claim,
      redelivered,
      from: this.#from,
    }).finally(() => performing.delete(held));
    // The connection went away, or gave its answer (P68), but the work is done: it must not run again, and the next
    // one has its outcome.
    if (this.#from.isOver) {
      const first = batch[0]?.number ?? 0;
      const last = batch[batch.length - 1]?.number ?? 0;
      const known = outcomes.filter((outcome) => outcome !== undefined);
      await store.commit(session, first, last, this.#claim, known);
    }
    return { type: 'performed', outcomes };
  }

  /** The claim is given back with it. */
  async commit(session: string, { first, last, outcomes }: Asked<'commit'>): Promise<SessionEvent> {
    const result = await this.#core.store.commit(session, first, last, this.#claim, outcomes);
    return this.#peer.unlessGone(session, result.kind, { type: 'committed', result });
  }
}
