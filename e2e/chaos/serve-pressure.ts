/**
 * A server with little memory: its heap ends at what `--max-old-space-size` says, and with it the process. What it may keep is
 * set as whoever runs a small machine would set it.
 */
import { createRealtime, memoryStore } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { expose } from '../transports/child.js';

export interface PressureConfig {
  /** Bytes that all logs may keep. */
  maxBytes: number;
  /** How long a connection may be full, ms. */
  slow: number;
}

const { maxBytes, slow } = JSON.parse(process.argv[2] ?? '{}') as PressureConfig;
const realtime = createRealtime({
  store: memoryStore({ maxBytes }),
  limits: { bodies: 8 * 1024 * 1024 },
  times: { slow },
  logger: false,
});
realtime.handle('echo', (input) => input);
const { port } = await serve(realtime, { port: 0, hostname: '127.0.0.1' });

export interface Held {
  /** Bytes of heap in use. */
  heap: number;
  /** Bytes of memory of the process. */
  rss: number;
  connections: number;
}

const verbs = {
  port: () => port,
  held: (): Held => {
    const { heapUsed, rss } = process.memoryUsage();
    return { heap: heapUsed, rss, connections: realtime.activeConnections };
  },
  /** The same after a collection. */
  settled: (): Held => {
    (globalThis as unknown as { gc(): void }).gc();
    return verbs.held();
  },
};
export type PressureVerbs = typeof verbs;

expose(verbs);
