/** A schedule by hand: one race, played on a stage of its own, that must end as it says. */
import { Stage } from './stage.js';
import type { StageOptions } from './stage.js';

export interface Schedule {
  /** The row of the race table, as R01. */
  readonly id: string;
  readonly title: string;
  /** Rejects when it does not end as it must. */
  play(): Promise<void>;
}

/** @param options of its stage; the seed is always the same. */
export function schedule(
  id: string,
  title: string,
  options: Omit<StageOptions, 'seed'>,
  play: (stage: Stage) => Promise<void>,
): Schedule {
  return { id, title, play: () => play(new Stage({ seed: 1, ...options })) };
}
