/** What server, clients and oracle of a run have in common. */

export type Room = `room:${string}`;

/** Everybody is a member here. */
export const HALL: Room = 'room:hall';
/** Everybody listens here, from a few entries back. */
export const YARD: Room = 'room:yard';
/** Here they come and go. */
export const DOOR: Room = 'room:door';
export const ROOMS: readonly Room[] = [HALL, YARD, DOOR];

/** Entries that a log keeps: more than a round brings, so that no gap has to be told for them. */
export const RETENTION = { entries: 100_000, bytes: 256 * 1024 * 1024 };
/** Between heartbeats, ms: what is dead is noticed within seconds. */
export const HEARTBEAT = 2_000;
/** A member that says nothing leaves after this time, ms. */
export const PRESENCE_WINDOW = 8_000;
