/** The schedules that are written by hand, for the tests and for builds with a broken rule. */
import type { Schedule } from '../schedule.js';
import { answers } from './answers.js';
import { apart } from './apart.js';
import { downlink } from './downlink.js';
import { draining } from './draining.js';
import { dying } from './dying.js';
import { failover } from './failover.js';
import { failure } from './failure.js';
import { handover } from './handover.js';
import { limits } from './limits.js';
import { liveness } from './liveness.js';
import { members } from './members.js';
import { rules } from './rules.js';
import { servers } from './servers.js';
import { sessions } from './sessions.js';
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
  ...answers,
  ...failure,
  ...rules,
  ...members,
  ...liveness,
  ...apart,
  ...servers,
  ...draining,
];

/** Rows that our design has no place for, and why. */
export const inapplicable: readonly { readonly id: string; readonly why: string }[] = [
  {
    id: 'R07',
    why: 'two pages never hold one session: its key and nonce live in the memory of a page, and in no storage that a tab is cloned with.',
  },
  {
    id: 'R50',
    why: 'nobody gets to send 2^52: a number beyond it is refused as it is read, which readers.test.ts shows.',
  },
];
