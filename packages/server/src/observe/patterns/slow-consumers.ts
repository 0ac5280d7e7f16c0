/**
 * PURE. Slow consumers: several sessions are closed because they do not take their data, within a minute. Of one network: its
 * line is too thin. Of several: more is published than they can take.
 */
import { siteOf } from './site.js';
import type { Detector, Finding, Seen } from './pattern.js';
import { Recent } from './recent.js';

const SPAN = 60_000;
/** Sessions of one network; of several, twice as many. */
const LEAST = 5;
const LEAST_NETWORKS = 3;

export class SlowConsumers implements Detector {
  readonly sees = ['slow_consumer'] as const;
  readonly #seen = new Recent<{ session: string; network: string }>({ span: SPAN, most: 1_000, keys: 1 });

  handle({ payload: { session, address } }: Seen, now: number): Finding | undefined {
    if (session === undefined) return undefined;
    const network = siteOf(address);
    const seen = this.#seen.add('everywhere', { session, network }, now);
    const all = new Map(seen.map((one) => [one.session, one.network]));
    const here = [...all.values()].filter((one) => one === network).length;
    const networks = new Set(all.values()).size;
    const window = SPAN / 1_000;
    if (networks >= LEAST_NETWORKS && all.size >= 2 * LEAST) {
      const facts = { networks, sessions: all.size, share: 1, window };
      return { about: 'everywhere', evidence: all.size, facts };
    }
    if (here < LEAST) return undefined;
    const facts = { network, sessions: here, share: here / all.size, window };
    return { about: network, evidence: here, facts };
  }
}
