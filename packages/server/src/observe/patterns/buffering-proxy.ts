/**
 * PURE. Buffering proxy: event streams of one network are opened, and are given up before their first heartbeat has an
 * answer. Something on their way collects answers before it passes them on.
 */
import { siteOf } from './site.js';
import type { Detector, Finding, Seen } from './pattern.js';
import { Recent } from './recent.js';

const SPAN = 600_000;
/** How long a stream is remembered that was welcomed and not proven, ms. */
const PATIENCE = 60_000;
/** A client gives a stream 1,650 ms at least to prove itself: one that ends sooner has lost a race, ms. */
const RACE = 1_500;
const LEAST = 3;
const LEAST_SHARE = 0.6;

export class BufferingProxy implements Detector {
  readonly sees = ['connection_welcomed', 'transport_proven', 'transport_unproven'] as const;
  /** By session: when its event stream was welcomed, until it is proven. */
  readonly #waiting = new Recent<number>({ span: PATIENCE, most: 1, keys: 1_000 });
  /** By network: of each session, whether its event stream was held back. */
  readonly #seen = new Recent<{ session: string; held: boolean }>({ span: SPAN });

  handle({ delta, payload }: Seen, now: number): Finding | undefined {
    const { session, transport, address } = payload;
    if (session === undefined || transport !== 'sse') return undefined;
    if (delta === 'connection_welcomed') {
      this.#waiting.add(session, now, now);
      return undefined;
    }
    const [since = now] = this.#waiting.of(session, now);
    this.#waiting.forget(session);
    const held = delta === 'transport_unproven';
    if (held && now - since < RACE) return undefined;
    const network = siteOf(address);
    const seen = this.#seen.add(network, { session, held }, now);
    if (!held) return undefined;
    const fates = [...new Map(seen.map((one) => [one.session, one.held])).values()];
    const sessions = fates.filter((was) => was).length;
    const share = sessions / fates.length;
    if (sessions < LEAST || share < LEAST_SHARE) return undefined;
    return { about: network, evidence: sessions, facts: { network, sessions, share, window: SPAN / 1_000 } };
  }
}
