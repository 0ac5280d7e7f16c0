/**
 * System events as lines: one envelope each, with its level and sentence, and what was thrown where something was. Of a
 * flood only so many are written (`sampling.ts`).
 */
import type { Logger } from 'pino';
import { EVENTS, sentenceOf } from './catalogue.js';
import type { Category, EventName, LineLevel } from './catalogue.js';
import { senderOf } from './event.js';
import type { SystemEvent } from './event.js';
import { failureOf } from './failure.js';
import { Sampler } from './sampling.js';
import type { LeftOut, Sampling } from './sampling.js';

export interface Log {
  /** Whether lines of this level are written at all. */
  writes(level: LineLevel): boolean;
  /** @param now monotonic milliseconds. */
  write(event: SystemEvent, now: number, thrown?: unknown): void;
  /** Says what was left out until now. */
  sweep(now: number): void;
}

const SILENCE: Log = { writes: () => false, write() {}, sweep() {} };

/** 20 lines of a kind from one address within 10 s are a trouble; 200 from all of them are a flood. */
const SAMPLING: Sampling = { window: 10_000, each: 20, all: 200, senders: 1_000 };

/** What is always written: an operator counts these, and there are never more than there are clients. */
const WHOLE: ReadonlySet<Category> = new Set<Category>(['drain', 'node']);

/** @param leftOut makes the event that says what was left out. */
export function createLog(
  logger: Logger | undefined,
  leftOut: (out: LeftOut<EventName>) => SystemEvent,
  isSampled = true,
): Log {
  if (logger === undefined) return SILENCE;
  const sampler = new Sampler<EventName>(SAMPLING);
  // Whoever hands in a logger of their own may have made less of one.
  const writes = (level: LineLevel): boolean =>
    typeof logger.isLevelEnabled !== 'function' || logger.isLevelEnabled(level);
  const line = (event: SystemEvent, thrown?: unknown): void => {
    const { level } = EVENTS[event.delta];
    logger[level](
      thrown === undefined ? event : { ...event, err: failureOf(thrown) },
      sentenceOf(event.delta, event.payload),
    );
  };
  const sweep = (now: number): void => {
    for (const out of sampler.over(now)) if (writes('warn')) line(leftOut(out));
  };
  return {
    writes,
    sweep,
    write(event, now, thrown) {
      sweep(now);
      const isWhole = !isSampled || WHOLE.has(event.payload.category);
      if (isWhole || sampler.takes(event.delta, senderOf(event), now)) line(event, thrown);
    },
  };
}
