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

export class FlappingClient implements Detector {
  readonly sees = ['transport_downgraded', 'connection_lost', 'zombie_closed'] as const;
  readonly #falls = new Recent<number>({ span: SPAN, most: 20, keys: 2_000 });

  handle({ payload }: Seen, now: number): Finding | undefined {
    const { session, transport, from = transport } = payload;
    if (session === undefined) return undefined;
    const last = this.#falls.of(session, now).at(-1) ?? -Infinity;
    if (now - last < ONE_FALL) return undefined;
    const falls = this.#falls.add(session, now, now).length;
    if (falls < LEAST) return undefined;
    const facts = { session, falls, share: 1, window: SPAN / 1_000 };
    return {
      about: session,
      evidence: falls,
      facts: { ...facts, ...(from !== undefined && { transport: from }) },
    };
  }
}
