/** A request and its answer: what the box refuses by itself, what it asks the target, and what it makes of the answer. */
import { Readable } from 'node:stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerItself, answerLimitOf, headOf, pass } from './answer.js';
import type { FaultName, Faults } from './faults.js';
import { endToEnd, inPairs, valuesOf } from './headers.js';
import type { Link } from './link.js';
import type { Asking } from './target.js';
import type { Traffic } from './traffic.js';

/** What `http10` collects of a body that does not say how long it is. */
const MOST_COLLECTED = 64 * 1_048_576;
/** A repeated request is given up after this time: nobody waits for its answer. */
const REPEAT_FOR = 5_000;

/** A request as it came. */
export interface Asked extends Asking {
  readonly body: Readable;
}

export function relay(traffic: Traffic, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method = 'GET', url: path = '/', rawHeaders } = incoming;
  const link = traffic.begin(incoming.socket, `${method} ${path}`, false);
  if (!link) return;
  outgoing.once('close', () => {
    link.clientGone({ brokeOff: !incoming.complete });
    // What is left of it is read: it stands before the next request, and who is still sending does not see the answer.
    if (!link.halved) incoming.unpipe().resume();
  });
  exchange(traffic, link, { method, path, headers: rawHeaders, body: incoming }, outgoing);
}

/** Gets an answer for a request, from the box, from what was kept, or from the target. */
export function exchange(traffic: Traffic, link: Link, asked: Asked, outgoing: ServerResponse): void {
  outgoing.sendDate = false;
  outgoing.on('error', () => {});
  const { faults } = link;
  const { body, headers } = asked;
  const refusal = refusalOf(asked, faults);
  if (refusal) return refuse(link, outgoing, refusal);
  const kept = keptFor(traffic, link, asked);
  if (kept) return pass(link, outgoing, kept, Readable.from([kept.body]), acceptsGzip(asked));

  const limit = limitOf(faults);
  const unknownLength = valuesOf(headers, 'transfer-encoding') !== '';
  if (unknownLength && (limit || faults.http10)) {
    collect(body, limit?.most ?? MOST_COLLECTED, (whole) => {
      if (!whole) return refuse(link, outgoing, limit ?? { fault: 'http10', status: 413 });
      forward(traffic, link, { ...asked, headers: framed(asked, whole) }, outgoing);
      link.up.end(whole);
    });
  } else {
    forward(traffic, link, { ...asked, headers: framed(asked) }, outgoing);
    body.pipe(link.up);
  }
}

function forward(traffic: Traffic, link: Link, asked: Asked, outgoing: ServerResponse): void {
  link.up.mark(() => {
    if (link.isResetNow('before')) return;
    const request = traffic.ask(link, asked);
    let answered = false;
    link.leavesBy(() => request.destroy());
    request.on('error', () => {
      // Once there is an answer, its own end tells.
      if (!answered) link.targetGone(() => answerItself(link, outgoing, 502));
    });
    request.on('response', (answer) => {
      answered = true;
      if (!link.isResetNow('after')) takeAnswer(traffic, link, asked, answer, outgoing);
    });
    request.once('close', () => link.halved && link.finish());
    link.up.pipe(request);
    if (asked.method === 'POST' && link.faults['repeat-posts']) repeat(traffic, link, asked);
  });
}

function takeAnswer(
  traffic: Traffic,
  link: Link,
  asked: Asked,
  answer: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const { faults } = link;
  const head = headOf(answer);
  answer.on('error', () => link.targetGone(() => answerItself(link, outgoing, 502)));
  const streams = /^text\/event-stream\b/.test(valuesOf(head.headers, 'content-type'));
  if (streams && faults['refuse-streams']) {
    answer.destroy();
    return refuse(link, outgoing, { fault: 'refuse-streams', status: faults['refuse-streams'] });
  }
  const limit = answerLimitOf(faults);
  if (limit?.instead && Number(valuesOf(head.headers, 'content-length')) > limit.most) {
    answer.destroy();
    return refuse(link, outgoing, { fault: limit.fault, status: limit.instead });
  }
  if (faults['cache-gets'] && asked.method === 'GET' && head.status === 200) {
    traffic.cache.record(cacheKey(asked), head, answer);
  }
  answer.once('end', () => {
    const trailers = inPairs(answer.rawTrailers);
    if (trailers.length > 0) outgoing.addTrailers(trailers);
  });
  pass(link, outgoing, head, answer, acceptsGzip(asked));
}

