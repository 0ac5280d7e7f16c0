/**
 * PURE. How long to wait before everything is asked again: longer with each time that it was in vain, and ever longer
 * where somebody is there who rejects whatever is opened. Then the breaker is open, and half open when one is tried (P57).
 */
import type { PolicyOptions } from './policy-events.js';

/** So many times in a row a server may reject everything after it opened; then the breaker opens, for up to this time, ms. */
const REJECTIONS = 5;
const BREAK = 300_000;

/** It is not closed: the server rejects whatever is opened. */
export const isBroken = (rejections: number): boolean => rejections > REJECTIONS;

/** Somebody is there who wants none of it: ever more rarely, and all at other times. */
export const breakFor = (
  { max }: PolicyOptions['reconnect'],
  random: () => number,
  rejections: number,
): number => (0.5 + random() / 2) * Math.min(BREAK, max * 2 ** (rejections - REJECTIONS));
