/**
 * PURE. One cursor for each channel and the inbox, shared by all connections of
 * the session: whatever comes from any of them, each entry passes once and in
 * order (P20–P24, P29).
 */
import { judgeEntry, judgeFork, judgeGap } from '@iskra/protocol/wire';
import type { Position } from '@iskra/protocol/wire';

/** `resync`: what came does not fit, so the connection that brought it must be closed (P22). */
export type Passage = 'deliver' | 'drop' | 'resync';

export type Downlink = ReturnType<typeof createDownlink>;

export function createDownlink() {
  const cursors = new Map<string, Position>();
  return {
    cursors,

    entry(channel: string, epoch: string, offset: number): Passage {
      const cursor = cursors.get(channel);
      if (!cursor) return 'drop';
      const judged = judgeEntry(cursor, epoch, offset);
      if (judged !== 'next') return judged === 'duplicate' ? 'drop' : judged;
      // Before the handlers run: one that throws has still been given its entry.
      cursors.set(channel, [epoch, offset]);
      return 'deliver';
    },

    gap(channel: string, was: Position, now: Position): Passage {
      const cursor = cursors.get(channel);
      if (!cursor || judgeGap(cursor, was) === 'ignore') return 'drop';
      cursors.set(channel, now);
      return 'deliver';
    },

    fork(channel: string, epoch: string, base: number, next: string): Passage {
      const cursor = cursors.get(channel);
      const judged = cursor ? judgeFork(cursor, epoch, base, next) : 'ignore';
      if (judged === 'apply') cursors.set(channel, [next, base]);
      return judged === 'resync' ? judged : 'drop';
    },
  };
}
