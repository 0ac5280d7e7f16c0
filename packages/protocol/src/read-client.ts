/** Reads what a client sends. Only servers load this file. */
import {
  isChannel,
  isCursors,
  isInert,
  isMoment,
  isObject,
  isPosition,
  isReadable,
  isText,
  isWhole,
  wrongEnvelope,
} from './check.js';
import type { Wrong } from './check.js';
import type { ClientFrame, Continue, Hello } from './frame.js';
import { MAX_MESSAGE_BYTES, MAX_NAME, MIN_ANSWER_BYTES } from './limits.js';

export type ReadFrame =
  | { ok: true; frame: ClientFrame }
  /** `number` is the send's own, when the frame got that far: the refusal can then be committed in its place. */
  | { ok: false; field: string; number?: number };

const NONCE = /^[A-Za-z0-9_-]{22}$/;
const NUMBERED = new Set<unknown>(['publish', 'request', 'subscribe', 'unsubscribe']);

/** One parsed frame from a client. An unknown tag never reaches a handler (P5). */
export function readClientFrame(value: unknown): ReadFrame {
  if (!Array.isArray(value)) return { ok: false, field: 'frame' };
  const field = wrongFrame(value);
  if (field === undefined) return { ok: true, frame: value as ClientFrame };
  return NUMBERED.has(value[0]) && isWhole(value[1], 1)
    ? { ok: false, field, number: value[1] }
    : { ok: false, field };
}

/** Elements of each frame, tag included; also the exact table of tags. */
const LENGTH = new Map<unknown, number>([
  ['hello', 2],
  ['continue', 2],
  ['publish', 4],
  ['request', 3],
  ['subscribe', 4],
  ['unsubscribe', 3],
  ['skip', 3],
  ['ack', 2],
  ['auth', 2],
  ['ping', 2],
  ['pong', 2],
  ['bye', 1],
]);

function wrongFrame(value: unknown[]): Wrong {
  const tag = value[0];
  const length = LENGTH.get(tag);
  if (length === undefined) return 'tag';
  if (value.length !== length) return 'frame';
  const first = value[1];
  switch (tag) {
    case 'publish':
      return wrongNumber(first) ?? wrongChannel(value[2]) ?? wrongEnvelope(value[3]);
    case 'request':
      return wrongNumber(first) ?? wrongEnvelope(value[2]);
    case 'subscribe':
      return wrongNumber(first) ?? wrongReadable(value[2]) ?? wrongOptions(value[3]);
    case 'unsubscribe':
      return wrongNumber(first) ?? wrongReadable(value[2]);
    case 'hello':
      return wrongHello(first);
    case 'continue':
      return wrongContinue(first);
    case 'skip':
      return wrongNumber(first) ?? wrongNumber(value[2]);
    case 'ack':
      return isWhole(first) ? undefined : 'offset';
    case 'auth':
      return isInert(first) ? undefined : 'auth';
    case 'ping':
    case 'pong':
      return isMoment(first) ? undefined : 'moment';
    default:
      return undefined;
  }
}

const wrongNumber = (value: unknown): Wrong => (isWhole(value, 1) ? undefined : 'number');
const wrongChannel = (value: unknown): Wrong => (isChannel(value) ? undefined : 'channel');
const wrongReadable = (value: unknown): Wrong => (isReadable(value) ? undefined : 'channel');

/** The first field of an object that is present and fails its check. */
function wrongField(value: object, checks: Record<string, (field: unknown) => boolean>): Wrong {
  for (const [key, check] of Object.entries(checks)) {
    const field: unknown = (value as Record<string, unknown>)[key];
    if (field !== undefined && !check(field)) return key;
  }
  return undefined;
}

const HELLO: Record<
  keyof Pick<Hello, 'nonce' | 'key' | 'probe' | 'auth' | 'cursors' | 'attempt' | 'heartbeat' | 'answer'>,
  (field: unknown) => boolean
> = {
  nonce: (field) => typeof field === 'string' && NONCE.test(field),
  key: (field) => isText(field, 256),
  probe: (field) => typeof field === 'boolean',
  auth: isInert,
  cursors: isCursors,
  attempt: (field) => isText(field, MAX_NAME),
  heartbeat: (field) => isWhole(field, 1000, 300_000),
  answer: (field) => isWhole(field, MIN_ANSWER_BYTES, MAX_MESSAGE_BYTES),
};

function wrongHello(value: unknown): Wrong {
  if (!isObject(value)) return 'hello';
  if (typeof value.version !== 'number' || !Number.isFinite(value.version)) return 'version';
  if (value.nonce === undefined) return 'nonce';
  return wrongField(value, HELLO);
}

const CONTINUE: Record<
  keyof Pick<Continue, 'nonce' | 'key' | 'generation' | 'cursors' | 'wait' | 'answer' | 'entry'>,
  (field: unknown) => boolean
> = {
  nonce: HELLO.nonce,
  key: HELLO.key,
  generation: (field) => isWhole(field, 1),
  cursors: isCursors,
  wait: (field) => isWhole(field, 0, 60_000),
  answer: HELLO.answer,
  entry: HELLO.answer,
};

function wrongContinue(value: unknown): Wrong {
  if (!isObject(value)) return 'continue';
  const missing = ['nonce', 'key', 'generation'].find((key) => value[key] === undefined);
  return missing ?? wrongField(value, CONTINUE);
}

const OPTIONS = {
  since: isPosition,
  last: (field: unknown) => isWhole(field, 0, 10_000),
  presence: isInert,
};

function wrongOptions(value: unknown): Wrong {
  return isObject(value) ? wrongField(value, OPTIONS) : 'options';
}
