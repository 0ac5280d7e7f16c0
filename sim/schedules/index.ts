/** The schedules that are written by hand, for the tests and for builds with a broken rule. */
import type { Schedule } from '../schedule.js';
import { uplink } from './uplink.js';

export const schedules: readonly Schedule[] = [...uplink];
