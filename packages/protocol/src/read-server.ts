/** Reads what a server sends. Small: every browser loads this file. */
import { isEpoch, isInert, isLog, isMoment, isUnit, isWhole, isWhole as offset, text } from './check.js';
import type { ServerFrame } from './frame.js';
import { MAX_DIMENSION } from './limits.js';

type Check = (value: unknown) => boolean;

const tuple =
  (...checks: Check[]): Check =>
  (value) =>
    Array.isArray(value) && value.length === checks.length && checks.every((fits, at) => fits(value[at]));

/** An object with these fields and no other. What is no object has none of them, and one at least is always wanted. */
const fields =
  (checks: Record<string, Check>): Check =>
  (value) => {
    const given = value as Record<string, unknown> | null;
    return Object.keys({ ...checks, ...given }).every(
      (key) => Object.hasOwn(checks, key) && checks[key]!(given?.[key]),
    );
  };

const number: Check = (value) => isWhole(value, 1);
const name: Check = text(/^[^]{1,128}$/);
const position = tuple(isEpoch, offset);
const voices = fields({ voice_pain: isUnit, voice_chaos: isUnit, voice_trust: isUnit, seam_id: name });
const envelope = fields({
  delta: name,
  dimension: (value) => isWhole(value, 0, MAX_DIMENSION),
  omega: isUnit,
  lambda: name,
  payload: isInert,
  fractal_metadata: (value) => value === undefined || voices(value),
});

const FRAMES = [
  tuple(text(/^entry$/), isLog, isEpoch, offset, envelope),
  tuple(text(/^entry$/), isLog, isEpoch, offset, envelope, number),
  tuple(text(/^(welcome|error|drain|close)$/), envelope),
  tuple(
    text(/^gap$/),
    isLog,
    text(/^(trimmed|epoch|diverged|inbox_overflow|too_big|denied|excepted|forked)$/),
    position,
    position,
  ),
  tuple(text(/^acked$/), offset, isEpoch, offset),
  tuple(text(/^expect$/), number),
  tuple(text(/^p[io]ng$/), isMoment),
];

/** One parsed frame from a server; undefined when it is not one (P6). */
export const readServerFrame = (value: unknown): ServerFrame | undefined =>
  FRAMES.some((fits) => fits(value)) ? (value as ServerFrame) : undefined;
