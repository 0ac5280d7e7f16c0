/**
 * The checks that both readers share. Each answers with the path of the first
 * field that is wrong, or undefined; nothing is copied and nothing is thrown,
 * so a good frame costs a few comparisons.
 */
import { INBOX, MAX_CHANNELS, MAX_DEPTH, MAX_DIMENSION, MAX_NAME, MAX_NUMBER, SYSTEM } from './limits.js';
import { depthWithin } from './json.js';

/** Path of the first wrong field, as in `omega` or `cursors`; undefined when all is well. */
export type Wrong = string | undefined;

/** At most `MAX_CHANNEL` characters, with the first. */
const CHANNEL = /^[^\W_][\w:.~-]{0,199}$/;
const EPOCH = /^[0-9a-z]{1,32}$/;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= max;

export const isWhole = (value: unknown, min = 0, max = MAX_NUMBER): value is number =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

export const isMoment = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity;

/** A text that matches. */
export const text =
  (pattern: RegExp) =>
  (value: unknown): value is string =>
    typeof value === 'string' && pattern.test(value);

export const isChannel = text(CHANNEL);

/** What can be subscribed to. */
export const isReadable = (value: unknown): value is string => value === SYSTEM || isChannel(value);

/** Whether a log is a session's own: `@` and its id, or `@` alone on the wire. */
export const isInbox = (log: string): boolean => log.startsWith(INBOX) && log !== SYSTEM;

export const isLog = (value: unknown): value is string => value === INBOX || isReadable(value);

export const isEpoch = text(EPOCH);

export const isPosition = (value: unknown): value is [string, number] =>
  Array.isArray(value) && value.length === 2 && isEpoch(value[0]) && isWhole(value[1]);

export const isInert = (value: unknown): boolean => depthWithin(value, MAX_DEPTH);

export function isCursors(value: unknown): boolean {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= MAX_CHANNELS + 1 && entries.every(([key, at]) => isLog(key) && isPosition(at));
}

export const isUnit = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;
const isName = (value: unknown): boolean => isText(value, MAX_NAME);

type Checks = ReadonlyMap<string, (field: unknown) => boolean>;

const ENVELOPE: Checks = new Map([
  ['delta', isName],
  ['dimension', (field: unknown) => isWhole(field, 0, MAX_DIMENSION)],
  ['omega', isUnit],
  ['lambda', isName],
  ['payload', isInert],
  ['fractal_metadata', (field: unknown) => field === undefined || isObject(field)],
]);
const METADATA: Checks = new Map([
  ['voice_pain', isUnit],
  ['voice_chaos', isUnit],
  ['voice_trust', isUnit],
  ['seam_id', isName],
]);

/** The first field that is not in the table, or is not as the table says. */
function wrongField(value: Record<string, unknown>, checks: Checks): Wrong {
  for (const key in value) if (!checks.has(key)) return key;
  for (const [key, check] of checks) if (!check(value[key])) return key;
  return undefined;
}

/** The envelope's rules (P1–P3), by hand. */
export function wrongEnvelope(value: unknown): Wrong {
  if (!isObject(value)) return 'envelope';
  const wrong = wrongField(value, ENVELOPE);
  const { fractal_metadata } = value;
  if (wrong !== undefined || fractal_metadata === undefined) return wrong;
  const inner = wrongField(fractal_metadata as Record<string, unknown>, METADATA);
  return inner === undefined ? undefined : `fractal_metadata.${inner}`;
}
