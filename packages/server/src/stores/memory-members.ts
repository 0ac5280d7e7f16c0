/** Who is in which channel, in the order in which they came. It knows no session and no time; the store asks. */
import { byteLength } from '@iskra/protocol/wire';
import type { Member } from '@iskra/protocol/wire';
import type { MemberPage } from '../store.js';

interface Seat {
  member: Member;
  /** Rises with each that comes, so that a page can say where the next one begins. */
  readonly place: number;
}

export class MemoryMembers {
  /** By channel and session. */
  readonly #lists = new Map<string, Map<string, Seat>>();
  #seats = 0;

  /** Whether it was not there before; otherwise its data is renewed. */
  add(channel: string, member: Member): boolean {
    let list = this.#lists.get(channel);
    if (list === undefined) this.#lists.set(channel, (list = new Map()));
    const seat = list.get(member.id);
    if (seat === undefined) list.set(member.id, { member, place: ++this.#seats });
    else seat.member = member;
    return seat === undefined;
  }

  remove(channel: string, session: string): void {
    const list = this.#lists.get(channel);
    list?.delete(session);
    if (list?.size === 0) this.#lists.delete(channel);
  }

  of(channel: string): Member[] {
    return [...(this.#lists.get(channel)?.values() ?? [])].map(({ member }) => member);
  }

  after(channel: string, place: number, bytes: number): MemberPage {
    const members: Member[] = [];
    let last = place;
    let room = bytes;
    for (const seat of this.#lists.get(channel)?.values() ?? []) {
      if (seat.place <= place) continue;
      room -= byteLength(JSON.stringify(seat.member)) + 1;
      if (room < 0 && members.length > 0) return { members, more: last };
      members.push(seat.member);
      last = seat.place;
    }
    return { members };
  }
}
