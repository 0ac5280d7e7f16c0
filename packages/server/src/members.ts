/** How comings and goings are told: as entries of the channel, by whoever keeps the list (P45, P46). */
import { Dimension, encodeBody } from '@iskra/protocol/wire';
import type { Member } from '@iskra/protocol/wire';

/** The body of the entry that tells it. */
export function memberBody(delta: 'member_joined' | 'member_left', member: Member): string {
  return encodeBody({ delta, dimension: Dimension.session, payload: member });
}
