/** All that differs between a node in production and one in a simulation, as one value. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@iskra/protocol/wire';
import { nodeClock } from './clock.js';
import type { NodeClock } from './clock.js';

export interface Environment {
  /** Monotonic time and timers: everything but the end of credentials is measured by it. */
  readonly clock: Clock;
  /** Milliseconds since 1970, which credentials are dated in. */
  wallClock(): number;
  /** Runs a task once, after the current turn of the event loop. */
  defer(task: () => void): void;
  /** Random text of 128 bits: for names that must not be guessed or met twice. */
  randomId(): string;
}

/** One whose clock can be let go of. */
export type NodeEnvironment = Environment & { readonly clock: NodeClock };

export function nodeEnvironment(): NodeEnvironment {
  return {
    clock: nodeClock(),
    wallClock: Date.now,
    defer: setImmediate,
    randomId: () => randomBytes(16).toString('base64url'),
  };
}
