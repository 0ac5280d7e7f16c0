/**
 * PURE. The analyser: reads the stream of system events, and tells what they are together (meta-∆DΩΛ). A pattern is an
 * envelope one level above what it was seen in: its `omega` counts the evidence, its `lambda` is the cure.
 * docs/guide/patterns.md describes each.
 */
import type { Advice, Envelope } from '@iskra/protocol/wire';
import { BufferingProxy } from './patterns/buffering-proxy.js';
import { FallbackStorm } from './patterns/fallback-storm.js';
import { FlappingClient } from './patterns/flapping-client.js';
import { IdleCut } from './patterns/idle-cut.js';
import type { Cure, Detector, Finding, Seen } from './patterns/pattern.js';
import { ReconnectStampede } from './patterns/reconnect-stampede.js';
import { SlowConsumers } from './patterns/slow-consumers.js';

export type PatternName =
  | 'fallback_storm'
  | 'idle_cut'
  | 'buffering_proxy'
  | 'flapping_client'
  | 'reconnect_stampede'
  | 'slow_consumers';

/** A system event, on its way in or out. */
export interface SystemEvent extends Envelope<SystemPayload> {
  lambda: Advice | Cure;
  payload: SystemPayload;
}

export type SystemPayload = Seen['payload'] & {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly node: string;
};

/** What a pattern says beside what it found: see {@link Finding}. */
export interface PatternFacts {
  /** Observations that say so, each independent of the others. */
  evidence: number;
  /** Of all that could have said otherwise, the share that says so. */
  share: number;
}

/** Milliseconds in which a pattern that was told is not told again of the same. */
export const QUIET = 600_000;
/** Patterns that are remembered as told; the oldest go first. */
const MOST_TOLD = 1_000;
/** The deepest level there is: the cluster. */
const DEEPEST = 5;

export class Patterns {
  readonly #detectors: Readonly<Record<PatternName, Detector>> = {
    fallback_storm: new FallbackStorm(),
    idle_cut: new IdleCut(),
    buffering_proxy: new BufferingProxy(),
    flapping_client: new FlappingClient(),
    reconnect_stampede: new ReconnectStampede(),
    slow_consumers: new SlowConsumers(),
  };
  readonly #names = Object.keys(this.#detectors) as PatternName[];
  /** When each was told, by what it is about; oldest first. */
  readonly #told = new Map<string, number>();

  /**
   * @param now monotonic milliseconds, never less than before
   * @returns the patterns that this event completes; a pattern itself is not looked at
   */
  handle(event: SystemEvent, now: number): SystemEvent[] {
    if (event.delta in this.#detectors) return [];
    const found: SystemEvent[] = [];
    for (const name of this.#names) {
      const finding = this.#detectors[name].handle(event, now);
      if (finding !== undefined && this.#isNew(`${name} ${finding.about}`, now)) {
        found.push(told(name, finding, event));
      }
    }
    return found;
  }

  #isNew(what: string, now: number): boolean {
    if (now - (this.#told.get(what) ?? -Infinity) < QUIET) return false;
    this.#told.delete(what);
    this.#told.set(what, now);
    for (const [oldest, at] of this.#told) {
      if (now - at < QUIET && this.#told.size <= MOST_TOLD) break;
      this.#told.delete(oldest);
    }
    return true;
  }
}

function told(name: PatternName, finding: Finding, { dimension, payload }: SystemEvent): SystemEvent {
  const { cure, witnesses, share, facts } = finding;
  const evidence: PatternFacts = { evidence: witnesses, share: hundredths(share) };
  return {
    delta: name,
    dimension: Math.min(DEEPEST, dimension + 1),
    // Each witness halves the doubt; what speaks against it takes its share of the rest.
    omega: hundredths((1 - 0.5 ** witnesses) * share),
    lambda: cure,
    payload: { at: payload.at, node: payload.node, ...facts, ...evidence },
  };
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
