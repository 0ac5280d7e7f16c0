/** Whoever takes a server's memory: readers that do not read, writers that do not stop, and messages that never end. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { ATTACKER, Peer } from '../wire/peer.js';
import type { RawStream } from '../wire/peer.js';

/** What slow readers are in, and writers fill. */
const FAT = 'flood:fat';
/** Further channels, each of which may keep its log. */
const CHANNELS = 400;
/** Characters of a message. */
export const SIZE = 50_000;
const READERS = { websocket: 16, sse: 8 } as const;
const WRITERS = 6;
const BODIES = 30;

const ENVELOPE = JSON.stringify({
  ...{ delta: 'fat', dimension: 1, omega: 1, lambda: 'continue', payload: 'x'.repeat(SIZE) },
});

export interface Flood {
  /** Messages of writers that were taken by their sockets. */
  readonly said: number;
  readonly readers: number;
  /** At most so many writers have a connection. */
  readonly writers: number;
  end(): void;
}

/** Begins at once, and goes on until it is ended. */
export async function flood(port: number): Promise<Flood> {
  const sockets: Socket[] = [];
  const streams: RawStream[] = [];
  let over = false;
  let said = 0;

  const reader = async (kind: keyof typeof READERS): Promise<void> => {
    const peer = await Peer.open(kind, port);
    await peer.subscribe(FAT, { last: 1_000 });
    if (peer.socket !== undefined) sockets.push(peer.socket.socket.pause());
    else streams.push(peer.stream!);
    peer.stream?.pause();
  };

  const writer = async (at: number): Promise<void> => {
    while (!over) {
      // One that goes too fast is closed, and comes again.
      const peer = await Peer.open('websocket', port).catch(() => undefined);
      const socket = peer?.socket?.socket;
      if (peer === undefined || socket === undefined) continue;
      sockets.push(socket);
      const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      for (let n = 0; !over && socket.writable; n++) {
        const channel = n % 4 === 0 ? FAT : `flood:${(n * WRITERS + at) % CHANNELS}`;
        const text = `[["publish",${peer.next()},"${channel}",${ENVELOPE}]]`;
        if (!socket.write(frameOf(text)))
          await Promise.race([gone, new Promise<void>((resolve) => socket.once('drain', () => resolve()))]);
        said++;
      }
    }
  };

  /** Comes in part, and no further. */
  const body = (): void => {
    if (over) return;
    const socket = connect({ host: '127.0.0.1', port, localAddress: ATTACKER });
    sockets.push(socket);
    socket.on('error', () => {}).on('close', () => setTimeout(body, 500));
    socket.write(
      `POST /realtime/poll HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 262144\r\n\r\n${' '.repeat(200_000)}`,
    );
  };

  const readers = (Object.keys(READERS) as (keyof typeof READERS)[]).flatMap((kind) =>
    Array.from({ length: READERS[kind] }, () => reader(kind)),
  );
  await Promise.all(readers);
  const writers = Array.from({ length: WRITERS }, (_, at) => writer(at));
  for (let at = 0; at < BODIES; at++) body();

  return {
    get said() {
      return said;
    },
    readers: readers.length,
    writers: WRITERS,
    end() {
      over = true;
      for (const one of [...sockets, ...streams]) one.destroy();
      void Promise.allSettled(writers);
    },
  };
}

/** A text message of 126 to 65,535 bytes, masked with zeros: a flood has no time to mask. */
function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.from([0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}
