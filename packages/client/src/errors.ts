/** PURE. What can go wrong with a call. `code` is for programs; `message` says what happened and what to do. */
import type { Envelope, Fault } from '@iskra/protocol/wire';

/** Base of all errors that this package throws or rejects with. Minifiers rename classes, so ask `code` or `instanceof`. */
export class IskraError extends Error {
  declare readonly code: string;
  constructor(code: string, message: string, more?: object) {
    super(message);
    Object.assign(this, { code, ...more });
  }
}

/** What an envelope has to say of a refusal. */
export type Refusal = Pick<Envelope<Partial<Fault>>, 'delta' | 'lambda' | 'payload'>;

/** The server refused it. `code` is a name in the table of PROTOCOL.md, `advice` the next step. */
export class SendError extends IskraError {
  declare readonly advice: string;
  /** Path of the offending field, as in `payload.text`. */
  declare readonly field: string | undefined;
  /** Milliseconds to wait before another try. */
  declare readonly retryAfter: number | undefined;
  constructor({ delta, lambda: advice, payload }: Refusal) {
    const { message = delta, field, retryAfter } = payload ?? {};
    super(delta, field ? `${field}: ${message}` : message, { advice, field, retryAfter });
  }
}

/** `outcome_unknown`: the session or the answer was lost, so the send may or may not have happened. It is never repeated by itself. */
export class OutcomeUnknown extends IskraError {}

/** `queue_full`: the outbox has no room; nothing was taken. */
export class QueueFull extends IskraError {}

/** `request_timeout`: no reply in time; the request may still happen. `auth_timeout`: nothing came of the option `auth` in time. */
export class RequestTimeout extends IskraError {}

/** `closed`: the client was closed, by `close()` or for the reason given. */
export class ClosedError extends IskraError {}

/** The call itself is wrong. */
export class MisuseError extends IskraError {}
