/**
 * PURE. The analyser: reads system events, and tells what they are together (meta-∆DΩΛ). A pattern is an event of the
 * catalogue one level above those that it was seen in: its `omega` counts the evidence, its `lambda` is the cure.
 * docs/guide/patterns.md describes each.
 */
import { EVENTS, sureness } from './catalogue.js';
import type { SystemEvent } from './event.js';
import { BufferingProxy } from './patterns/buffering-proxy.js';
import { FallbackStorm } from './patterns/fallback-storm.js';
import { FlappingClient } from './patterns/flapping-client.js';
import { IdleCut } from './patterns/idle-cut.js';
import type { Detector, Finding, PatternName } from './patterns/pattern.js';
import { ReconnectStampede } from './patterns/reconnect-stampede.js';
import { SlowConsumers } from './patterns/slow-consumers.js';

/** Milliseconds in which a pattern that was told is not told again of the same. */
export const QUIET = 600_000;
/** Patterns that are remembered as told; the oldest go first. */
const MOST_TOLD = 1_000;

export class Patterns {
  /** Who looks at an event of a name. Nobody looks at patterns. */
  readonly #eyes = new Map<string, [PatternName, Detector][]>();
  /** When each was told, by what it is about; oldest first. */
  readonly #told = new Map<string, number>();

  constructor() {
    const detectors: Readonly<Record<PatternName, Detector>> = {
      fallback_storm: new FallbackStorm(),
      idle_cut: new IdleCut(),
      buffering_proxy: new BufferingProxy(),
      flapping_client: new FlappingClient(),
      reconnect_stampede: new ReconnectStampede(),
      slow_consumers: new SlowConsumers(),
    };
    for (const [name, detector] of Object.entries(detectors) as [PatternName, Detector][]) {
      for (const seen of detector.sees) this.#eyes.set(seen, [...this.#at(seen), [name, detector]]);
    }
  }

  /** Whether an event of this name is looked at. */
  sees(name: string): boolean {
    return this.#eyes.has(name);
  }

  /**
   * @param now monotonic milliseconds, never less than before
   * @returns the patterns that this event completes
   */
  handle(event: SystemEvent, now: number): SystemEvent[] {
    const found: SystemEvent[] = [];
    for (const [name, detector] of this.#at(event.delta)) {
      const finding = detector.handle(event, now);
      if (finding !== undefined && this.#isNew(`${name} ${finding.about}`, now)) {
        found.push(patternOf(name, finding, event));
      }
    }
    return found;
  }

  #at(seen: string): [PatternName, Detector][] {
    return this.#eyes.get(seen) ?? [];
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

/** The event of a pattern: it happened when and where the last that it was seen in did. */
function patternOf(name: PatternName, { evidence, facts }: Finding, { payload }: SystemEvent): SystemEvent {
  const { dimension, lambda, category } = EVENTS[name];
  const { at, cluster, node } = payload;
  const share = hundredths(facts.share);
  return {
    ...{ delta: name, dimension, lambda },
    // What speaks against it takes its share.
    omega: hundredths(sureness(evidence) * facts.share),
    payload: { at, category, cluster, node, ...facts, share },
  };
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