/** The same request once more. Its answer is thrown away. */
function repeat(traffic: Traffic, link: Link, asked: Asked): void {
  const again = traffic.ask(link, asked);
  const timer = setTimeout(() => again.destroy(), REPEAT_FOR);
  traffic.detached.add(again);
  again.on('error', () => {});
  again.on('response', (answer) => answer.resume().on('error', () => {}));
  again.once('close', () => {
    clearTimeout(timer);
    traffic.detached.delete(again);
  });
  link.strike('repeat-posts');
  link.up.pipe(again);
}

// ─── What the box decides by itself ─────────────────────────────────────────

interface Refusal {
  readonly fault: FaultName;
  readonly status: number | 'cut';
}

function refusalOf({ method, headers }: Asked, faults: Faults): Refusal | undefined {
  if (faults.refuse) return { fault: 'refuse', status: faults.refuse };
  if (faults['only-get-post'] && method !== 'GET' && method !== 'POST') {
    return { fault: 'only-get-post', status: 405 };
  }
  const limit = limitOf(faults);
  return limit && Number(valuesOf(headers, 'content-length')) > limit.most ? limit : undefined;
}

const LIMITS = { 'limit-bodies': 413, 'limit-bodies-502': 502, 'limit-bodies-cut': 'cut' } as const;

function limitOf(faults: Faults): (Refusal & { most: number }) | undefined {
  for (const fault of ['limit-bodies', 'limit-bodies-502', 'limit-bodies-cut'] as const) {
    const most = faults[fault];
    if (most !== undefined) return { fault, status: LIMITS[fault], most };
  }
  return undefined;
}

function refuse(link: Link, outgoing: ServerResponse, { fault, status }: Refusal): void {
  link.strike(fault);
  if (status === 'cut') return link.cut();
  answerItself(link, outgoing, status);
}

const cacheKey = ({ headers, path }: Asked): string => `${valuesOf(headers, 'host')} ${path}`;

function keptFor(traffic: Traffic, link: Link, asked: Asked) {
  const age = link.faults['cache-gets'];
  if (age === undefined || asked.method !== 'GET') return undefined;
  const kept = traffic.cache.get(cacheKey(asked), performance.now() - age);
  if (kept) link.strike('cache-gets');
  return kept;
}

const acceptsGzip = ({ headers }: Asked): boolean => /\bgzip\b/.test(valuesOf(headers, 'accept-encoding'));

// ─── Bodies ─────────────────────────────────────────────────────────────────

/** The headers of the request to the target, where the length of the body is told as it was: known, in chunks, or none. */
function framed({ method, headers }: Asked, whole?: Buffer): string[] {
  // The connection to the target is for this request only.
  const passed = [...endToEnd(headers), 'Connection', 'close'];
  if (whole) return [...passed, 'Content-Length', `${whole.length}`];
  if (valuesOf(headers, 'transfer-encoding') !== '') return [...passed, 'Transfer-Encoding', 'chunked'];
  const bare = valuesOf(headers, 'content-length') === '' && /^(POST|PUT|PATCH)$/.test(method);
  return bare ? [...passed, 'Content-Length', '0'] : passed;
}

/** The whole body, or undefined as soon as it is longer than allowed. Never, when the client breaks off. */
function collect(body: Readable, most: number, then: (whole: Buffer | undefined) => void): void {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const take = (piece: Buffer): void => {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes <= most) return;
    body.off('data', take).off('end', end);
    then(undefined);
  };
  const end = (): void => then(Buffer.concat(pieces));
  body.on('data', take).on('end', end);
}
