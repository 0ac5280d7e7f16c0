/**
 * One TCP connection of the load, spoken by hand: first it talks (text in, text
 * out, until the peer says that it is ready), then it counts markers in
 * whatever arrives. Counting costs one search per read, so the load's core has
 * room where the server's has none. It never parses what it only counts.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { MARKER } from '../harness/work.js';

const mark = Buffer.from(MARKER, 'latin1');

/** All lines read into the same memory: nothing is kept of a read after its callback. */
const shared = Buffer.allocUnsafeSlow(256 * 1024);

export class Line {
  /** Where the reads go; replaced when a conversation becomes counting. */
  onChunk: (chunk: Buffer) => void = () => {};
  #closing = false;

  private constructor(readonly socket: Socket) {}

  static open(port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket: Socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          buffer: shared,
          callback: (bytes) => {
            line.onChunk(shared.subarray(0, bytes));
            return true;
          },
        },
      });
      const line = new Line(socket);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        // A line that dies would make the figures of the others look better: it ends the whole case.
        socket.on('error', (error) => line.#died(error.message));
        socket.on('close', () => line.#died('the server closed it'));
        resolve(line);
      });
    });
  }

  /** Writes text whose characters are its bytes. */
  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** From now on every marker that arrives is counted, and every read that holds some is told. */
  count(onMarkers: (markers: number) => void): void {
    const counter = markerCounter();
    this.onChunk = (chunk) => {
      const markers = counter(chunk);
      if (markers > 0) onMarkers(markers);
    };
  }

  close(): void {
    this.#closing = true;
    this.socket.destroy();
  }

  #died(why: string): void {
    if (!this.#closing) throw new Error(`a connection of the load died: ${why}`);
  }
}

/** Counts markers in a stream that may be cut anywhere. */
export function markerCounter(): (chunk: Buffer) => number {
  /** How many characters of a marker the last chunk ended with. */
  let begun = 0;
  return (chunk) => {
    let found = 0;
    let from = 0;
    if (begun > 0) {
      while (begun < mark.length && from < chunk.length && chunk[from] === mark[begun]) {
        begun++;
        from++;
      }
      if (begun === mark.length) found++;
      else if (from === chunk.length) return 0;
    }
    for (let at = chunk.indexOf(mark, from); at >= 0; at = chunk.indexOf(mark, at + mark.length)) found++;
    begun = 0;
    for (let length = Math.min(mark.length - 1, chunk.length - from); length > 0; length--) {
      if (mark.subarray(0, length).equals(chunk.subarray(chunk.length - length))) {
        begun = length;
        break;
      }
    }
    return found;
  };
}

/** Runs a task for 0 … count-1, so many at a time, and keeps the results in order. */
export async function inTurn<Result>(
  count: number,
  atOnce: number,
  task: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await task(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return results;
}
