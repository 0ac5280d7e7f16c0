/** Servers of one process on one memory: each has its own port, its own clients and its own end. */
import { startChild } from '../transports/child.js';
import type { Fleet } from './fleet.js';
import type { MemoryNodes } from './serve-memory.js';

export async function memoryFleet(count: number): Promise<Fleet> {
  const { does, kill } = await startChild<MemoryNodes>('rolling/serve-memory', count);
  const ports = await does.ports();
  return {
    is: `${count} servers of one process on one memory`,
    ports,
    roll: (node) => does.roll(node),
    close: kill,
  };
}
