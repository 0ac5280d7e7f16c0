/** A TCP door before a Redis: its address stays, and what is behind it can be another one; what goes in can be held. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Door {
  readonly url: string;
  /** What is behind it from now on; who is inside is put out. */
  leadTo(port: number): void;
  /** Of each connection so many more writes go in, and no others until `open`. */
  letIn(writes: number): void;
  open(): void;
  /** Puts everybody out. */
  cut(): void;
  end(): Promise<void>;
}

export async function openDoor(first: number): Promise<Door> {
  let port = first;
  const inside = new Map<Socket, Socket>();
  let left = Infinity;
  let held: (() => void)[] = [];
  const server = createServer((socket) => {
    const behind = connect(port, '127.0.0.1');
    inside.set(socket, behind);
    socket.on('data', (bytes: Buffer) => {
      const write = (): void => void behind.write(bytes);
      if (left-- > 0) write();
      else held.push(write);
    });
    behind.on('data', (bytes: Buffer) => void socket.write(bytes));
    for (const [one, other] of [[socket, behind] as const, [behind, socket] as const]) {
      one.on('error', () => {});
      one.on('close', () => {
        inside.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const [socket, behind] of inside) {
      socket.destroy();
      behind.destroy();
    }
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo(to) {
      port = to;
      cut();
    },
    letIn: (writes) => void (left = writes),
    open() {
      left = Infinity;
      for (const write of held) write();
      held = [];
    },
    cut,
    async end() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
