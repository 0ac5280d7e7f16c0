/**
 * A run as data: who takes part, what the applications do, and what happens to
 * them. Drawn from a seed; each seed first draws which kinds of faults there are
 * at all, or all runs would look alike. A part can be left out, which is how a
 * failing plan is shrunk.
 */
import { drawAddresses } from './addresses.js';
import type { Addresses, Shut } from './addresses.js';
import { drawCaps } from './caps.js';
import type { Cap } from './caps.js';
import { createRandom } from './random.js';
import type { Random } from './random.js';
import type { PollBlock, RequestFaults, StreamBlock, WebSocketBlock } from './way.js';
import type { TransportName } from './words.js';

/** What happens at `at`, ms; to this page or node, by its number; for so many ms. -1 ms is never. */
export type Fault =
  | Shut
  | Cap
  | ({ at: number } & (
      | { kind: 'weather'; page: number; for: number; latency: number; jitter: number }
      | { kind: 'stall'; page: number; for: number }
      | { kind: 'cut'; page: number; clientHears: number; serverHears: number }
      | { kind: 'requests'; page: number; for: number; odds: RequestFaults }
      | { kind: 'block-websocket'; page: number; for: number; block: WebSocketBlock; cuts: boolean }
      | { kind: 'block-sse'; page: number; for: number; block: StreamBlock; cuts: boolean }
      | { kind: 'block-long-poll'; page: number; for: number; block: PollBlock }
      | { kind: 'cap'; page: number; for: number; bytes: number }
      | { kind: 'garble'; page: number; for: number; odds: number }
      | { kind: 'sleep'; page: number; for: number }
      | { kind: 'offline'; page: number; for: number }
      | { kind: 'park'; page: number; for: number }
      | { kind: 'reload'; page: number; says: 'bye' | 'away' | 'nothing' }
      | { kind: 'deny'; page: number; for: number; channel: string }
      | { kind: 'kill'; node: number; for: number; silent: boolean }
      | { kind: 'pause'; node: number; for: number }
      | { kind: 'drain'; node: number; for: number; spread: number; notice?: number }
      | { kind: 'wall-jump'; node: number; by: number }
      | { kind: 'store-slow'; for: number; most: number }
      | { kind: 'store-fails'; for: number; before: number; after: number }
      | { kind: 'hints'; for: number; lost: number; late: number }
      | { kind: 'fail-over'; lost: number }
    ));

export type FaultKind = Fault['kind'];
/** Kinds that are drawn from the list of all. */
type DrawnKind = Exclude<FaultKind, 'shut' | 'cap-answers'>;

/** What an application does at `at`. */
export type Step = { at: number; page: number } & (
  | { act: 'publish'; channel: string; size: number }
  | { act: 'request'; once: boolean; takes: number }
  | { act: 'subscribe'; channel: string; last: number; presence: boolean }
  | { act: 'unsubscribe'; channel: string }
  | { act: 'ping' }
);

export interface Plan {
  readonly seed: number;
  readonly pages: number;
  readonly nodes: number;
  readonly store: 'memory' | 'shared';
  readonly retention: number;
  /** Entries that a session's inbox keeps. */
  readonly inbox: number;
  /** Ms that credentials last; Infinity for ever. */
  readonly credentials: number;
  /** Ms until all is well again. */
  readonly chaos: number;
  readonly faults: readonly Fault[];
  readonly steps: readonly Step[];
  /** The servers that each page knows; one address for all where there are none. */
  readonly addresses?: readonly Addresses[];
  /** What stays blocked for each page when all is well again. */
  readonly walls: readonly (readonly TransportName[])[];
}

const CHANNELS = ['room:a', 'room:b'] as const;

/** Kinds that hinder one transport or slow the network down, and nothing else. */
const MILD: readonly DrawnKind[] = [
  'weather',
  'block-websocket',
  'block-sse',
  'block-long-poll',
  'hints',
  'drain',
  'wall-jump',
  'cap',
];

const KINDS: readonly DrawnKind[] = [
  'weather',
  'stall',
  'cut',
  'requests',
  'block-websocket',
  'block-sse',
  'block-long-poll',
  'cap',
  'garble',
  'sleep',
  'offline',
  'park',
  'reload',
  'deny',
  'kill',
  'pause',
  'drain',
  'wall-jump',
  'store-slow',
  'store-fails',
  'hints',
  'fail-over',
];

