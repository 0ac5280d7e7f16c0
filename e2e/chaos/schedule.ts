/** PURE. Draws from a seed what will go wrong, and when. */
import { chanceOf, seedFor } from './random.js';
import type { Chance } from './random.js';

/** What takes a transport away; the proxy knows how. */
export const BLOCKS = [
  ...(['ws-refuse', 'ws-swallow', 'ws-kill', 'sse-refuse', 'sse-hold', 'poll-refuse', 'poll-cut'] as const),
  'down',
] as const;
export type Block = (typeof BLOCKS)[number];

/** `share`: of what is open, or of what comes, 0..1. Times in ms. */
export type Action =
  /** Open connections end: for both ends, or for one, while the other hears nothing of it. */
  | { do: 'cut'; share: number; side: 'both' | 'client' | 'server' }
  /** Bytes of open connections wait; a connection that ends meanwhile does not seem to. */
  | { do: 'stall'; share: number; way: 'up' | 'down' | 'both'; ms: number }
  /** The next answers are reset in their middle. */
  | { do: 'truncate'; count: number }
  /** POSTs wait, each for a time of its own up to `ms`, so that later ones pass them. */
  | { do: 'delay'; share: number; ms: number }
  /** POSTs arrive twice, the second time up to `ms` later. */
  | { do: 'repeat'; share: number; ms: number }
  | { do: 'block'; fault: Block }
  | { do: 'unblock'; fault: Block }
  /** The server's process stands still. */
  | { do: 'freeze'; ms: number }
  /** The server dies, and another one, which remembers nothing, starts. */
  | { do: 'kill' }
  | { do: 'reload' };

export type Step = Action & { at: number };

/** How often each is drawn before any is drawn again. Death is rare: sessions must live to see the rest. */
const SHARES: Record<Exclude<Action['do'], 'unblock'>, number> = {
  ...{ cut: 5, stall: 5, truncate: 3, delay: 2, repeat: 3 },
  ...{ block: 7, freeze: 2, kill: 1, reload: 1 },
};
type Drawn = keyof typeof SHARES;
const DECK = (Object.keys(SHARES) as Drawn[]).flatMap((what) =>
  Array.from({ length: SHARES[what] }, () => what),
);

/** Between two steps, ms. */
const PAUSE = [150, 700] as const;
/** How long a block, a delay or a repetition lasts, ms. */
const SPELL = [500, 4_000] as const;

/** The steps of so many milliseconds, in their order. What they began is over at the end. */
export function drawSchedule(seed: number, length: number): Step[] {
  const chance = chanceOf(seedFor(seed, 'schedule'));
  const steps: Step[] = [];
  let deck: Drawn[] = [];
  for (let at = chance.between(...PAUSE); at < length; at += chance.between(...PAUSE)) {
    if (deck.length === 0) deck = chance.shuffled(DECK);
    steps.push(...draw(deck.pop()!, at, chance));
  }
  // The order of arrival among those of one moment stays, as sorting is stable.
  return steps.filter(({ at }) => at < length).sort((a, b) => a.at - b.at);
}

/** One step, and the one that ends it. */
function draw(what: Drawn, at: number, chance: Chance): Step[] {
  const { between, pick } = chance;
  const share = pick([0.2, 0.5, 1]);
  const over = at + between(...SPELL);
  switch (what) {
    case 'cut':
      return [{ at, do: what, share, side: pick(['both', 'client', 'server'] as const) }];
    case 'stall':
      return [{ at, do: what, share, way: pick(['up', 'down', 'both'] as const), ms: between(300, 5_000) }];
    case 'truncate':
      return [{ at, do: what, count: between(1, 8) }];
    case 'delay':
    case 'repeat':
      return [
        { at, do: what, share, ms: between(50, 1_500) },
        { at: over, do: what, share: 0, ms: 0 },
      ];
    case 'block': {
      const fault = pick(BLOCKS);
      return [
        { at, do: 'block', fault },
        { at: over, do: 'unblock', fault },
      ];
    }
    case 'freeze':
      return [{ at, do: what, ms: between(200, 3_500) }];
    case 'kill':
    case 'reload':
      return [{ at, do: what }];
  }
}
