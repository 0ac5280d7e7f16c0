/** One exchange: both ends say their plan at the same time, then it is waited, within bounds, until all has arrived. */
import type { Remote } from '../browser/remote.js';
import type { Party } from './party.js';
import { countOf } from './plan.js';
import type { Turn } from './plan.js';
import type { MatrixVerbs } from './served.js';
import { pause, speak, until } from './speak.js';
import { tallyOf } from './tally.js';
import type { Tally } from './tally.js';

export interface Exchange {
  /** From the first call to the first message, ms; undefined: none came. */
  readonly first: number | undefined;
  readonly up: Tally;
  readonly down: Tally;
  /** How long the last message took, from when it was said; undefined: something never came, ms. */
  readonly tail: number | undefined;
  /** How long a message took to come down, in the middle, ms. */
  readonly delay: number | undefined;
  readonly disconnects: number;
}

export interface Bounds {
  /** For the first message, ms. */
  readonly first: number;
  /** For all messages, once the last was said, ms. */
  readonly rest: number;
}

export const BOUNDS: Bounds = { first: 20_000, rest: 60_000 };

/** After all has arrived, something may still arrive again, ms. */
const LINGER = 1_500;

/** The rest is asked for by IPC: not too often. */
const LOOK = 100;

/** @param spoken called when the first part is over, and it is only waited */
export async function play(
  name: string,
  server: Remote<MatrixVerbs>,
  open: () => Party,
  plans: { up: readonly Turn[]; down: readonly Turn[] },
  spoken: () => void = () => {},
  bounds = BOUNDS,
): Promise<Exchange> {
  const [up, down] = [countOf(plans.up), countOf(plans.down)];
  await server.prepare(name);
  const began = performance.now();
  const party = open();
  let first: number | undefined;
  await until(
    () => {
      if (party.heard.length > 0) first ??= performance.now() - began;
      return party.ready;
    },
    bounds.first,
    1,
  );
  if (!party.ready) {
    spoken();
    const none = { sent: 0, lost: 0, doubled: 0, reordered: 0 };
    return { first, up: none, down: none, tail: undefined, delay: undefined, disconnects: party.disconnects };
  }
  await Promise.all([server.begin(name, plans.down), speak(plans.up, party.say)]);
  const said = performance.now();
  spoken();
  const all = await until(
    async () => party.heard.length > down && (await server.count(name)) >= up,
    bounds.rest,
    LOOK,
  );
  const tail = all ? performance.now() - said : undefined;
  await pause(LINGER);
  return {
    first,
    up: tallyOf(up, await server.heard(name)),
    // The first message belongs to no plan; a second one of it would be too much.
    down: tallyOf(down, withoutFirst(party.heard)),
    tail,
    // The first message waited for somebody to come.
    delay: middleOf(party.delays.slice(1)),
    disconnects: party.disconnects,
  };
}

/** Of what was heard, all but the first message. */
export const withoutFirst = (heard: readonly number[]): number[] => {
  const at = heard.indexOf(0);
  return heard.filter((_, index) => index !== at);
};

const middleOf = (values: readonly number[]): number | undefined =>
  [...values].sort((a, b) => a - b)[values.length >> 1];
