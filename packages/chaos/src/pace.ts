/** PURE. When a piece arrives, and when time ends something: latency, jitter, bandwidth, and the faults that come after so long. */
import type { Faults } from './faults.js';

/** How far a way is: until when its last piece takes up the wire, and when that piece arrives, ms. */
export interface Pace {
  readonly freeAt: number;
  readonly dueAt: number;
}

export const START: Pace = { freeAt: 0, dueAt: 0 };

/** The pace after one more piece, which arrives at its `dueAt`: never before the one in front of it. */
export function carry(pace: Pace, bytes: number, now: number, faults: Faults, chance: number): Pace {
  const { latency = 0, jitter = 0, bandwidth = Infinity } = faults;
  const freeAt = Math.max(pace.freeAt, now) + (bytes / bandwidth) * 1_000;
  const longer = Math.max(0, latency + jitter * (2 * chance - 1));
  return { freeAt, dueAt: Math.max(pace.dueAt, freeAt + longer) };
}

/** What the clock knows of a connection and of what goes over it, ms. */
export interface Life {
  /** Since the connection began. */
  readonly since: number;
  /** When a byte last passed. */
  readonly heardAt: number;
  /** Requests that have no whole answer yet. */
  readonly askedAt: readonly number[];
  /** Since it is a WebSocket. */
  readonly upgradedAt?: number;
}

/** The fault whose time has come, if any. `half-open` comes last: what is cut cannot be half open. */
export function timeUp({ since, heardAt, askedAt, upgradedAt }: Life, faults: Faults, now: number) {
  const isUp = (from: number | undefined, after: number | undefined): boolean =>
    from !== undefined && after !== undefined && now - from >= after;
  if (isUp(heardAt, faults.idle)) return 'idle';
  if (isUp(upgradedAt, faults['kill-websocket'])) return 'kill-websocket';
  if (askedAt.some((at) => isUp(at, faults['cut-answers']))) return 'cut-answers';
  if (isUp(since, faults['half-open'])) return 'half-open';
  return undefined;
}

/** How often to look whether a time is up, ms; undefined when no fault asks for it. */
export function lookEvery(faults: Faults): number | undefined {
  const names = ['idle', 'kill-websocket', 'cut-answers', 'half-open'] as const;
  const times = names.flatMap((name) => faults[name] ?? []);
  if (times.length === 0) return undefined;
  // A tenth too late is good enough for a box, and a clock that ticks more often would be felt.
  return Math.min(250, Math.max(5, Math.min(...times) / 10));
}
