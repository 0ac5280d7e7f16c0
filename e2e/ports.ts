/** Ports of 127.0.0.1, for programs that do not say which one they took. */
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** One that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether somebody listens there. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (there: boolean): void => {
      socket.destroy();
      resolve(there);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}
