/**
 * PURE. Fallback storm: within a minute several sessions of one network go down from the same transport, and most of those that had
 * it there. Something was changed on their way, most often a proxy or a firewall.
 */
import { siteOf } from './site.js';
import type { Detector, Finding, Seen } from './pattern.js';
import { Recent } from './recent.js';

const SPAN = 60_000;
/** Sessions: fewer are accidents. */
const LEAST = 5;
/** Where as many others still have the transport, it is not the way. */
const LEAST_SHARE = 0.5;

export class FallbackStorm implements Detector {
  readonly sees = ['transport_proven', 'transport_downgraded'] as const;
  /** By network and transport: what became of it for each session. */
  readonly #seen = new Recent<{ session: string; fell: boolean }>({ span: SPAN });

  handle({ delta, payload }: Seen, now: number): Finding | undefined {
    const { session, address, transport, from } = payload;
    if (session === undefined) return undefined;
    const network = siteOf(address);
    if (delta === 'transport_proven' && transport !== undefined) {
      this.#seen.add(`${network} ${transport}`, { session, fell: false }, now);
    }
    if (delta !== 'transport_downgraded' || from === undefined) return undefined;
    const seen = this.#seen.add(`${network} ${from}`, { session, fell: true }, now);
    // Of each session what it met last.
    const fates = [...new Map(seen.map((one) => [one.session, one.fell])).values()];
    const sessions = fates.filter((fell) => fell).length;
    const share = sessions / fates.length;
    if (sessions < LEAST || share < LEAST_SHARE) return undefined;
    const facts = { network, from, sessions, share, window: SPAN / 1_000 };
    return { about: `${network} ${from}`, evidence: sessions, facts };
  }
}
