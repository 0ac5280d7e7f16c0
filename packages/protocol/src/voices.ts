/**
 * PURE. How a way through the network feels, from what was measured: pain, chaos and trust, each 0..1, and which
 * voices they raise. The one function for both ends and every level; docs/guide/voices.md has it in words.
 *
 *   pain  = 1 − e^−(missed + failed/2 + excess)      excess: seconds of round trip and jitter above 0.1
 *   chaos = 1 − e^−(jitter/(round trip + 50 ms) + switched/2 + failed/4)
 *   trust = proved/(proved + 1) × (1 − pain) × (1 − chaos/2)
 */

/** The three numbers of an envelope's `fractal_metadata`, each 0..1. */
export interface Voices {
  pain: number;
  chaos: number;
  trust: number;
}

/** What happens to a connection: a heartbeat without an answer, an end by the network, another transport, a heartbeat answered. */
export type Experience = 'missed' | 'failed' | 'switched' | 'proved';

/** What voices are made of: counts of what happened, each fading with time, and the way's round trip. */
export interface Measured extends Record<Experience, number> {
  /** Smoothed, ms; undefined before the first. */
  roundTrip: number | undefined;
  /** Smoothed deviation of the round trip, ms. */
  jitter: number;
}

/** Half of each count is forgotten after so many ms: what hurts within seconds heals within minutes, trust is slower. */
export const HALF_LIFE: Readonly<Record<Experience, number>> = {
  missed: 30_000,
  failed: 30_000,
  switched: 30_000,
  proved: 300_000,
};

export function voicesOf({ roundTrip = 0, jitter, missed, failed, switched, proved }: Measured): Voices {
  const pain = rises(missed + failed / 2 + Math.max(0, roundTrip + jitter - 100) / 1_000);
  const chaos = rises(jitter / (roundTrip + 50) + switched / 2 + failed / 4);
  return {
    pain: hundredths(pain),
    chaos: hundredths(chaos),
    trust: hundredths((proved / (proved + 1)) * (1 - pain) * (1 - chaos / 2)),
  };
}

/** What is heard when one of the three goes too far, or far enough. */
export type Raised = 'Alarm' | 'Concern' | 'Celebration' | 'Curiosity';

/** When each of them is raised: the only place that says so. */
export const THRESHOLDS: Readonly<
  Record<Raised, { readonly voice: keyof Voices; readonly above?: number; readonly below?: number }>
> = {
  Alarm: { voice: 'pain', above: 0.7 },
  Concern: { voice: 'trust', below: 0.3 },
  Celebration: { voice: 'trust', above: 0.7 },
  Curiosity: { voice: 'chaos', above: 0.5 },
};

/** Which of them these voices raise. */
export const raisedBy = (voices: Voices): Raised[] =>
  (Object.keys(THRESHOLDS) as Raised[]).filter((raised) => {
    const { voice, above = Infinity, below = -Infinity } = THRESHOLDS[raised];
    return voices[voice] > above || voices[voice] < below;
  });

export type Measure = ReturnType<typeof createMeasure>;

/** Measures a way: round trip and jitter smoothed as in RFC 6298 (⅞ old + ⅛ new, ¾ old + ¼ deviation), counts that fade. */
export function createMeasure() {
  const counts: Record<Experience, number> = { missed: 0, failed: 0, switched: 0, proved: 0 };
  let roundTrip: number | undefined;
  let jitter = 0;
  let at = 0;

  const fade = (now: number): void => {
    const passed = Math.max(0, now - at);
    at = now;
    for (const kind of Object.keys(counts) as Experience[]) counts[kind] *= 0.5 ** (passed / HALF_LIFE[kind]);
  };

  return {
    /** Smoothed, ms; undefined before the first. */
    get roundTrip() {
      return roundTrip;
    },
    /** @param roundTrip of one heartbeat, ms */
    took(sample: number): void {
      roundTrip ??= sample;
      jitter += (Math.abs(sample - roundTrip) - jitter) / 4;
      roundTrip += (sample - roundTrip) / 8;
    },
    count(experience: Experience, now: number): void {
      fade(now);
      counts[experience]++;
    },
    at(now: number): Measured {
      fade(now);
      return { ...counts, roundTrip, jitter };
    },
  };
}

const rises = (sum: number): number => 1 - Math.exp(-sum);
const hundredths = (value: number): number => Math.round(value * 100) / 100;
