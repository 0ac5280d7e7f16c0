/** POSTs over a way: each on a connection of its own, bounded in time and size, its answer read as a browser would. */
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { framesOf, namesIn, refusalOf } from '@iskra/client/doctor';
import type { Answer, Failed } from '@iskra/client/doctor';
import { Unreachable } from './way.js';
import type { Way } from './way.js';

/** Where to, by which way, and on whose behalf. */
export interface Ground {
  readonly way: Way;
  /** The base address, without a slash at its end. */
  readonly url: string;
  /** The page for which the doctor speaks; programs have none. */
  readonly origin: string | undefined;
  /** How long an answer may take, ms. */
  readonly timeout: number;
}

/** An answer whose headers are here. */
export interface Begun {
  readonly body: Readable;
  readonly headers: IncomingHttpHeaders;
  /** Of our own, to end it. */
  close(): void;
}

/** One message each way. */
export async function post(
  ground: Ground,
  name: 'poll' | 'send',
  message: string,
  within = ground.timeout,
): Promise<Answer | Failed> {
  const began = performance.now();
  const begun = await begin(ground, name, message, within);
  if ('end' in begun) return begun;
  const text = await readWhole(begun, within - (performance.now() - began));
  if (typeof text !== 'string') return text;
  const frames = framesOf(text);
  if (frames === undefined) return refusedBy(begun.headers);
  const header = (one: string): string | undefined => begun.headers[one]?.toString();
  return { frames, header, milliseconds: performance.now() - began };
}

/** Posts, and waits for the headers. An answer that is no success is read, and told as what it says. */
export async function begin(
  { way, url: base, origin }: Ground,
  name: 'sse' | 'poll' | 'send',
  message: string,
  within: number,
): Promise<Begun | Failed> {
  const opened = await way.open('post').catch(notOpened);
  if ('end' in opened) return opened;
  const { socket } = opened;
  const url = new URL(`${base}/${name}`);
  const { authorization } = way;
  const asked = request({
    method: 'POST',
    path: way.forwards ? url.href : url.pathname,
    headers: {
      host: url.host,
      'content-type': 'text/plain;charset=UTF-8',
      'content-length': Buffer.byteLength(message),
      // As browsers ask: what compresses on the way does so for them.
      'accept-encoding': 'gzip, deflate, br',
      ...(origin !== undefined && { origin }),
      ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    },
    createConnection: () => socket,
  });
  const close = (): void => void socket.destroy();
  const response = await new Promise<IncomingMessage | Failed>((resolve) => {
    const timer = setTimeout(() => {
      resolve({ end: 'silent' });
      close();
    }, within);
    const settle = (outcome: IncomingMessage | Failed): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    asked.once('response', settle);
    asked.on('error', (error: NodeJS.ErrnoException) => {
      settle({ end: 'closed', detail: error.code ?? error.message });
    });
    asked.end(message);
  });
  if ('end' in response) return response;
  const { headers, statusCode: status = 0 } = response;
  const begun: Begun = { body: decoded(response), headers, close };
  if (status === 200) return begun;
  if (status === 407) {
    close();
    return { end: 'refused', status, at: 'proxy' };
  }
  const text = await readWhole(begun, within);
  const said = typeof text === 'string' ? refusalOf(text) : undefined;
  return { ...(said ?? refusedBy(headers)), status };
}

/** Why there is no connection for a request. */
export function notOpened(error: unknown): Failed {
  if (!(error instanceof Unreachable)) throw error;
  const { status, step, detail } = error;
  return status === undefined && step !== 'proxy'
    ? { end: 'closed', detail }
    : { end: 'refused', status, at: 'proxy', detail };
}

/** An answer that is not the server's: who gave it, by the headers in which servers and proxies name themselves. */
export function refusedBy({ server, via, location }: IncomingHttpHeaders): Failed {
  return { end: 'refused', by: namesIn(server?.toString(), via), location };
}

/** No answer of ours is larger; what is there instead may be endless. */
const MOST = 1_048_576;

async function readWhole({ body, close }: Begun, within: number): Promise<string | Failed> {
  let text = '';
  const timer = setTimeout(() => body.destroy(new Late()), Math.max(1, within));
  try {
    for await (const piece of body.setEncoding('utf8') as AsyncIterable<string>) {
      text += piece;
      if (text.length > MOST) break;
    }
    return text;
  } catch (error) {
    if (error instanceof Late) return { end: 'silent' };
    const { code, message } = error as NodeJS.ErrnoException;
    return { end: 'closed', detail: code ?? message };
  } finally {
    clearTimeout(timer);
    close();
  }
}

class Late extends Error {}

function decoded(response: IncomingMessage): Readable {
  const make = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress }[
    response.headers['content-encoding'] ?? ''
  ];
  if (make === undefined) return response;
  const decoder = make();
  response.once('error', (error) => decoder.destroy(error));
  return response.pipe(decoder);
}
