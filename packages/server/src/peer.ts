/**
 * Shell. Who is at the other end of a connection: the request that it came with, until it is in its session, and from then on whose
 * that is. It comes in by `hello` or `continue`, brings fresh credentials, and is looked at again where the store says that it changed.
 */
import type { Continue, Hello } from '@iskra/protocol/wire';
import type { Core, SessionInfo, Variables } from './core.js';
import type { Place } from './guard.js';
import type { Follower } from './hub.js';
import { enterByContinue, enterByHello, lifeOf, look, refreshIdentity } from './opening.js';
import type { Caller, Entrance } from './opening.js';
import type { Mode, SessionEvent } from './session.js';
import type { Identity } from './store.js';

/** How a connection came. */
export interface ConnectionFacts {
  readonly mode: Mode;
  readonly address: string;
  /** The request that opened the connection, for `authenticate`: may be made when it is asked for. */
  readonly request: Request;
  /** What middleware before it has set: may be read when it is asked for. */
  readonly variables?: Variables | undefined;
  readonly place: Place;
  /** The header of that request. */
  readonly traceparent?: string | undefined;
  /** What the client calls it, in its own log too; known from `hello` on. */
  attempt?: string | undefined;
  /** When it came, ms; known until it is welcomed. */
  since?: number | undefined;
}

const ANYBODY: Identity = {};

export class Peer {
  readonly #core: Core;
  readonly #mode: Mode;
  readonly address: string;
  /** Kept until the session is open: an idle connection holds no request. */
  #facts: ConnectionFacts | undefined;
  #identity: Identity = ANYBODY;

  constructor(core: Core, facts: ConnectionFacts) {
    this.#core = core;
    this.#mode = facts.mode;
    this.address = facts.address;
    this.#facts = facts;
    facts.since = core.clock.now();
  }

  /** What its client calls this connection, until it is in. */
  get attempt(): string | undefined {
    return this.#facts?.attempt;
  }

  /** When it came, ms, until it is in. */
  get since(): number | undefined {
    return this.#facts?.since;
  }

  /** The session as the application sees it. */
  info(session: string): SessionInfo {
    // What the application found may have an `id` of its own, as a row of a table has.
    return { ...this.#identity, id: session };
  }

  byHello(hello: Hello): Promise<Entrance> {
    if (this.#facts !== undefined) this.#facts.attempt = hello.attempt;
    return enterByHello(this.#core, hello, this.#caller);
  }

  byContinue(request: Continue): Promise<Entrance> {
    return enterByContinue(this.#core, request, this.#mode);
  }

  /** It is let in. */
  entered(entrance: Exclude<Entrance, { type: 'refused' }>): void {
    // A batch of sends is short, and may carry fresh credentials: cookies are in its own request.
    if (this.#mode !== 'send') this.forget();
    if (entrance.type === 'joined') this.#identity = entrance.state.identity;
  }

  /** Its request is needed no more. */
  forget(): void {
    this.#facts = undefined;
  }

  /** Fresh credentials of it came. */
  identified(identity: Identity): void {
    this.#identity = identity;
  }

  /** It brought fresh credentials by this connection; all others of its session are told. */
  async identify(session: string, credentials: unknown, by: Follower): Promise<SessionEvent> {
    const identity = await refreshIdentity(this.#core, this.info(session), credentials, this.#caller);
    if (typeof identity === 'string') return { type: 'refused', code: identity, field: 'auth' };
    this.#identity = identity;
    for (const other of this.#core.hub.ofSession(session)) if (other !== by) other.identified(identity);
    return { type: 'identified', ...lifeOf(this.#core, identity) };
  }

  /** What its session is now, with which everything goes on. */
  async look(session: string): Promise<SessionEvent> {
    const { identity, ...event } = await look(this.#core, session);
    if (identity !== undefined) this.#identity = identity;
    return event;
  }

  /** What the store answered; where it says that there is no such session, why. */
  unlessGone(session: string, kind: string, event: SessionEvent): SessionEvent | Promise<SessionEvent> {
    if (kind === 'revoked') return this.#lookRevoked(session);
    return kind === 'unknown' ? this.look(session) : event;
  }

  /** Nothing was begun. Where fresh credentials came in between, it is asked for again. */
  async #lookRevoked(session: string): Promise<SessionEvent> {
    const looked = await this.look(session);
    const isWell = looked.type === 'looked' && looked.expiresIn > 0;
    return isWell ? { type: 'begun', result: { kind: 'busy' } } : looked;
  }

  get #caller(): Caller {
    return this.#facts ?? { address: this.address, request: undefined };
  }
}
