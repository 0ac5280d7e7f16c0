/**
 * PURE. Idle cut: connections end without a word after the same silence, again and again. A proxy, a balancer or a translator of
 * addresses cuts what is quiet for so long.
 */
import { siteOf } from './site.js';
import type { Detector, Finding, Seen } from './pattern.js';
import { Recent } from './recent.js';

const SPAN = 900_000;
/** Silences that are no longer say nothing: somebody left, or something broke, ms. */
const SHORTEST = 2_000;
/** So far apart two silences are the same: a share of them, and what timers are late by, ms. */
const TOLERANCE = 0.05;
const LATE = 250;
/** Cuts, each in a second of its own: those of the same second have one cause, as a proxy that went with all that it had. */
const LEAST = 5;
const LEAST_SESSIONS = 3;
/** As many others end after other silences, and it may be chance. */
const LEAST_SHARE = 0.6;
/** Of the silence that is not allowed, what is: a heartbeat that comes late is still in time. */
const HEARTBEAT_SHARE = 0.6;

interface Cut {
  readonly second: number;
  readonly silent: number;
  readonly session: string;
  readonly network: string;
}

export class IdleCut implements Detector {
  readonly sees = ['connection_lost'] as const;
  readonly #cuts = new Recent<Cut>({ span: SPAN, most: 200, keys: 1 });

  handle({ payload }: Seen, now: number): Finding | undefined {
    const { session, silent = 0, address, transport = '' } = payload;
    // A poll is quiet for as long as it was asked to be.
    if (session === undefined || silent < SHORTEST || /poll/.test(transport)) return undefined;
    const network = siteOf(address);
    const cut = { second: Math.floor(now / 1_000), silent, session, network };
    const all = this.#cuts.add('everywhere', cut, now);
    // Most that end do so alone.
    let alike = 0;
    for (const one of all) if (isAlike(one, silent)) alike++;
    if (alike < LEAST) return undefined;
    const here = all.filter((one) => one.network === network);
    // What stands before one network, or before the server.
    return judge(here, silent, network) ?? judge(all, silent);
  }
}

function judge(lost: readonly Cut[], silent: number, network?: string): Finding | undefined {
  const same = lost.filter((one) => isAlike(one, silent));
  const share = same.length / lost.length;
  if (same.length < LEAST || share < LEAST_SHARE) return undefined;
  const [cuts, sessions] = [countOf(same, 'second'), countOf(same, 'session')];
  if (cuts < LEAST || sessions < LEAST_SESSIONS) return undefined;
  const silence = same.map((one) => one.silent).sort((a, b) => a - b)[same.length >> 1] ?? silent;
  const heartbeat = Math.max(1_000, Math.floor((silence * HEARTBEAT_SHARE) / 1_000) * 1_000);
  const where = network === undefined ? { networks: countOf(same, 'network') } : { network };
  return {
    // The same limit, measured a little differently, is the same pattern.
    about: `${network ?? 'everywhere'} ${Math.round(Math.log(silence) / Math.log(1 + 4 * TOLERANCE))}`,
    evidence: cuts,
    facts: { ...where, silence, heartbeat, cuts, sessions, share, window: SPAN / 1_000 },
  };
}

const isAlike = (one: Cut, silent: number): boolean =>
  Math.abs(one.silent - silent) <= silent * TOLERANCE + LATE;

const countOf = (cuts: readonly Cut[], what: keyof Cut): number => new Set(cuts.map((cut) => cut[what])).size;
