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

/** Hands on what arrives when it is due, in order: timers that fall due together may fire in any order. */
function delay(from: Socket, to: Socket, due: (now: number) => number): void {
  const waiting: (() => void)[] = [];
  const pass = (act: () => void): void => {
    waiting.push(act);
    const now = performance.now();
    setTimeout(() => waiting.shift()!(), due(now) - now);
  };
  from.on('data', (chunk: Buffer) => pass(() => to.writable && to.write(chunk)));
  from.on('end', () => pass(() => to.end()));
}
