/**
 * One session: whose it is, how far its sends are and who performs them, and its inbox. It knows no clock and no other
 * session; the store asks. What it is asked for is no contact.
 */
import type { Member, Position } from '@iskra/protocol/wire';
import type { Begun, Entry, Identity, Retention, SessionState } from '../store.js';
import { MemoryLog } from './memory-log.js';

/** What inboxes are made with. */
export interface InboxTerms {
  readonly epoch: string;
  readonly retention: Retention;
}

export class MemorySession {
  readonly id: string;
  readonly nonce: string;
  identity: Identity;
  generation = 0;
  /** Of the newest connection. */
  attempt: string | undefined = undefined;
  /** The last of its sends that is committed. */
  acked = 0;
  contact: number;
  /** Undefined while it holds nothing: most sessions are at rest, their outcomes acknowledged. */
  inbox: MemoryLog | undefined = undefined;
  /** Head of the inbox while there is none. */
  inboxTop = 0;
  claim: { id: string; number: number; until: number } | undefined = undefined;
  /** A claim ran out before its commit: the sends that follow may have run already. */
  interrupted = false;
  /** The member lists that it is in. */
  leases: Map<string, { member: Member; lapsed: boolean }> | undefined = undefined;
  /** Its credentials count no more. */
  revoked = false;
  revision = 0;

  constructor(id: string, nonce: string, identity: Identity, now: number) {
    this.id = id;
    this.nonce = nonce;
    this.identity = identity;
    this.contact = now;
  }

  state(terms: InboxTerms): SessionState {
    return {
      session: this.id,
      identity: this.revoked ? { ...this.identity, expiresAt: 0 } : this.identity,
      generation: this.generation,
      acked: this.acked,
      inbox: this.inboxHead(terms),
      ...(this.revision > 0 && { revision: this.revision }),
    };
  }

  attach(identity: Identity | undefined, attempt: string | undefined): void {
    if (attempt === undefined || attempt !== this.attempt) this.generation++;
    this.attempt = attempt;
    if (identity !== undefined) this.identify(identity);
  }

  /** It brought credentials that hold. */
  identify(identity: Identity): void {
    this.identity = identity;
    this.revoked = false;
  }

  // ── its sends ─────────────────────────────────────────────────────────────

  begin(number: number, claim: string, lease: number, now: number, terms: InboxTerms): Begun {
    if (this.revoked) return { kind: 'revoked' };
    if (number <= this.acked) {
      return { kind: 'duplicate', acked: this.acked, inbox: this.inboxHead(terms) };
    }
    if (number > this.acked + 1) return { kind: 'expect', number: this.acked + 1 };
    const holder = this.claim;
    if (holder !== undefined && holder.id !== claim) {
      if (holder.until > now) return { kind: 'busy' };
      this.interrupted = true;
    }
    this.claim = { id: claim, number, until: now + lease };
    return { kind: 'run', redelivered: this.interrupted };
  }

  /** Whether the claim for these was still its own. */
  commit(first: number, last: number, claim: string): boolean {
    if (this.claim?.id !== claim || this.claim.number !== first) return false;
    this.claim = undefined;
    this.interrupted = false;
    // A skip may have been further already: what is committed never becomes uncommitted.
    this.acked = Math.max(this.acked, last);
    return true;
  }

  renew(claim: string, until: number): void {
    if (this.claim?.id === claim) this.claim.until = until;
  }

  release(claim: string): void {
    if (this.claim?.id === claim) this.claim = undefined;
  }

  /** Whether nothing is left out by it. */
  skip(from: number, number: number): boolean {
    if (from > this.acked + 1) return false;
    this.acked = Math.max(this.acked, number);
    return true;
  }

  // ── its inbox ─────────────────────────────────────────────────────────────

  inboxHead({ epoch }: InboxTerms): Position {
    return [epoch, this.inbox?.top ?? this.inboxTop];
  }

  /** For who reads: an inbox that nothing was written to is not kept, as most sessions never need one. */
  inboxToRead({ epoch, retention }: InboxTerms): MemoryLog {
    return this.inbox ?? new MemoryLog(epoch, retention, this.inboxTop);
  }

  append(body: string, now: number, terms: InboxTerms): Entry {
    this.inbox ??= this.inboxToRead(terms);
    return this.inbox.append(body, now);
  }

  trimInbox(offset: number): void {
    if (this.inbox === undefined) return;
    this.inbox.trimTo(offset);
    if (!this.inbox.isEmpty) return;
    this.inboxTop = this.inbox.top;
    this.inbox = undefined;
  }
}
