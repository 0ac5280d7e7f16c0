/**
 * PURE. Flapping client: one session falls again and again, from its transport or altogether, and each time comes back to
 * fall once more. Its network changes its mind, or lets a transport live for a moment only.
 */
import type { Detector, Finding, Seen } from './pattern.js';
import { Recent } from './recent.js';

const SPAN = 180_000;
const LEAST = 5;
/** What happens within so many ms is one fall: a connection is lost, and its transport left. */
const ONE_FALL = 2_000;

const FALLS: ReadonlySet<string> = new Set(['transport_downgraded', 'connection_lost', 'zombie_closed']);

export class FlappingClient implements Detector {
  readonly #falls = new Recent<number>({ span: SPAN, most: 20, keys: 2_000 });

  handle({ delta, payload }: Seen, now: number): Finding | undefined {
    const { session, transport, from = transport } = payload;
    if (session === undefined || !FALLS.has(delta)) return undefined;
    const last = this.#falls.of(session, now).at(-1) ?? -Infinity;
    if (now - last < ONE_FALL) return undefined;
    const falls = this.#falls.add(session, now, now).length;
    if (falls < LEAST) return undefined;
    return {
      about: session,
      cure: 'downgrade_transport',
      witnesses: falls,
      share: 1,
      facts: { session, falls, window: SPAN / 1_000, ...(from !== undefined && { transport: from }) },
    };
  }
}
