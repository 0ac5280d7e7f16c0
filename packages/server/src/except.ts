/**
 * PURE. Entries that are for all but some sessions (P82). The log has them at their offset, with the names of these sessions behind the
 * envelope, in quotes; readers of other sessions are sent the envelope, those of these a gap that is none.
 */

import { INBOX } from '@iskra/protocol/wire';
import type { Entry } from './store.js';

/** Whom an entry is not for: a session, or several, 64 at most. */
export type Except = string | readonly string[];

/** Sessions that one entry may except. Each is kept with it in the log, 1.5 kB for all, and compared for each of its readers. */
const MAX_EXCEPT = 64;

const IDS = /^[\w-]+( [\w-]+)*$/;
/** An envelope ends with a brace, the number of a send with a digit. */
const QUOTE = '"'.charCodeAt(0);

/** Of an entry, however many read it. */
const inboxes = new WeakMap<Entry, readonly string[]>();

/**
 * The sessions that are named.
 *
 * @throws TypeError for what is no id of a session, RangeError for too many.
 */
export function idsOf(except: Except = []): readonly string[] {
  const names = typeof except === 'string' ? except : except.join(' ');
  if (names === '') return [];
  if (!IDS.test(names)) {
    throw new TypeError(
      'except was given what is no id of a session; ids are in welcome and in `session.id`.',
    );
  }
  const sessions = names.split(' ');
  if (sessions.length <= MAX_EXCEPT) return sessions;
  throw new RangeError(
    `except was given ${sessions.length} sessions; it takes ${MAX_EXCEPT} at most. ` +
      'What is not for many belongs in another channel: of those that it is for.',
  );
}

/** The body of an entry that is not for these; throws as `idsOf` does. */
export function excepting(body: string, except?: Except): string {
  const sessions = idsOf(except);
  return sessions.length === 0 ? body : `${body},"${sessions.join(' ')}"`;
}

export function excepts(body: string): boolean {
  return body.charCodeAt(body.length - 1) === QUOTE;
}

/** Whether the session of this inbox is told it. */
export function isFor(entry: Entry, inbox: string): boolean {
  return !excepts(entry.body) || !exceptedBy(entry).includes(inbox);
}

/** The inboxes of the sessions that it is not for, of an entry that excepts some. */
export function exceptedBy(entry: Entry): readonly string[] {
  let known = inboxes.get(entry);
  if (known === undefined) {
    const { body } = entry;
    const sessions = body.slice(body.lastIndexOf(',') + 2, -1).split(' ');
    inboxes.set(entry, (known = sessions.map((session) => INBOX + session)));
  }
  return known;
}

/** What goes over the wire. */
export function said(body: string): string {
  return excepts(body) ? body.slice(0, body.lastIndexOf(',')) : body;
}
