/** Words of the packages that the simulation uses, by one name. */
import type { Status } from '@iskra/client';

export type SessionState = Status['state'];
export type TransportName = NonNullable<Status['transport']>;
export const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];
