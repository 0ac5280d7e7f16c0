/** Reads what a server sends. Small: every browser loads this file. */
import { isEpoch, isLog, isMoment, isPosition, isWhole, wrongEnvelope } from './check.js';
import type { ServerFrame } from './frame.js';

const REASON = /^(trimmed|epoch|diverged|inbox_overflow|denied)$/;

/** One parsed frame from a server; undefined when it is not one (P6). */
export function readServerFrame(value: unknown): ServerFrame | undefined {
  return Array.isArray(value) && isServerFrame(value) ? (value as ServerFrame) : undefined;
}

function isServerFrame(value: unknown[]): boolean {
  const [tag, a, b, c, d, e] = value;
  const count = value.length;
  switch (tag) {
    case 'entry':
      return (
        (count === 5 || (count === 6 && isWhole(e, 1))) &&
        isLog(a) &&
        isEpoch(b) &&
        isWhole(c) &&
        wrongEnvelope(d) === undefined
      );
    case 'acked':
      return count === 3 && isWhole(a) && isWhole(b);
    case 'expect':
      return count === 2 && isWhole(a, 1);
    case 'ping':
    case 'pong':
      return count === 2 && isMoment(a);
    case 'gap':
      return (
        count === 5 && isLog(a) && typeof b === 'string' && REASON.test(b) && isPosition(c) && isPosition(d)
      );
    case 'fork':
      return count === 5 && isLog(a) && isEpoch(b) && isWhole(c) && isEpoch(d);
    case 'welcome':
    case 'error':
    case 'drain':
    case 'close':
      return count === 2 && wrongEnvelope(a) === undefined;
    default:
      return false;
  }
}
