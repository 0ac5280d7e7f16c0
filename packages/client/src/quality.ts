/**
 * PURE. How the connection feels, from what was measured.
 *
 * - round trip: smoothed as in RFC 6298 (⅞ old + ⅛ new), jitter likewise (¾ old + ¼ deviation)
 * - missed heartbeats, failures and switches: counts that halve every 30 s
 *
 *   pain  = 1 − e^−(missed + failures/2 + excess)      excess: seconds of round trip above 0.1
 *   chaos = 1 − e^−(jitter/(round trip + 50 ms) + switches/2 + failures/4)
 *   trust = proofs/(proofs + 1) × (1 − pain) × (1 − chaos/2)      proofs: heartbeats answered, halving every 5 min
 */

/** The three voices of an envelope, each 0..1. */
export interface Voices {
  pain: number;
  chaos: number;
  trust: number;
}

/** `good`: trust ≥ 0.5 and pain < 0.3; `poor`: trust < 0.15 or pain > 0.7, once anything was measured. */
export type QualityClass = 'good' | 'fair' | 'poor';

export type Experience = 'missed' | 'failed' | 'switched' | 'proved';

export type Quality = ReturnType<typeof createQuality>;

const HALF_LIFE = 30_000;

export function createQuality() {
  const counts: Record<Experience, number> = { missed: 0, failed: 0, switched: 0, proved: 0 };
  let roundTrip: number | undefined;
  let jitter = 0;
  let at = 0;

  const age = (now: number): void => {
    const passed = Math.max(0, now - at) / HALF_LIFE;
    at = now;
    for (const kind of Object.keys(counts) as Experience[])
      counts[kind] *= 0.5 ** (kind === 'proved' ? passed / 10 : passed);
  };

  const voices = (now: number): Voices => {
    age(now);
    const { missed, failed, switched, proved } = counts;
    const time = roundTrip ?? 0;
    const pain = rises(missed + failed / 2 + Math.max(0, time - 100) / 1000);
    const chaos = rises(jitter / (time + 50) + switched / 2 + failed / 4);
    return {
      pain: round(pain),
      chaos: round(chaos),
      trust: round((proved / (proved + 1)) * (1 - pain) * (1 - chaos / 2)),
    };
  };

  return {
    /** Smoothed round trip in ms; undefined before the first. */
    get roundTrip() {
      return roundTrip;
    },
    measured(sample: number): void {
      roundTrip ??= sample;
      jitter += (Math.abs(sample - roundTrip) - jitter) / 4;
      roundTrip += (sample - roundTrip) / 8;
    },
    count(experience: Experience, now: number): void {
      age(now);
      counts[experience]++;
    },
    voices,
    class(now: number): QualityClass {
      const { pain, trust } = voices(now);
      if (pain > 0.7 || trust < 0.15) return 'poor';
      return trust >= 0.5 && pain < 0.3 ? 'good' : 'fair';
    },
  };
}

const rises = (sum: number): number => 1 - Math.exp(-sum);
const round = (value: number): number => Math.round(value * 100) / 100;
