/** How an answer goes back to the client: the target's own, one that was kept, or one that the box gives in its place. */
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Transform, Writable } from 'node:stream';
import type { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Head } from './cache.js';
import { endToEnd, pick, valuesOf, wellKnown } from './headers.js';
import { holdBy } from './held.js';
import type { Faults } from './faults.js';
import type { Link } from './link.js';

/** What the target said, without what belongs to its connection only. */
export const headOf = (answer: IncomingMessage): Head => ({
  status: answer.statusCode ?? 502,
  message: answer.statusMessage ?? '',
  headers: endToEnd(answer.rawHeaders),
});

/** Passes an answer on, in the shape that the faults give it. `gzips`: the client takes compressed answers. */
export function pass(link: Link, outgoing: ServerResponse, head: Head, body: Readable, gzips: boolean): void {
  const { faults } = link;
  const squeezed = faults.gzip !== undefined && gzips && isPlain(head, outgoing);
  const shown = faults['strip-headers'] ? wellKnown(head.headers) : head.headers;
  const headers = squeezed
    ? [
        ...pick(shown, (name) => name !== 'content-length'),
        'Content-Encoding',
        'gzip',
        'Vary',
        'Accept-Encoding',
      ]
    : [...shown];
  const begin = (): void => {
    link.down.mark(() => {
      outgoing.writeHead(head.status, head.message, headers).flushHeaders();
    });
  };
  if (squeezed) link.strike('gzip');
  for (const fault of ['buffer', 'hold-first', 'one-behind', 'strip-headers'] as const) {
    if (faults[fault] !== undefined) link.strike(fault);
  }

  const held = body.pipe(holding(faults, begin));
  const out = squeezed ? held.pipe(createGzip()) : held;
  out.pipe(link.down).pipe(limited(link, outgoing));
}

const LIMITS = [
  ['limit-answers', undefined],
  ['limit-answers-502', 502],
  ['limit-answers-cut', 'cut'],
] as const;

/** How long an answer may be, and what is in the place of one that says that it is longer; undefined: its beginning. */
export function answerLimitOf(faults: Faults) {
  for (const [fault, instead] of LIMITS) {
    const most = faults[fault];
    if (most !== undefined) return { fault, most, instead };
  }
  return undefined;
}

/** Where an answer goes that is cut behind so many bytes, if there is a limit. */
function limited(link: Link, outgoing: ServerResponse): Writable {
  const limit = answerLimitOf(link.faults);
  if (!limit) return outgoing;
  let left = limit.most;
  return new Writable({
    write(piece: Buffer, _encoding, done) {
      const passes = piece.subarray(0, left);
      left -= piece.length;
      if (left >= 0) return void outgoing.write(passes, () => done());
      link.strike(limit.fault);
      if (passes.length === 0) return link.cut();
      outgoing.write(passes, () => link.cut());
    },
    final(done) {
      outgoing.end(() => done());
    },
  });
}

/** Answers in the place of the target, as boxes do: a status, and a line for people. */
export function answerItself(link: Link, outgoing: ServerResponse, status: number): void {
  link.down.mark(() => {
    if (outgoing.headersSent) return link.cut();
    const text = `${status} ${STATUS_CODES[status] ?? ''}\n`;
    outgoing.writeHead(status, { 'content-type': 'text/plain', 'content-length': text.length });
    outgoing.end(text);
  });
}

/** `begin` is called before the first piece that goes on: where answers are collected, their headers wait with them. */
function holding(faults: Faults, begin: () => void): Transform {
  const held = holdBy(faults);
  let begun = false;
  const ensure = (): void => {
    if (begun) return;
    begun = true;
    begin();
  };
  if (faults.buffer === undefined) ensure();
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      for (const going of held.take(piece)) {
        ensure();
        this.push(going);
      }
      done();
    },
    flush(done) {
      ensure();
      for (const going of held.rest()) this.push(going);
      done();
    },
  });
}

/** Has a body that is not compressed yet. */
const isPlain = ({ status, headers }: Head, { req }: ServerResponse): boolean =>
  req.method !== 'HEAD' && status !== 204 && status !== 304 && valuesOf(headers, 'content-encoding') === '';
