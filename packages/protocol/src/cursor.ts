/**
 * Positions, and the two rules by which a reader moves along a log. Pure;
 * both ends use the same rules, so they cannot drift apart.
 *
 *   entry  next    → deliver          (P20)
 *          behind  → ignore           (P21)
 *          else    → resync           (P22)
 *   gap    moves a cursor that stands exactly at `was` (P23, P24)
 */

/** What to do about what came: move the cursor and hand it on, drop it, or read the log anew from the cursor. */
export type Passage = 'next' | 'ignore' | 'resync';

/**
 * A place in a log: the epoch in which an entry was appended, and its dense
 * offset, the first entry being 1. The epoch changes when a log lost its
 * history, so an offset that is used again cannot be mistaken for the old one.
 */
export type Position = readonly [epoch: string, offset: number];

/** The position of the last entry that a reader has handed on, by channel. */
export type Cursors = Record<string, Position>;

/** Why entries can no longer be delivered. */
export type GapReason = 'trimmed' | 'epoch' | 'diverged' | 'inbox_overflow' | 'too_big' | 'denied';

/** Is this entry the successor of the cursor, one that was seen before, or neither? */
export function judgeEntry(cursor: Position, epoch: string, offset: number): Passage {
  if (epoch !== cursor[0] || offset > cursor[1] + 1) return 'resync';
  return offset > cursor[1] ? 'next' : 'ignore';
}

/** A gap answers for one exact cursor: from any other it says nothing (a late frame of an old connection). */
export function samePosition(a: Position, b: Position): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
