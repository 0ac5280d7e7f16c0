/**
 * PURE. What follows a position in a log that may have forked: the only place of this store that decides whether a
 * log is continuous. Entries do not say in which epoch they were appended; the list of forks does.
 */
import type { GapReason, Position } from '@iskra/protocol/wire';
import type { Entry, Head, LogRead } from '../../store.js';

/** A log as a script tells it. */
export interface LogState {
  readonly epoch: string;
  /** Offset of the newest entry. */
  readonly top: number;
  /** Offset of the first entry that is kept, top + 1 when there is none. */
  readonly first: number;
  /** Earlier epochs, oldest first, and the last offset of each that still counts. */
  readonly forks: readonly (readonly [epoch: string, base: number])[];
}

/** From `epoch:base;epoch:base`. */
export function parseForks(text: string): LogState['forks'] {
  if (text === '') return [];
  return text.split(';').map((fork) => {
    const colon = fork.indexOf(':');
    return [fork.slice(0, colon), Number(fork.slice(colon + 1))] as const;
  });
}

/** The epoch in which an entry was appended. */
function epochAt({ epoch, forks }: LogState, offset: number): string {
  for (const [name, base] of forks) if (offset <= base) return name;
  return epoch;
}

/** A position is told in the epoch of the entry that follows it. */
const positionOf = (log: LogState, offset: number): Position => [epochAt(log, offset + 1), offset];

/** What is read from a position, given the bodies of its successors (empty, when there are none or it is not continuous). */
export function continueFrom(
  log: LogState,
  [epoch, offset]: Position,
  bodies: readonly string[],
  isInbox: boolean,
): LogRead {
  const gap = (reason: GapReason, at: number): LogRead => ({ kind: 'gap', reason, now: positionOf(log, at) });
  const era = epoch === log.epoch ? log.forks.length : log.forks.findIndex(([name]) => name === epoch);
  if (era < 0) return gap('epoch', log.first - 1);
  // A later fail-over may have rewound further: what is behind the lowest base is lost.
  const base = log.forks.slice(era).reduce((least, [, end]) => Math.min(least, end), Infinity);
  if (offset > base) return gap('diverged', base);
  if (offset === base) return { kind: 'fork', base, next: log.forks[era + 1]?.[0] ?? log.epoch };
  if (offset > log.top) return gap('diverged', log.top);
  if (offset < log.first - 1) return gap(isInbox ? 'inbox_overflow' : 'trimmed', log.first - 1);
  const most = Math.min(bodies.length, base - offset);
  const entries: Entry[] = [];
  for (let index = 0; index < most; index++) {
    const at = offset + 1 + index;
    entries.push({ epoch: epochAt(log, at), offset: at, body: bodies[index] ?? '' });
  }
  return { kind: 'entries', entries, head: [log.epoch, log.top] };
}

/** Only what is there under the newest epoch is offered to begin with. */
export function headOf(log: LogState): Pick<Head, 'epoch' | 'offset' | 'first'> {
  const base = log.forks[log.forks.length - 1]?.[1] ?? 0;
  return { epoch: log.epoch, offset: log.top, first: Math.max(log.first, base + 1) };
}
