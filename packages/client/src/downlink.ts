/**
 * PURE. One cursor for each channel and the inbox, shared by all connections of
 * the session: whatever comes from any of them, each entry passes once and in
 * order (P20–P24, P29). A channel has a cursor while it is subscribed.
 */
import { INBOX, judgeEntry, samePosition } from '@iskra/protocol/wire';
import type { Passage, Position } from '@iskra/protocol/wire';

export type Downlink = ReturnType<typeof createDownlink>;

export function createDownlink() {
  const cursors = new Map<string, Position>();
  /** Epochs of the inbox that it has gone on from: what a late answer says of them cannot be reached any more. */
  const past = new Set<string>();
  /** By channel, the first subscribe since it was not wanted, and what its members are told. */
  const wishes = new Map<string, { number: number; presence: unknown }>();

  /** Before the handlers run: one that throws has still been given its entry. */
  const move = (channel: string, passage: Passage, to: Position): Passage => {
    if (passage === 'next') {
      const [epoch] = cursors.get(channel)!;
      if (channel === INBOX && epoch !== to[0]) past.add(epoch);
      // Who moved last is asked for last: of an answer with little room each has its share.
      cursors.delete(channel);
      cursors.set(channel, to);
    }
    return passage;
  };

  return {
    cursors: cursors as ReadonlyMap<string, Position>,
    past: past as ReadonlySet<string>,
    wishes: wishes as ReadonlyMap<string, { presence: unknown }>,

    /** The inbox begins here, if it has not begun yet. */
    begin(position: Position): void {
      if (!cursors.has(INBOX)) cursors.set(INBOX, position);
    },

    /** Send `number` asks for this channel; perhaps not as the first one. */
    wish(channel: string, number: number, presence: unknown): void {
      wishes.set(channel, { number: wishes.get(channel)?.number ?? number, presence });
    },

    /** The outcome of such a send. Whether the channel is read from here on: not when it is already, or was left since. */
    subscribed(channel: string, number: number, position: Position): boolean {
      // Entries follow the first outcome: whoever waited for that of a later subscribe would miss them.
      if (cursors.has(channel) || number < (wishes.get(channel)?.number ?? Infinity)) return false;
      cursors.set(channel, position);
      return true;
    },

    /** Nothing of this channel passes any more (P43). */
    forget(channel: string): void {
      cursors.delete(channel);
      wishes.delete(channel);
    },

    /** A new session keeps the channels, not the inbox (P14). */
    renew(): void {
      cursors.delete(INBOX);
      past.clear();
      for (const [channel, wish] of wishes) {
        // Numbers begin again.
        wish.number = 0;
        if (!cursors.has(channel)) wishes.delete(channel);
      }
    },

    entry(channel: string, epoch: string, offset: number): Passage {
      const cursor = cursors.get(channel);
      return move(channel, cursor ? judgeEntry(cursor, epoch, offset) : 'ignore', [epoch, offset]);
    },

    gap(channel: string, was: Position, now: Position): Passage {
      const cursor = cursors.get(channel);
      return move(channel, cursor && samePosition(cursor, was) ? 'next' : 'ignore', now);
    },
  };
}
