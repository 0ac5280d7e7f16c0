/** The entry: a box, its profiles, and the table of faults. */
export { BoxError, openBox } from './box.js';
export type { Box, BoxErrorCode, BoxOptions } from './box.js';
export { FAULTS, usageOf } from './faults.js';
export type { Fault, FaultName, Faults, FaultText } from './faults.js';
export { parseProfile, ProfileError } from './profile.js';
export type { Profile, ProfileErrorCode } from './profile.js';
export type { BoxEvent, Stats } from './traffic.js';
