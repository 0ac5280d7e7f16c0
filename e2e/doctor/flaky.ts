/** Something before a server that passes a request on, waits until it was performed, and cuts it then: the first time. */
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Those that come back to a session by a new connection: few, so that all else can be tried. */
const returning = (piece: Buffer): string | undefined =>
  /"hello",\{.*"key":"([^"]+)/.exec(piece.toString('latin1'))?.[1];

export async function listenFlaky(port: number): Promise<{ readonly port: number; close(): void }> {
  const known = new Set<string>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const end = (): void => void (near.destroy(), far.destroy());
    for (const side of [near, far]) side.on('error', end).on('close', end);
    let isDoomed = false;
    near.on('data', (piece: Buffer) => {
      const key = returning(piece);
      isDoomed ||= key !== undefined && !known.has(key);
      if (key !== undefined) known.add(key);
      far.write(piece);
    });
    far.on('data', (piece: Buffer) => void (isDoomed ? end() : near.write(piece)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
