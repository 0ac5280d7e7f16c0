/** What the application says to sessions alone, into their inboxes: checked, measured, posted. */
import { byteLength, encodeBody, MAX_ENVELOPE_BYTES } from '@iskra/protocol/wire';
import type { Envelope, Position } from '@iskra/protocol/wire';
import type { Core } from './core.js';
import type { Entry } from './store.js';

/** What may be said of an envelope beside its delta and payload. */
export type EnvelopeOptions = Partial<Pick<Envelope, 'dimension' | 'omega' | 'lambda' | 'fractal_metadata'>>;

/** What became of a message to one session. */
export type Sent =
  /** It is in the session's inbox. */
  | { readonly ok: true; readonly position: Position }
  /** There is no such session: nothing was kept. `message` says why that usually is, and what to do. */
  | { readonly ok: false; readonly code: 'session_unknown'; readonly message: string };

const NO_SESSION: Sent = {
  ok: false,
  code: 'session_unknown',
  message:
    'There is no such session: it ended, its window passed, or this server started after it. ' +
    'What has to wait for its user belongs in a channel: publish it to one of the subject.',
};

/** By these the server itself tells what became of a subscription. */
const OWN = /^(un)?subscribed$/;

/** The body of a message that an inbox takes. Rejects with a `TypeError` for what the contract refuses, a `RangeError` for too much. */
export async function messageBody(
  core: Core,
  delta: string,
  payload: unknown,
  options?: EnvelopeOptions,
): Promise<string> {
  if (OWN.test(delta)) {
    throw new TypeError(`"${delta}" is how the server itself tells of a subscription; choose another delta.`);
  }
  const checked = await core.contract.message(delta, payload);
  if (!checked.ok) throw new TypeError(`${checked.field}: ${checked.message}`);
  return fitting(encodeBody({ dimension: 3, ...options, delta, payload: checked.value }));
}

export async function post(core: Core, session: string, body: string): Promise<Sent> {
  const posted = await core.store.post(session, body);
  return posted.kind === 'posted' ? { ok: true, position: positionOf(posted.entry) } : NO_SESSION;
}

/** The body of an entry, if it fits. */
export function fitting(body: string): string {
  const bytes = byteLength(body);
  if (bytes <= MAX_ENVELOPE_BYTES) return body;
  throw new RangeError(
    `The envelope has ${bytes} bytes; a log takes ${MAX_ENVELOPE_BYTES} at most. ` +
      'Put large data behind a URL and publish that.',
  );
}

export const positionOf = ({ epoch, offset }: Entry): Position => [epoch, offset];
