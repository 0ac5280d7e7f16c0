/** The frames by which the doctor speaks: a session of its own for each trial, and echoes that leave nothing behind. */
import {
  CODES,
  encodeFrame,
  INBOX,
  joinFrames,
  parseMessage,
  readServerFrame,
  VERSION,
} from '@iskra/protocol/wire';
import type { ClientFrame, CodeName, Json, Position, ServerFrame, Welcome } from '@iskra/protocol/wire';
import type { Failed, Welcomed } from './seen.js';

/** A session that was opened. */
export interface Session {
  readonly nonce: string;
  readonly key: string;
  generation: number;
  /** Up to here its inbox was read. */
  inbox: Position;
}

/** A nonce for a new session: 128 random bits (P10). */
export function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').slice(0, 22);
}

/** @param given `heartbeat`: how often the server is to beat, ms; `key`: of the session to go on with. */
export function hello(
  nonce: string,
  given: { auth?: Json | undefined; heartbeat?: number | undefined; key?: string },
): ClientFrame {
  return ['hello', { version: VERSION, nonce, attempt: 'doctor', ...defined(given) }];
}

/** @param wait of a poll: how long the server may hold the answer, ms. */
export function goOn({ nonce, key, generation, inbox }: Session, wait?: number): ClientFrame {
  const cursors = { [INBOX]: [...inbox] as [string, number] };
  return ['continue', { nonce, key, generation, ...(wait !== undefined && { wait, cursors }) }];
}

/**
 * A send that needs no permission, changes nothing and is not logged: the end of a subscription that never was. Its
 * outcome goes through the inbox, so it comes down as everything else does.
 */
export const echo = (number: number): ClientFrame => ['unsubscribe', number, 'iskra-doctor'];

/** The position of a send's outcome, when this frame is it. */
export const outcomeOf = (frame: ServerFrame, number: number): Position | undefined =>
  frame[0] === 'entry' && frame[1] === INBOX && frame[5] === number ? [frame[2], frame[3]] : undefined;

export const messageOf = (frames: readonly ClientFrame[]): string => joinFrames(frames.map(encodeFrame));

/** The frames of a message that can be read; undefined when it is none. */
export function framesOf(text: string): ServerFrame[] | undefined {
  return parseMessage(text)
    ?.map(readServerFrame)
    .filter((frame) => frame !== undefined);
}

/** What `welcome` says, if it is the one. */
export function welcomeIn(
  nonce: string,
  frame: ServerFrame,
): { session: Session; told: Welcomed } | undefined {
  if (frame[0] !== 'welcome') return undefined;
  const { payload } = frame[1];
  if (!isWelcome(payload)) return undefined;
  const { key, generation, inbox, version, node, heartbeat, limits } = payload;
  return {
    session: { nonce, key, generation, inbox },
    told: { version, node, heartbeat, message: limits.message },
  };
}

/** Something that only looks like our server must not end the examination. */
function isWelcome(payload: unknown): payload is Welcome {
  const { key, node, inbox, limits, ...numbers } = (payload ?? {}) as Partial<Welcome>;
  return (
    [key, node, inbox?.[0]].every((text) => typeof text === 'string') &&
    [numbers.generation, numbers.version, numbers.heartbeat, inbox?.[1], limits?.message].every(
      Number.isFinite,
    )
  );
}

/** The server's no, in the text of an answer or of a message. */
export const refusalOf = (text: string): Failed | undefined => framesOf(text)?.map(refusalIn).find(Boolean);

/** The server's no, if this frame is one. */
export function refusalIn(frame: ServerFrame): Failed | undefined {
  if (frame[0] !== 'close' && frame[0] !== 'error') return undefined;
  const { delta, payload } = frame[1];
  const { field } = (payload ?? {}) as { field?: string };
  return { end: 'denied', code: isCode(delta) ? delta : 'internal', field };
}

/** A later version may have others. */
const isCode = (name: string): name is CodeName => Object.hasOwn(CODES, name);

const defined = <T extends object>(given: T): Partial<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
