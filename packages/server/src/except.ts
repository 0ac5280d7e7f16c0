/**
 * PURE. Entries that are for all but some sessions (P82). The log has them at their offset, with the names of these sessions behind the
 * envelope, in quotes; readers of other sessions are sent the envelope, those of these a gap that is none.
 */

import { INBOX } from '@iskra/protocol/wire';

/** Whom an entry is not for: a session, or several. */
export type Except = string | readonly string[];

const IDS = /^[\w-]+( [\w-]+)*$/;
/** An envelope ends with a brace, the number of a send with a digit. */
const QUOTE = '"'.charCodeAt(0);

/** @throws TypeError for what is no id of a session. */
export function excepting(body: string, except: Except = []): string {
  const sessions = typeof except === 'string' ? except : except.join(' ');
  if (sessions === '') return body;
  if (!IDS.test(sessions)) {
    throw new TypeError(
      'except was given what is no id of a session; ids are in welcome and in `session.id`.',
    );
  }
  return `${body},"${sessions}"`;
}

export function excepts(body: string): boolean {
  return body.charCodeAt(body.length - 1) === QUOTE;
}

/** Whether the session of this inbox is told it. */
export function isFor(body: string, inbox: string): boolean {
  if (!excepts(body)) return true;
  const sessions = body.slice(body.lastIndexOf(',') + 2, -1).split(' ');
  return !sessions.includes(inbox.slice(INBOX.length));
}

/** What goes over the wire. */
export function said(body: string): string {
  return excepts(body) ? body.slice(0, body.lastIndexOf(',')) : body;
}
