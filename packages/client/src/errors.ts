/** PURE. What can go wrong with a call. `code` is for programs; `message` says what happened and what to do. */
import type { Fault } from '@iskra/protocol/wire';

/** Base of all errors that this package throws or rejects with. Minifiers rename classes, so ask `code` or `instanceof`. */
export class IskraError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The server refused it. `code` is a name in the table of PROTOCOL.md, `advice` the next step. */
export class SendError extends IskraError {
  /** Path of the offending field, as in `payload.text`. */
  readonly field: string | undefined;
  /** Milliseconds to wait before another try. */
  readonly retryAfter: number | undefined;
  constructor(
    code: string,
    readonly advice: string,
    { message = code, field, retryAfter }: Partial<Fault>,
  ) {
    super(code, field ? `${field}: ${message}` : message);
    this.field = field;
    this.retryAfter = retryAfter;
  }
}

/** The session or the answer was lost, so the send may or may not have happened. It is never repeated by itself. */
export class OutcomeUnknown extends IskraError {
  constructor() {
    super('outcome_unknown', 'It may have happened: read the state first.');
  }
}

/** The outbox is full; nothing was taken. */
export class QueueFull extends IskraError {
  constructor(sends: number) {
    super('queue_full', `${sends} sends wait already.`);
  }
}

/** No reply in time; the request may still happen. */
export class RequestTimeout extends IskraError {
  constructor(name: string) {
    super('request_timeout', `No reply to "${name}" in time.`);
  }
}

/** The client was closed, by `close()` or for the reason given. */
export class ClosedError extends IskraError {
  constructor(reason: string) {
    super('closed', `The client is closed (${reason}).`);
  }
}

/** The call itself is wrong. */
export class MisuseError extends IskraError {}
