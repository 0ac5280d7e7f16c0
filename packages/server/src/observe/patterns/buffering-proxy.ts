/**
 * PURE. Buffering proxy: sessions of one network are welcomed on an event stream, never answer its first heartbeat, and
 * come again by polls. Something on their way collects answers before it passes them on.
 */
import { networkOf } from './network.js';
import type { Detector, Finding, Seen } from './pattern.js';
import { Recent } from './recent.js';

const SPAN = 600_000;
/** How long a stream is remembered that was welcomed and not proven, ms. */
const PATIENCE = 60_000;
/** A stream has so long to prove itself: who polls sooner took both at once, ms. */
const RACE = 1_000;
const LEAST = 3;
const LEAST_SHARE = 0.6;

export class BufferingProxy implements Detector {
  /** By session: when its event stream was welcomed, until it is proven. */
  readonly #waiting = new Recent<number>({ span: PATIENCE, most: 1, keys: 1_000 });
  /** By network: of each session, whether its event stream came through. */
  readonly #seen = new Recent<{ session: string; held: boolean }>({ span: SPAN });

  handle({ delta, payload }: Seen, now: number): Finding | undefined {
    const { session, transport = '', address } = payload;
    if (session === undefined) return undefined;
    const network = networkOf(address);
    if (delta === 'transport_proven' && transport === 'sse') {
      this.#waiting.forget(session);
      this.#seen.add(network, { session, held: false }, now);
    }
    if (delta !== 'connection_welcomed') return undefined;
    if (transport === 'sse') this.#waiting.add(session, now, now);
    const [since] = this.#waiting.of(session, now);
    if (!/poll/.test(transport) || since === undefined || now - since < RACE) return undefined;
    this.#waiting.forget(session);
    const seen = this.#seen.add(network, { session, held: true }, now);
    const fates = [...new Map(seen.map((one) => [one.session, one.held])).values()];
    const witnesses = fates.filter((held) => held).length;
    const share = witnesses / fates.length;
    if (witnesses < LEAST || share < LEAST_SHARE) return undefined;
    return {
      about: network,
      cure: 'switch_off_buffering',
      ...{ witnesses, share, facts: { network, sessions: witnesses, window: SPAN / 1_000 } },
    };
  }
}
