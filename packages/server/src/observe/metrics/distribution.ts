/**
 * How values are spread, as counts between bounds that are known beforehand. To observe one is an increment in an array:
 * nothing is made, and nobody is told who does not listen.
 */
export class Distribution {
  /** Upper bounds, rising. What is over the last of them is counted, too. */
  readonly bounds: readonly number[];
  /** How many values are at a bound or below it, and over the one before; the last count is of those over all bounds. */
  readonly counts: Float64Array;
  sum = 0;
  /** Told of each value, for whoever counts in buckets of their own. */
  listener: ((value: number, times: number) => void) | undefined;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** How many values were observed. */
  get count(): number {
    return this.counts.reduce((sum, one) => sum + one, 0);
  }

  /** What is no number, or negative, is none of what is measured here: a clock that was set back, input that is forged. */
  observe(value: number, times = 1): void {
    if (!(value >= 0 && value < Infinity)) return;
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    counts[at]! += times;
    this.sum += value * times;
    this.listener?.(value, times);
  }
}

/** Seconds that a way through the network takes, there and back. */
export const NETWORK_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10] as const;
/** Seconds that something takes inside a machine, or in the one beside it. */
export const LOCAL_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3] as const;
/** Seconds that somebody is away, up to the window of a session. */
export const ABSENCE_SECONDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120] as const;
