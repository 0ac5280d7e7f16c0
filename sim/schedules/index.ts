/** The schedules that are written by hand, for the tests and for builds with a broken rule. */
import type { Schedule } from '../schedule.js';
import { failover } from './failover.js';
import { failure } from './failure.js';
import { handover } from './handover.js';
import { limits } from './limits.js';
import { subscribing } from './subscribing.js';
import { uplink } from './uplink.js';

export const schedules: readonly Schedule[] = [
  ...uplink,
  ...failover,
  ...handover,
  ...subscribing,
  ...limits,
  ...failure,
];

/** Rows of the race table that are shown elsewhere, or ask for what there is not. */
export const inapplicable: readonly (readonly [id: string, why: string])[] = [
  [
    'R50',
    'nobody gets to send 2^52: a number beyond is a bad frame, as "counts numbers and offsets up to MAX_NUMBER" shows.',
  ],
];
