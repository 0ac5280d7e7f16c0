/** What the tests of the box stand on: a server that notes what reached it, and clients that note what came back. */
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { openBox } from './box.js';
import type { Box, BoxOptions } from './box.js';

// Over `eventually`: what it waited for says more than that time was up.
vi.setConfig({ testTimeout: 30_000 });

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A request as it reached the server. */
export interface Heard {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly raw: string[];
  readonly version: string;
  body: string;
  state: 'open' | 'whole' | 'broken off';
}

export interface Origin {
  readonly url: string;
  readonly heard: Heard[];
  /** Its ends of the WebSockets. */
  readonly sockets: WebSocket[];
  /** How many connections are open. */
  readonly connections: () => Promise<number>;
}

/** A server that echoes bodies and WebSocket messages, unless it is told what to answer. */
export async function openOrigin(answer?: RequestListener): Promise<Origin> {
  const heard: Heard[] = [];
  const sockets: WebSocket[] = [];
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    const { method, url: path, headers, rawHeaders: raw, httpVersion: version } = incoming;
    const one: Heard = { method, path, headers, raw, version, body: '', state: 'open' };
    heard.push(one);
    outgoing.on('close', () => (one.state = outgoing.writableFinished ? 'whole' : 'broken off'));
    if (answer) return answer(incoming, outgoing);
    incoming.setEncoding('latin1').on('data', (text: string) => (one.body += text));
    incoming.on('end', () => outgoing.end(Buffer.from(one.body, 'latin1')));
  });
  new WebSocketServer({ server }).on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    sockets,
    connections: () => Promise.resolve(open.size),
  };
}

/** A box before a server of its own, unless `to` names one. */
export async function boxed(
  profile: BoxOptions['profile'],
  answer?: RequestListener,
  more: Partial<BoxOptions> = {},
): Promise<{ box: Box; origin: Origin }> {
  const origin = await openOrigin(answer);
  const box = await openBox({ to: origin.url, profile, ...more });
  ends.push(() => box.close());
  return { box, origin };
}

export interface Asking {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
  /** Sent without a length. */
  chunks?: readonly string[];
}

/** An answer, as far as it has come. */
export interface Coming {
  /** 0 before the headers. */
  status: number;
  headers: IncomingHttpHeaders;
  raw: string[];
  trailers: NodeJS.Dict<string>;
  bytes: Buffer;
  readonly text: string;
  state: 'open' | 'whole' | 'cut';
  /** What the network said, if it failed. */
  error: string | undefined;
  /** Bytes of the request that were given to the network. */
  sent(): number;
  leave(): void;
}

/** Asks, over a connection of its own, and looks on while the answer comes. */
export function opening(url: string, { method = 'GET', headers = {}, body, chunks }: Asking = {}): Coming {
  const coming: Coming = {
    status: 0,
    headers: {},
    raw: [],
    trailers: {},
    bytes: Buffer.alloc(0),
    get text() {
      return this.bytes.toString();
    },
    state: 'open',
    error: undefined,
    sent: () => (asked.socket?.bytesWritten ?? 0) - (asked.socket?.writableLength ?? 0),
    leave: () => asked.destroy(),
  };
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const asked = request(url, { method, headers: { ...length, ...headers }, agent: false });
  asked.on('error', ({ message, code }: NodeJS.ErrnoException) => {
    coming.state = 'cut';
    coming.error = code ?? message;
  });
  asked.on('response', (answer) => {
    Object.assign(coming, { status: answer.statusCode, headers: answer.headers, raw: answer.rawHeaders });
    answer.on('data', (piece: Buffer) => (coming.bytes = Buffer.concat([coming.bytes, piece])));
    answer.on('error', () => {});
    answer.on('close', () => {
      coming.trailers = answer.trailers;
      coming.state = answer.complete ? 'whole' : 'cut';
    });
  });
  for (const chunk of chunks ?? []) asked.write(chunk);
  asked.end(body);
  ends.push(() => asked.destroy());
  return coming;
}

/** The answer when it is over. */
export async function ask(url: string, asking?: Asking): Promise<Coming> {
  const coming = opening(url, asking);
  await eventually(() => coming.state).not.toBe('open');
  return coming;
}

/** A WebSocket, as far as it has come. */
export interface Talk {
  readonly socket: WebSocket;
  readonly got: string[];
  state: 'connecting' | 'open' | 'closed';
  /** What kept it from opening. */
  refused: string | undefined;
  code: number | undefined;
}

export function talk(url: string, path = '/ws'): Talk {
  const socket = new WebSocket(url.replace('http', 'ws') + path);
  const talking: Talk = { socket, got: [], state: 'connecting', refused: undefined, code: undefined };
  socket.on('open', () => (talking.state = 'open'));
  socket.on('message', (data: Buffer) => talking.got.push(data.toString()));
  socket.on('error', ({ message }) => (talking.refused ??= message));
  socket.on('close', (code) => Object.assign(talking, { state: 'closed', code }));
  ends.push(() => socket.terminate());
  return talking;
}

/** A WebSocket that is open. */
export async function talkOpen(url: string): Promise<Talk> {
  const talking = talk(url);
  await eventually(() => talking.state).toBe('open');
  return talking;
}

/** Waits until it is so, for as long as a busy machine may take. */
export const eventually = <Value>(look: () => Value): ReturnType<typeof expect.poll<Value>> =>
  expect.poll(look, { timeout: 10_000, interval: 10 });

/** For what must not happen: so long that it would have. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Bytes of every value, more than fit into one piece. */
export const manyBytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7 + (at >> 8)) & 255));
