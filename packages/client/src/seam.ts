/**
 * Where the devtools take hold of a client: its session's machine, and how that is told something. A client has nothing more for
 * them, and is not reached by its own properties: what is in here is printed with no client.
 */
import type { Clock } from '@iskra/protocol/wire';
import type { Insight } from './insight.js';
import type { SessionEvent } from './session-events.js';

export interface Seam {
  readonly session: Insight;
  readonly tell: (event: SessionEvent) => void;
  readonly clock: Clock;
}

export const seams = /* @__PURE__ */ new WeakMap<object, Seam>();
