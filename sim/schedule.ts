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

/** @param options of its stage; the seed is always the same. No rule of the wire may be broken on the way. */
export function schedule(
  id: string,
  title: string,
  options: Omit<StageOptions, 'seed'>,
  play: (stage: Stage) => Promise<void>,
): Schedule {
  return {
    id,
    title,
    async play() {
      const stage = new Stage({ seed: 1, ...options });
      await play(stage);
      const [breach] = stage.breaches;
      if (breach) throw new Error(`${breach.promise}, ${breach.actor}: ${breach.text}`);
    },
  };
}
