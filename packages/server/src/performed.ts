/** What every kind of send asks before it is performed, and how it is refused. */
import { byteLength, MAX_ENVELOPE_BYTES, SYSTEM } from '@iskra/protocol/wire';
import type { CodeName, Fault } from '@iskra/protocol/wire';
import { bounded } from './bounded.js';
import type { Action, Core, SessionInfo } from './core.js';
import type { Source } from './observe/event.js';

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
  from: Source,
): Promise<boolean> {
  if (core.authorize === undefined) return true;
  try {
    return await bounded(core, core.authorize(session, action, name));
  } catch (error) {
    core.events.fail('handler_failed', error, { ...from.ids, hook: 'authorize' });
    return false;
  }
}

/** Whether it may read a channel: `@system` only where the option of that name says so, whatever `authorize` says (P80). */
export async function mayRead(
  core: Core,
  session: SessionInfo,
  channel: string,
  from: Source,
): Promise<boolean> {
  if (channel !== SYSTEM) return may(core, session, 'subscribe', channel, from);
  try {
    return (await bounded(core, core.systemEvents?.(session))) === true;
  } catch (error) {
    core.events.fail('handler_failed', error, { ...from.ids, hook: 'systemEvents' });
    return false;
  }
}

/** Whether anything is said in this channel, as far as the contract knows. */
export function hasChannel(core: Core, channel: string): boolean {
  return channel === SYSTEM || core.contract.hasChannel(channel);
}

/** A character has three bytes at most: most texts need not be encoded to be measured. */
export function isTooBig(text: string, limit = MAX_ENVELOPE_BYTES): boolean {
  return text.length * 3 > limit && byteLength(text) > limit;
}

export function refuse(code: CodeName, field?: string, message?: string): { refused: Refused } {
  const detail = { ...(field !== undefined && { field }), ...(message !== undefined && { message }) };
  return { refused: { code, detail } };
}
