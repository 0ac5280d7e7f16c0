/**
 * A TCP proxy of 127.0.0.1 that makes a link of a given round-trip time out of
 * loopback: every byte takes half of it, and nothing passes before the TCP
 * handshake would have been over on such a link.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface SlowLink {
  readonly port: number;
  close(): void;
}

export async function slowLink(to: number, roundTrip: number): Promise<SlowLink> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const connected = performance.now() + roundTrip;
    delay(near, far, (now) => Math.max(now, connected) + roundTrip / 2);
    delay(far, near, (now) => now + roundTrip / 2);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => {
        near.destroy();
        far.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Timers have a grain of a millisecond and are late rather than early; a few of those would be a tenth of a trip. */
const GRAIN = 2;

/** Hands on what arrives when it is due, in order: timers that fall due together may fire in any order. */
function delay(from: Socket, to: Socket, dueAt: (now: number) => number): void {
  const waiting: { due: number; act: () => void }[] = [];
  const pass = (act: () => void): void => {
    const now = performance.now();
    const due = dueAt(now);
    waiting.push({ due, act });
    setTimeout(
      () => {
        const first = waiting.shift()!;
        while (performance.now() < first.due);
        first.act();
      },
      due - now - GRAIN,
    );
  };
  from.on('data', (chunk: Buffer) => pass(() => to.writable && to.write(chunk)));
  from.on('end', () => pass(() => to.end()));
}
