/**
 * Boxes that let only small answers pass. They matter to whoever has nothing but polls, so they take the streams away as
 * well. Drawn by a generator of its own, so that everything else of a seed stays as it is.
 */
import { createRandom } from './random.js';
import type { StreamBlock, WebSocketBlock } from './way.js';

/** What becomes of larger answers. */
export interface AnswerCap {
  bytes: number;
  /** Broken off, replaced by a 502, or neither sent nor refused. */
  how: 'truncated' | 'gateway' | 'lost';
}

/** For so many ms. */
export type Cap = { at: number; page: number; for: number } & (
  | { kind: 'cap-answers'; cap: AnswerCap }
  | { kind: 'block-websocket'; block: WebSocketBlock; cuts: boolean }
  | { kind: 'block-sse'; block: StreamBlock; cuts: boolean }
);

export function drawCaps(seed: number, pages: number, chaos: number): Cap[] {
  const random = createRandom(seed, 'caps');
  if (!random.chance(0.2)) return [];
  return Array.from({ length: pages }, (_, page) => page).flatMap((page): Cap[] => {
    if (random.chance(0.4)) return [];
    const when = { at: random.whole(0, chaos / 2), page, for: random.pick([5_000, 15_000, 30_000]) };
    const cap: AnswerCap = {
      bytes: random.pick([2_000, 2_500, 8_000]),
      how: random.pick(['truncated', 'gateway', 'lost'] as const),
    };
    const box: Cap = { ...when, kind: 'cap-answers', cap };
    if (random.chance(0.2)) return [box];
    const block = { how: 'refused' } as const;
    return [
      { ...when, kind: 'block-websocket', block, cuts: true },
      { ...when, kind: 'block-sse', block, cuts: true },
      box,
    ];
  });
}
