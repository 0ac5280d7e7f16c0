/** The schedules that are written by hand, for the tests and for builds with a broken rule. */
import type { Schedule } from '../schedule.js';
import { waiting as waitingApart } from './apart.js';
import { downlink } from './downlink.js';
import { dying } from './dying.js';
import { failover } from './failover.js';
import { failure, waiting as waitingFailure } from './failure.js';
import { handover } from './handover.js';
import { limits } from './limits.js';
import { liveness } from './liveness.js';
import { members } from './members.js';
import { rules, waiting as waitingRules } from './rules.js';
import { sessions, waiting as waitingSessions } from './sessions.js';
import { subscribing } from './subscribing.js';
import { switching } from './switching.js';
import { time } from './time.js';
import { uplink } from './uplink.js';

export const schedules: readonly Schedule[] = [
  ...uplink,
  ...dying,
  ...switching,
  ...downlink,
  ...sessions,
  ...time,
  ...failover,
  ...handover,
  ...subscribing,
  ...limits,
  ...failure,
  ...rules,
  ...members,
  ...liveness,
];

/** They show what is not mended yet. */
export const waiting: readonly Schedule[] = [
  ...waitingRules,
  ...waitingFailure,
  ...waitingSessions,
  ...waitingApart,
];

/** Rows that our design has no place for, and why. */
export const inapplicable: readonly { readonly id: string; readonly why: string }[] = [
  {
    id: 'R50',
    why: 'nobody gets to send 2^52: a number beyond it is refused as it is read, which readers.test.ts shows.',
  },
];
