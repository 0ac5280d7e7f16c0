/**
 * The checks that both readers share. Each answers with the path of the first
 * field that is wrong, or undefined; nothing is copied and nothing is thrown,
 * so a good frame costs a few comparisons.
 */
import {
  INBOX,
  MAX_CHANNEL,
  MAX_CHANNELS,
  MAX_DEPTH,
  MAX_DIMENSION,
  MAX_NAME,
  MAX_NUMBER,
} from './limits.js';
import { depthWithin } from './json.js';

/** Path of the first wrong field, as in `omega` or `cursors`; undefined when all is well. */
export type Wrong = string | undefined;

const CHANNEL = new RegExp(`^[A-Za-z0-9][A-Za-z0-9:._~-]{0,${MAX_CHANNEL - 1}}$`);
const EPOCH = /^[0-9a-z]{1,32}$/;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= max;

export const isWhole = (value: unknown, min = 0, max = MAX_NUMBER): value is number =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

export const isMoment = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity;

export const isChannel = (value: unknown): value is string =>
  typeof value === 'string' && CHANNEL.test(value);

export const isLog = (value: unknown): value is string => value === INBOX || isChannel(value);

export const isEpoch = (value: unknown): value is string => typeof value === 'string' && EPOCH.test(value);

export const isPosition = (value: unknown): value is [string, number] =>
  Array.isArray(value) && value.length === 2 && isEpoch(value[0]) && isWhole(value[1]);

export const isInert = (value: unknown): boolean => depthWithin(value, MAX_DEPTH);

export function isCursors(value: unknown): boolean {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= MAX_CHANNELS + 1 && entries.every(([key, at]) => isLog(key) && isPosition(at));
}

const isUnit = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;

const VOICES = ['voice_pain', 'voice_chaos', 'voice_trust'];

/** The envelope's rules (P1–P3), by hand. */
export function wrongEnvelope(value: unknown): Wrong {
  if (!isObject(value)) return 'envelope';
  let metadata: unknown;
  let required = 0;
  for (const key in value) {
    const field = value[key];
    switch (key) {
      case 'delta':
      case 'lambda':
        if (!isText(field, MAX_NAME)) return key;
        required++;
        break;
      case 'dimension':
        if (!isWhole(field, 0, MAX_DIMENSION)) return key;
        required++;
        break;
      case 'omega':
        if (!isUnit(field)) return key;
        required++;
        break;
      case 'payload':
        if (!isInert(field)) return key;
        break;
      case 'fractal_metadata':
        metadata = field;
        break;
      default:
        return key;
    }
  }
  if (required < 4) {
    return ['delta', 'dimension', 'omega', 'lambda'].find((key) => !Object.hasOwn(value, key));
  }
  return metadata === undefined ? undefined : wrongMetadata(metadata);
}

function wrongMetadata(value: unknown): Wrong {
  if (!isObject(value)) return 'fractal_metadata';
  const wrong =
    VOICES.find((voice) => !isUnit(value[voice])) ??
    (isText(value.seam_id, MAX_NAME) ? undefined : 'seam_id') ??
    Object.keys(value).find((key) => key !== 'seam_id' && !VOICES.includes(key));
  return wrong === undefined ? undefined : `fractal_metadata.${wrong}`;
}
