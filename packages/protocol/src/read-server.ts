/** Reads what a server sends. Small: every browser loads this file. */
import { isEpoch, isLog, isMoment, isPosition, isWhole, wrongEnvelope } from './check.js';
import type { ServerFrame } from './frame.js';

const isReason = (value: unknown): boolean =>
  typeof value === 'string' && /^(trimmed|epoch|diverged|inbox_overflow|denied)$/.test(value);
const isNumber = (value: unknown): boolean => isWhole(value, 1);
const isOffset = (value: unknown): boolean => isWhole(value);
const isEnvelope = (value: unknown): boolean => wrongEnvelope(value) === undefined;

/** What stands behind each tag. */
const FRAMES: ReadonlyMap<unknown, readonly ((value: unknown) => boolean)[]> = new Map([
  ['entry', [isLog, isEpoch, isOffset, isEnvelope, isNumber]],
  ['acked', [isOffset, isOffset]],
  ['expect', [isNumber]],
  ['ping', [isMoment]],
  ['pong', [isMoment]],
  ['gap', [isLog, isReason, isPosition, isPosition]],
  ['fork', [isLog, isEpoch, isOffset, isEpoch]],
  ['welcome', [isEnvelope]],
  ['error', [isEnvelope]],
  ['drain', [isEnvelope]],
  ['close', [isEnvelope]],
]);

/** One parsed frame from a server; undefined when it is not one (P6). */
export function readServerFrame(value: unknown): ServerFrame | undefined {
  if (!Array.isArray(value)) return undefined;
  const [tag, ...fields] = value as unknown[];
  const checks = FRAMES.get(tag);
  // An entry that answers no send has no number.
  const complete = fields.length === checks?.length || (tag === 'entry' && fields.length === 4);
  return complete && fields.every((field, index) => checks![index]!(field))
    ? (value as ServerFrame)
    : undefined;
}
