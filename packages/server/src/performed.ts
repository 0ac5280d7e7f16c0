/** What every kind of send asks before it is performed, and how it is refused. */
import { byteLength, MAX_ENVELOPE_BYTES } from '@iskra/protocol/wire';
import type { CodeName, Fault } from '@iskra/protocol/wire';
import type { Action, Core, SessionInfo } from './core.js';
import type { Ids } from './observe/event.js';

/** What a send came to: the body of its outcome when there is one, or a refusal on its way to becoming one. */
export type Performed = { outcome?: string } | { refused: Refused };

export interface Refused {
  code: CodeName;
  detail: Partial<Pick<Fault, 'field' | 'message'>>;
}

/** Whether the application allows it; its hook says no by throwing, too. */
export async function may(
  core: Core,
  session: SessionInfo,
  action: Action,
  name: string,
  from: Ids,
): Promise<boolean> {
  if (core.authorize === undefined) return true;
  try {
    return await core.authorize(session, action, name);
  } catch (error) {
    core.events.fail('handler_failed', error, { ...from, hook: 'authorize' });
    return false;
  }
}

/** A character has three bytes at most: most texts need not be encoded to be measured. */
export function isTooBig(text: string, limit = MAX_ENVELOPE_BYTES): boolean {
  return text.length * 3 > limit && byteLength(text) > limit;
}

export function refuse(code: CodeName, field?: string, message?: string): { refused: Refused } {
  const detail = { ...(field !== undefined && { field }), ...(message !== undefined && { message }) };
  return { refused: { code, detail } };
}
