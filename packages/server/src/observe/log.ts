/**
 * One structured line for each thing that an operator should know, shaped as an
 * envelope. Input never reaches a line: only codes, ids, field paths of the
 * protocol and numbers do.
 */
import { createHash } from 'node:crypto';
import { CODES, Dimension } from '@iskra/protocol/wire';
import type { CodeName, Envelope } from '@iskra/protocol/wire';
import type { Logger } from 'pino';

/** Ids and numbers that go with a line. */
export interface LogContext {
  session?: string | undefined;
  number?: number | undefined;
  field?: string | undefined;
  address?: string | undefined;
  transport?: string | undefined;
  request?: string | undefined;
  hook?: string | undefined;
  attempt?: string | undefined;
}

export interface Log {
  /** A client's attempt had its welcome: for whoever compares its `explain()` with these lines. Level debug. */
  welcomed(context: LogContext): void;
  /** Something was refused; `code` says what. */
  refused(code: CodeName, context: LogContext): void;
  /** The application's own code threw. */
  handlerFailed(error: unknown, context: LogContext): void;
  /** The store did not answer. */
  storeFailed(error: unknown, context: LogContext): void;
  /** It has not answered for some time, so the node is not ready; so many connections are sent away. */
  storeAway(active: number): void;
  storeBack(): void;
  /** The node is on its way out, with so many connections; it has so many ms. */
  drainBegan(active: number, timeout: number): void;
  drainGoesOn(active: number, elapsed: number, left: number): void;
  /** A client has gone, and so many connections are left. */
  clientLeft(remaining: number, context: LogContext): void;
  /** The time is over, and so many are closed. */
  drainForced(closed: number): void;
  drainEnded(closed: number, took: number): void;
  /** A system event. */
  event(envelope: Envelope, context?: LogContext): void;
}

/** The names of our own fields, and of what a request is refused for. Any other comes from the input, and is not repeated. */
const FIELDS = new Set(
  (
    'message frame tag hello continue version nonce key probe auth cursors attempt heartbeat generation wait number channel ' +
    'options since last presence offset moment envelope delta dimension omega lambda payload fractal_metadata origin url ' +
    'body address upgrade content-type content-encoding'
  ).split(' '),
);

function knownField(field: string): string {
  const [first = ''] = field.split('.');
  return FIELDS.has(first) ? first : 'unknown';
}

const SILENCE: Log = {
  welcomed() {},
  refused() {},
  handlerFailed() {},
  storeFailed() {},
  storeAway() {},
  storeBack() {},
  drainBegan() {},
  drainGoesOn() {},
  clientLeft() {},
  drainForced() {},
  drainEnded() {},
  event() {},
};

/** What lines about the whole node have in common. */
const NODE = { dimension: Dimension.node, omega: 1 };

/** Seconds, to a tenth: what is over in a moment is not over in 0. */
const seconds = (ms: number): number => Math.round(ms / 100) / 10;

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text from outside, made fit for a line: no control characters or direction marks, at most 256 characters. */
export function printable(text: string): string {
  return text.slice(0, 256).replace(CONTROL, '');
}

/** A session as lines name it: enough to follow one, nothing to use it with. */
export function sessionLabel(session: string): string {
  return createHash('sha256').update(session).digest('base64url').slice(0, 8);
}

export function createLog(logger: Logger | undefined): Log {
  if (logger === undefined) return SILENCE;

  const ids = (context: LogContext): Record<string, unknown> => {
    const line: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(context)) {
      if (value === undefined) continue;
      if (key === 'field') line[key] = knownField(String(value));
      else
        line[key] =
          key === 'session'
            ? sessionLabel(String(value))
            : typeof value === 'string'
              ? printable(value)
              : value;
    }
    return line;
  };

  return {
    welcomed(context) {
      // Whoever hands in a logger of their own may have made less of one.
      if (typeof logger.isLevelEnabled === 'function' && !logger.isLevelEnabled('debug')) return;
      logger.debug(
        {
          delta: context.session === undefined ? 'probe_answered' : 'connection_welcomed',
          dimension: Dimension.connection,
          omega: 0.5,
          lambda: 'monitor_stability',
          ...ids(context),
        },
        'A client has its welcome; its transport is not proven yet.',
      );
    },
    refused(code, context) {
      const { advice } = CODES[code];
      logger.warn(
        { delta: code, dimension: Dimension.message, omega: 1, lambda: advice, ...ids(context) },
        CODES[code].sentence,
      );
    },
    handlerFailed(error, context) {
      logger.error(
        {
          delta: 'handler_failed',
          dimension: Dimension.message,
          omega: 1,
          lambda: 'back_off',
          err: error,
          ...ids(context),
        },
        "The application's own code threw; the session goes on.",
      );
    },
    storeFailed(error, context) {
      logger.error(
        {
          delta: 'store_failed',
          dimension: Dimension.node,
          omega: 1,
          lambda: 'back_off',
          err: error,
          ...ids(context),
        },
        'The store did not answer; nothing was acknowledged.',
      );
    },
    storeAway(active) {
      logger.error(
        { delta: 'store_away', ...NODE, lambda: 'back_off', active_connections: active },
        `The store has not answered for some seconds: not ready, ${counted(active, 'connection')} sent away.`,
      );
    },
    storeBack() {
      logger.info({ delta: 'store_back', ...NODE, lambda: 'continue' }, 'The store answers: ready again.');
    },
    drainBegan(active, timeout) {
      logger.info(
        { delta: 'drain_began', ...NODE, lambda: 'reconnect_elsewhere', active_connections: active },
        `Shutting down: ${counted(active, 'active connection')}, ${seconds(timeout)} s for clients to leave.`,
      );
    },
    drainGoesOn(active, elapsed, left) {
      logger.info(
        {
          ...{ delta: 'drain_progress', ...NODE, lambda: 'monitor_stability', active_connections: active },
          ...{ elapsed: seconds(elapsed), left: seconds(left) },
        },
        `Shutting down: ${counted(active, 'active connection')}, ${seconds(elapsed)} s elapsed, ${seconds(left)} s left.`,
      );
    },
    clientLeft(remaining, context) {
      logger.info(
        {
          ...{ delta: 'client_left', dimension: Dimension.connection, omega: 1, lambda: 'continue' },
          ...{ active_connections: remaining, ...ids(context) },
        },
        `A client has left, ${remaining} remain.`,
      );
    },
    drainForced(closed) {
      logger.warn(
        { delta: 'drain_forced', ...NODE, lambda: 'resume', closed },
        `The time is over: ${counted(closed, 'connection')} closed.`,
      );
    },
    drainEnded(closed, took) {
      logger.info(
        { delta: 'drain_ended', ...NODE, lambda: 'continue', closed, elapsed: seconds(took) },
        `All clients gone, finished in ${seconds(took)} s.`,
      );
    },
    event(envelope, context = {}) {
      logger.info({ ...envelope, ...ids(context) }, envelope.delta);
    },
  };
}