/** Kinds that a store in the same process does not have. */
const FAR_ONLY: ReadonlySet<DrawnKind> = new Set(['store-slow', 'hints', 'fail-over']);

/** Ms that a node of a deploy has to be left, and until the next one drains. */
const ROLL = 10_000;
const REST = 1_000;

export function drawPlan(seed: number): Plan {
  const random = createRandom(seed, 'plan');
  const store = random.chance(0.4) ? 'memory' : 'shared';
  const nodes = store === 'memory' ? 1 : random.whole(1, 3);
  const pages = random.whole(1, 3);
  const chaos = random.pick([8_000, 20_000, 40_000]);
  const credentials = random.chance(0.15) ? random.pick([8_000, 20_000]) : Infinity;
  const kinds = random
    .some(random.chance(0.15) ? MILD : KINDS, random.between(0.1, 0.5))
    .filter((kind) => store === 'shared' || !FAR_ONLY.has(kind))
    // A node whose clock is wrong by an hour is right to refuse credentials that last for seconds.
    .filter((kind) => credentials === Infinity || kind !== 'wall-jump');
  const density = random.between(0.5, 2.5);
  const { addresses, shut } = drawAddresses(seed, pages, nodes, chaos);
  const drawn = kinds.flatMap((kind) =>
    Array.from({ length: Math.ceil(random.next() * density * 2) }, () =>
      drawFault(random, kind, chaos, pages, nodes),
    ),
  );
  const caps = drawCaps(seed, pages, chaos);
  const faults = [...drawn, ...shut, ...caps, ...drawRoll(seed, nodes, chaos)].sort(
    (one, other) => one.at - other.at,
  );
  return {
    seed,
    pages,
    nodes,
    store,
    retention: random.pick([8, 50, 1_000]),
    inbox: random.pick([2, 1_000, 1_000, 1_000]),
    credentials,
    chaos,
    faults,
    addresses,
    steps: drawSteps(random, chaos, pages),
    walls: Array.from({ length: pages }, () =>
      random.chance(0.25) ? random.pick([['websocket'], ['websocket', 'sse'], ['sse']] as const) : [],
    ),
  };
}

const isMildKind = (kind: FaultKind): boolean => (MILD as readonly FaultKind[]).includes(kind);

/** Whether nothing that the plan does should be seen as a disconnect. */
export function isMild({ faults, credentials, walls }: Plan): boolean {
  return (
    credentials === Infinity &&
    faults.every((fault) => isMildKind(fault.kind) && fault.kind !== 'weather') &&
    walls.every((wall) => wall.length === 0)
  );
}

/** A deploy: all nodes are replaced one after another. Of a generator of its own, so that everything else of a seed stays as it is. */
function drawRoll(seed: number, nodes: number, chaos: number): Fault[] {
  const random = createRandom(seed, 'roll');
  if (nodes < 2 || !random.chance(0.25)) return [];
  const notice = random.pick([0, 3_000]);
  const spread = random.pick([1_000, 4_000]);
  const start = random.between(0, chaos / 2);
  return Array.from({ length: nodes }, (_, node): Fault => {
    const at = Math.round(start + node * (ROLL + REST));
    return { at, kind: 'drain', node, for: ROLL, spread, notice };
  });
}

