/** The middle of some numbers, and whether it reaches a goal. */
import type { Goal, Reference, Work } from './work.js';

/** The middle value; the mean of the two in the middle when there is no single one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The number as it is shown, so that nobody reads "2.0" beside a missed "at most 2". */
export const shown = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Undefined when the reference was not measured. */
export function reached(
  goal: Goal,
  value: number,
  valueOf: (reference: Reference) => number | undefined,
  work: Work,
): boolean | undefined {
  if (goal.of === undefined) return shown(value, work.digits) <= goal.atMost;
  const reference = valueOf(goal.of);
  return reference === undefined ? undefined : shown(value / reference, 2) <= goal.atMost;
}
