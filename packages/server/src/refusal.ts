/**
 * How a request is refused before there is a session: the log and the metrics are told, and the answer has
 * the code's status and the envelope that says why (P65). And the headers of every answer.
 */
import { CODES, Dimension, faultEnvelope } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import type { Core } from './core.js';
import { Message } from './message.js';
import type { Answer, HeaderList } from './transports/exchange.js';

/** Whom an answer is for. */
export interface Asker {
  readonly address: string;
  /** The origin to name in CORS headers. */
  readonly crossOrigin?: string | undefined;
}

/** Headers of every answer: nothing on the way may keep, change, or hold it back (P63). */
export const HEADERS: HeaderList = Object.entries({
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  vary: 'Origin',
}).flat();

export function headersFor({ crossOrigin }: Asker): HeaderList {
  return crossOrigin === undefined
    ? HEADERS
    : [
        ...HEADERS,
        ...['access-control-allow-origin', crossOrigin],
        ...['access-control-expose-headers', 'retry-after'],
      ];
}

export interface Refused {
  readonly code: CodeName;
  readonly field: string;
  readonly retryAfter?: number | undefined;
}

/** Milliseconds after which whoever found no place may come again: bodies arrive and strangers say hello within seconds. */
const PAUSE = 1_000;

/** An address, or the whole node, has as many connections as it may have. */
export const NO_PLACE: Refused = { code: 'overload', field: 'address' };

/** @param status where it is another than the code's. */
export function refuse(
  core: Core,
  asker: Asker,
  { code, field, retryAfter = code === 'overload' ? PAUSE : undefined }: Refused,
  status: number = CODES[code].status,
): Answer {
  core.events.tell(code, { address: asker.address, field });
  core.metrics.refused(code);
  const envelope = faultEnvelope(code, Dimension.connection, {
    field,
    ...(retryAfter !== undefined && { retryAfter }),
  });
  const { body } = Message.of(['close', envelope]);
  return { status, retryAfter, body };
}

/** The answer when a hook of the application throws where nobody else catches it, as `origins` may. */
export function internalError(core: Core, error: unknown): Answer {
  core.events.fail('handler_failed', error, { hook: 'request' });
  const { body } = Message.of(['close', faultEnvelope('internal', Dimension.connection)]);
  return { status: CODES.internal.status, body };
}
