/** PURE. How the connection feels, from what was measured, and which class of quality that is. */
import { createMeasure, voicesOf } from '@iskra/protocol/wire';
import type { Experience, Voices } from '@iskra/protocol/wire';

/**
 * `good`: trust ≥ 0.5, pain < 0.15 (round trip and jitter of 260 ms, with nothing missed) and chaos ≤ 0.5;
 * `poor`: trust < 0.15 or pain > 0.7, before anything was measured as well.
 */
export type QualityClass = 'good' | 'fair' | 'poor';

export type Quality = ReturnType<typeof createQuality>;

export function createQuality() {
  const measure = createMeasure();
  const voices = (now: number): Voices => voicesOf(measure.at(now));
  return {
    /** Smoothed round trip in ms; undefined before the first. */
    get roundTrip() {
      return measure.roundTrip;
    },
    /** A heartbeat was answered, in so many ms. */
    measured(sample: number, now: number): void {
      measure.took(sample);
      measure.count('proved', now);
    },
    count: (experience: Exclude<Experience, 'proved'>, now: number): void => measure.count(experience, now),
    voices,
    class(now: number): QualityClass {
      const { pain, chaos, trust } = voices(now);
      if (pain > 0.7 || trust < 0.15) return 'poor';
      return trust >= 0.5 && pain < 0.15 && chaos <= 0.5 ? 'good' : 'fair';
    },
  };
}
