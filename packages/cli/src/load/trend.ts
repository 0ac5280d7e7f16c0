/** PURE. Whether a number that was looked at again and again stays where it is. */

export interface Point {
  /** Milliseconds. */
  readonly at: number;
  readonly value: number;
}

export interface Trend {
  /** A minute: the median of the slopes between any two looks (Theil and Sen), which a few odd ones do not move. */
  readonly slope: number;
  /** Whether that comes to more than {@link ALLOWED} of the number itself over the time that was judged. */
  readonly isFlat: boolean;
  /** Seconds that were judged: the last two thirds. */
  readonly seconds: number;
}

/** Share that may be added while it is looked at: a heap breathes. */
const ALLOWED = 0.05;
/** Looks and seconds without which nobody can tell. */
const LEAST = { looks: 15, seconds: 40 };
/** Looks that are compared with each other: all pairs of them are. */
const MOST = 300;

/**
 * The first third is not judged: until then logs fill, code is compiled and the heap finds its size. Undefined when there is
 * too little to judge.
 */
export function trendOf(points: readonly Point[]): Trend | undefined {
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  const late = points.filter(({ at }) => at - first >= (last - first) / 3);
  const seconds = (last - (late[0]?.at ?? last)) / 1_000;
  if (late.length < LEAST.looks || seconds < LEAST.seconds) return undefined;
  const step = Math.ceil(late.length / MOST);
  const judged = late.filter((_, index) => index % step === 0);
  const slopes = judged.flatMap((one, index) =>
    judged.slice(index + 1).map((other) => ((other.value - one.value) / (other.at - one.at)) * 60_000),
  );
  const slope = median(slopes);
  const added = (slope * seconds) / 60;
  return { slope, seconds, isFlat: added <= ALLOWED * median(judged.map(({ value }) => value)) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
