/**
 * PURE. Beside the core: a server that rejects whatever is opened is asked ever more rarely. Then the breaker is open, and
 * half open when one thing is tried (P57). One that does not answer at all is noted as down.
 */
import type { Attempt } from './attempt.js';

export interface BreakerLimits {
  /** So many times in a row a server may reject everything; with the next the breaker opens. Default 5. */
  rejections?: number;
  /** The longest pause while it is open, ms. Default 300,000. */
  pause?: number;
}

export interface Breaker {
  /** An attempt has ended. */
  ended(attempt: Attempt): void;
  /** Nobody of their servers answered anything: those are down, or out of reach. */
  unanswered(attempts: readonly Attempt[]): void;
  /** Everything was in vain once more. How long nothing is tried, ms; undefined as long as it is closed. */
  pause(): number | undefined;
  /** Something works. */
  proven(): void;
  /** It is not closed: the server rejects whatever is opened. */
  isBroken(): boolean;
}

/** @param most the pause with which it begins, ms: the longest while it is closed */
export function createBreaker(
  most: number,
  random: () => number,
  { rejections: allowed = 5, pause: longest = 300_000 }: BreakerLimits = {},
): Breaker {
  /** How often in a row everything was rejected; below 0 when something else has happened since the last retry. */
  let rejections = 0;
  const isBroken = (): boolean => rejections > allowed;
  return {
    ended(attempt) {
      if (attempt.cause?.verdict !== 'left' && !rejects(attempt)) rejections = -1;
    },
    unanswered(attempts) {
      for (const one of attempts) one.serverDown = true;
    },
    pause() {
      rejections++;
      // Ever more rarely, and all at other times.
      return isBroken()
        ? (0.5 + random() / 2) * Math.min(longest, most * 2 ** (rejections - allowed))
        : undefined;
    },
    proven: () => void (rejections = 0),
    isBroken,
  };
}

/** Whether somebody answered and then wanted none of it, without a reason that could be obeyed. */
const rejects = ({ overHttp, openedAt, provenAt, cause = {} }: Attempt): boolean => {
  const { status = 0, advice, verdict } = cause;
  if (advice || verdict || provenAt || !status) return false;
  return !!openedAt || (overHttp && status > 399 && status < 502);
};
