/**
 * Pages that know several servers: which nodes are behind each of their addresses, and when an address is out of reach
 * for a page while its nodes live. Drawn by a generator of its own, so that everything else of a seed stays as it is.
 */
import { createRandom } from './random.js';

/** Behind each address of a page, the primary first, these nodes by number. */
export type Addresses = readonly (readonly number[])[];

/** For so many ms nothing gets to this address of the page: it is refused, or nobody answers. */
export interface Shut {
  at: number;
  kind: 'shut';
  page: number;
  address: number;
  for: number;
  how: 'refused' | 'hangs';
}

export function drawAddresses(
  seed: number,
  pages: number,
  nodes: number,
  chaos: number,
): { addresses: Addresses[]; shut: Shut[] } {
  const random = createRandom(seed, 'addresses');
  if (!random.chance(0.25)) return { addresses: [], shut: [] };
  const all = Array.from({ length: nodes }, (_, node) => node);
  const addresses = Array.from({ length: pages }, (): Addresses => {
    if (random.chance(0.2)) return [all];
    const primary = random.pick(all);
    // Of one node these are two doors.
    return [[primary], nodes === 1 ? all : all.filter((node) => node !== primary)];
  });
  const shut = addresses.flatMap((list, page) =>
    Array.from({ length: list.length === 1 ? 0 : random.whole(0, 4) }, (): Shut => ({
      at: random.whole(0, chaos),
      kind: 'shut',
      page,
      address: random.chance(0.75) ? 0 : 1,
      for: random.pick([300, 2_000, 8_000, 20_000]),
      how: random.pick(['refused', 'hangs'] as const),
    })),
  );
  return { addresses, shut };
}
