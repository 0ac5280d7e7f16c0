/** PURE. What scripts answer, read: all of it is text, and an empty one is what is not there. */
import type { Position } from '@iskra/protocol/wire';
import type { Committed, Entry, Head, Identity, LogRead, SessionState } from '../../store.js';
import { continueFrom, headOf, parseForks } from './continuity.js';
import type { LogState } from './continuity.js';

export type Answer = string[];
export type StateAnswer = [
  ...[identity: string, generation: string, acked: string, epoch: string, top: string],
  ...[revoked: string, revision: string],
];
export type LogAnswer = [epoch: string, top: string, first: string, forks: string, ...more: unknown[]];

/** `kind`, epoch and offset of what was appended. */
export function entryOf([, epoch = '', offset]: Answer, body: string): Entry {
  return { epoch, offset: Number(offset), body };
}

/** What follows a position. */
export function readOf(answer: LogAnswer, from: Position, isInbox: boolean): LogRead {
  const [bodies = [], revision = ''] = answer.slice(4) as [string[]?, string?];
  const found = continueFrom(logOf(answer), from, bodies, isInbox);
  return revision === '' ? found : { ...found, revision: Number(revision) };
}

export function headFrom(answer: LogAnswer | undefined): Head {
  // The inbox of a session that is not there.
  if (answer === undefined || answer[0] === '') return { epoch: '0', offset: 0, first: 1 };
  const head = headOf(logOf(answer));
  const [generation, silence, revision] = answer.slice(4);
  if (silence === undefined) return head;
  return {
    ...head,
    session: {
      ...{ generation: Number(generation), silence: Number(silence) },
      ...(revision !== '' && { revision: Number(revision) }),
    },
  };
}

export function stateOf(
  session: string,
  [identity, generation, acked, epoch, top, revoked, revision]: StateAnswer,
): SessionState {
  return {
    session,
    identity: { ...(JSON.parse(identity) as Identity), ...(revoked !== '' && { expiresAt: 0 }) },
    ...(revision !== '' && { revision: Number(revision) }),
    generation: Number(generation),
    acked: Number(acked),
    inbox: [epoch, Number(top)],
  };
}

export function committedOf([kind, first, epoch = '', offset]: Answer): Committed {
  const inbox: Position = [epoch, Number(offset)];
  if (kind === 'committed') return { kind, acked: Number(first), inbox };
  if (kind === 'expect') return { kind, number: Number(first) };
  return { kind: kind === 'stale' ? kind : 'unknown' };
}

function logOf([epoch, top, first, forks]: LogAnswer): LogState {
  if (epoch === '') return { epoch: '0', top: 0, first: 1, forks: [] };
  return { epoch, top: Number(top), first: Number(first), forks: parseForks(forks) };
}
