/**
 * What sessions hold in member lists: a lease for each, which lapses when its session is silent, and is entered again
 * when that comes back. Whoever comes and goes is told in the channel. It knows no time; the store asks.
 */
import type { Member } from '@iskra/protocol/wire';
import { memberBody } from '../members.js';
import type { Entered } from '../store.js';
import { MemoryMembers } from './memory-members.js';
import type { MemorySession } from './memory-session.js';

export class MemoryPresence {
  readonly members = new MemoryMembers();
  readonly #append: (channel: string, body: string) => unknown;

  constructor(append: (channel: string, body: string) => unknown) {
    this.#append = append;
  }

  enter(session: MemorySession, channel: string, member: Member, most: number): Entered {
    session.leases ??= new Map();
    if (!session.leases.has(channel) && session.leases.size >= most) return { kind: 'full' };
    session.leases.set(channel, { member, lapsed: false });
    return { kind: this.#join(channel, member) };
  }

  leave({ leases }: MemorySession, channel: string): void {
    const lease = leases?.get(channel);
    leases?.delete(channel);
    if (lease !== undefined && !lease.lapsed) this.#part(channel, lease.member);
  }

  /** The session was in contact. */
  rejoin({ leases }: MemorySession): void {
    for (const [channel, lease] of leases ?? []) {
      if (!lease.lapsed) continue;
      lease.lapsed = false;
      this.#join(channel, lease.member);
    }
  }

  /** The session is silent, or over. */
  lapse({ leases }: MemorySession): void {
    for (const [channel, lease] of leases ?? []) {
      if (lease.lapsed) continue;
      lease.lapsed = true;
      this.#part(channel, lease.member);
    }
  }

  #join(channel: string, member: Member): 'joined' | 'renewed' {
    if (!this.members.add(channel, member)) return 'renewed';
    this.#append(channel, memberBody('member_joined', member));
    return 'joined';
  }

  #part(channel: string, member: Member): void {
    this.members.remove(channel, member.id);
    this.#append(channel, memberBody('member_left', member));
  }
}
