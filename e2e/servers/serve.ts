/** A process of its own with one realtime and several doors to it: each listens at its own port, and can be shut and opened again. */
import type { Socket } from 'node:net';
import { serve } from '@iskra/server/node';
import { expose } from '../transports/child.js';
import { createServed } from '../transports/served.js';

export interface DoorsConfig {
  /** Ports to listen at; 0 takes a free one. */
  ports: readonly number[];
}

const { realtime, verbs } = createServed();
const { ports } = JSON.parse(process.argv[2] ?? '{}') as DoorsConfig;

async function open(port: number) {
  const serving = await serve(realtime, { port, hostname: '127.0.0.1' });
  const sockets = new Set<Socket>();
  serving.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    port: serving.port,
    /** As in a crash: nothing is said, all that is open is cut. */
    shut(): Promise<void> {
      const closed = new Promise<void>((resolve) => serving.server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

const doors = await Promise.all(ports.map(open));

const all = {
  ...verbs,
  ports: () => doors.map(({ port }) => port),
  shut: (door: number) => doors[door]!.shut(),
  async openAgain(door: number): Promise<void> {
    doors[door] = await open(doors[door]!.port);
  },
};
export type DoorsVerbs = typeof all;
expose(all);
