/** What lies between clients and their server: one address that stays while servers come and go, and ways to break it. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

const HOST = '127.0.0.1';

export interface Network {
  readonly port: number;
  /** Ends every connection, and takes none until `mend`. */
  cut(): void;
  /** What the server says from now on waits on the way, until `release`, or is lost with a `cut`; what clients say arrives. */
  hold(): void;
  release(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startNetwork(target: number): Promise<Network> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let held: (() => void)[] | undefined;

  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(target, HOST);
    const end = (): void => {
      for (const socket of [client, upstream]) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', end).on('close', end);
    }
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      if (held) held.push(() => client.write(bytes));
      else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));

  const cut = (): void => {
    isCut = true;
    held = undefined;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    hold: () => void (held = []),
    release() {
      for (const pass of held ?? []) pass();
      held = undefined;
    },
    mend: () => void (isCut = false),
    close() {
      cut();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
