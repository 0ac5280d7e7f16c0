/** PURE. What came of the numbers 1 … n that were said in one direction. */

export interface Tally {
  readonly sent: number;
  /** Never arrived. */
  readonly lost: number;
  /** Arrived again. */
  readonly doubled: number;
  /** Arrived for the first time behind a higher one. */
  readonly reordered: number;
}

export function tallyOf(sent: number, arrived: readonly number[]): Tally {
  const missing = new Set(Array.from({ length: sent }, (_, index) => index + 1));
  let [doubled, reordered, highest] = [0, 0, 0];
  for (const n of arrived) {
    if (!missing.delete(n)) doubled++;
    else if (n < highest) reordered++;
    highest = Math.max(highest, n);
  }
  return { sent, lost: missing.size, doubled, reordered };
}

export const isIntact = ({ lost, doubled, reordered }: Tally): boolean => lost + doubled + reordered === 0;