function drawFault(random: Random, kind: DrawnKind, chaos: number, pages: number, nodes: number): Fault {
  const at = Math.round(random.between(0, chaos));
  const lasts = Math.round(
    Math.min(random.pick([500, 3_000, 8_000, 20_000]) * random.between(0.5, 1.5), chaos),
  );
  const page = random.whole(0, pages - 1);
  const node = random.whole(0, nodes - 1);
  const hears = (): number => random.pick([0, 50, 3_000, -1]);
  switch (kind) {
    case 'weather':
      return {
        at,
        kind,
        page,
        for: lasts,
        latency: random.pick([20, 80, 300]),
        jitter: random.pick([0, 30, 200]),
      };
    case 'stall':
      return { at, kind, page, for: lasts };
    case 'cut': {
      const clientHears = hears();
      return { at, kind, page, clientHears, serverHears: clientHears < 0 ? 0 : hears() };
    }
    case 'requests': {
      const odds = { lost: 0, unanswered: 0, twice: 0, late: 0, truncated: 0, gateway: 0 };
      for (const fate of random.some(Object.keys(odds) as (keyof RequestFaults)[], 0.5))
        odds[fate] = random.pick([0.05, 0.15]);
      return { at, kind, page, for: lasts, odds };
    }
    case 'block-websocket': {
      const how = random.pick(['refused', 'hangs', 'silent', 'first-frame', 'cut'] as const);
      const block: WebSocketBlock =
        how === 'cut' ? { how, after: random.pick([200, 3_000, 12_000]) } : { how };
      return { at, kind, page, for: lasts * 2, block, cuts: random.chance(0.7) };
    }
    case 'block-sse': {
      const how = random.pick(['refused', 'buffered', 'one-behind', 'cut'] as const);
      const block: StreamBlock = how === 'cut' ? { how, after: random.pick([200, 3_000, 12_000]) } : { how };
      return { at, kind, page, for: lasts * 2, block, cuts: random.chance(0.7) };
    }
    case 'block-long-poll':
      return { at, kind, page, for: lasts * 2, block: { how: 'cut', after: random.pick([1_000, 8_000]) } };
    case 'cap':
      return { at, kind, page, for: lasts, bytes: random.pick([2_000, 8_000]) };
    case 'garble':
      return { at, kind, page, for: lasts, odds: random.pick([0.02, 0.2]) };
    case 'sleep':
      return { at, kind, page, for: random.chance(0.1) ? 150_000 : lasts * 2 };
    case 'offline':
    case 'park':
      return { at, kind, page, for: lasts };
    case 'reload':
      return { at, kind, page, says: random.pick(['bye', 'away', 'nothing'] as const) };
    case 'deny':
      return { at, kind, page, for: lasts, channel: random.pick(CHANNELS) };
    case 'kill':
      return { at, kind, node, for: random.pick([100, 2_000, 10_000]), silent: random.chance(0.3) };
    case 'pause':
      return { at, kind, node, for: random.chance(0.2) ? 70_000 : lasts };
    case 'drain':
      return { at, kind, node, for: 10_000, spread: random.pick([1_000, 4_000]) };
    case 'wall-jump':
      return { at, kind, node, by: random.pick([-3_600_000, 3_600_000]) };
    case 'store-slow':
      return { at, kind, for: lasts, most: random.pick([100, 3_000]) };
    case 'store-fails':
      return {
        at,
        kind,
        for: lasts / 2,
        before: random.pick([0, 0.1, 0.5]),
        after: random.pick([0, 0.1, 0.3]),
      };
    case 'hints':
      return { at, kind, for: lasts * 2, lost: random.pick([0, 0.3, 1]), late: random.pick([10, 500]) };
    case 'fail-over':
      return { at, kind, lost: random.pick([0, 1, 3, 10, 30]) };
  }
}

function drawSteps(random: Random, chaos: number, pages: number): Step[] {
  const steps: Step[] = [];
  const pace = random.pick([200, 700, 2_000]);
  for (let page = 0; page < pages; page++) {
    const presence = random.chance(0.4);
    for (const channel of CHANNELS) {
      if (random.chance(0.8))
        steps.push({
          at: random.whole(0, 500),
          page,
          act: 'subscribe',
          channel,
          last: random.pick([0, 0, 5, 100]),
          presence,
        });
    }
    for (let at = random.whole(0, 1_000); at < chaos; at += random.between(0, 2 * pace)) {
      const channel = random.pick(CHANNELS);
      const draw = random.next();
      if (draw < 0.8)
        steps.push({ at, page, act: 'publish', channel, size: random.chance(0.05) ? 3_000 : 0 });
      else if (draw < 0.92)
        steps.push({
          at,
          page,
          act: 'request',
          once: random.chance(0.3),
          takes: random.pick([0, 20, 2_000]),
        });
      else if (draw < 0.95) steps.push({ at, page, act: 'unsubscribe', channel });
      else if (draw < 0.99)
        steps.push({ at, page, act: 'subscribe', channel, last: random.pick([0, 3]), presence });
      else steps.push({ at, page, act: 'ping' });
    }
  }
  return steps.sort((one, other) => one.at - other.at);
}
