/** A server whose sessions are short, and which says what it holds. Needs `--expose-gc`. */
import { createRealtime, memoryStore } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { expose } from '../transports/child.js';
import { ROOMS } from './knock.js';

/** How long a session lives on without contact, ms. */
const WINDOW = 1_500;

const endless = { perSecond: 1e6, burst: 1e6 };
const realtime = createRealtime({
  store: memoryStore({ window: WINDOW, presenceWindow: WINDOW, retention: { entries: 10 } }),
  limits: { openRate: endless, requestRate: endless, sendRate: endless },
  times: { window: WINDOW },
  logger: false,
});
const { port } = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
const collect = (globalThis as unknown as { gc(): void }).gc;

export interface Held {
  /** Bytes of heap in use after a collection. */
  heap: number;
  /** Handles and requests that keep the process alive, timers among them, by kind. */
  resources: Record<string, number>;
  connections: number;
  /** They leave with their sessions. */
  members: number;
}

const verbs = {
  port: () => port,
  async held(): Promise<Held> {
    collect();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    const rooms = await Promise.all(ROOMS.map((room) => realtime.members(room)));
    return {
      ...{ heap: process.memoryUsage().heapUsed, resources },
      ...{ connections: realtime.activeConnections, members: rooms.flat().length },
    };
  },
};
export type FlatVerbs = typeof verbs;

expose(verbs);
