/**
 * A process of its own between client and server: it forwards bytes, and breaks
 * on demand what the boxes of real networks break.
 */
import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { expose } from './child.js';

/** What it can do to a transport. */
export type Fault =
  /** The upgrade is answered with 502. */
  | 'ws-refuse'
  /** The upgrade is answered with 101, and nothing comes down after it. */
  | 'ws-swallow'
  /** The connection is cut 200 ms after 101. */
  | 'ws-kill'
  | 'sse-refuse'
  /** Nothing of the stream comes down before its end, its headers neither. */
  | 'sse-hold'
  /** Each piece of the stream waits for the next. */
  | 'sse-one-behind'
  /** A poll that is held for a second is cut. */
  | 'poll-cut'
  /** Every connection is cut, and none is taken. */
  | 'down';

const HOST = '127.0.0.1';
const HOLD = 1_000;
const KILL = 200;
const LOOK = 50;

interface Live {
  readonly kind: string;
  readonly socket: Duplex & { bytesRead?: number; bytesWritten?: number };
  readonly since: number;
  bytes: number;
  heardAt: number;
}

const faults = new Set<Fault>();
const sockets = new Set<Socket>();
const live = new Set<Live>();
/** One for each request: nothing of one test is left to the next. */
const agent = new Agent({ keepAlive: false });
let target = 0;
let idleCut = Infinity;
let requests: string[] = [];

/** `ws`, `sse`, `poll` or `send`. */
const kindOf = (url = ''): string => /\/realtime\/(\w+)/.exec(url)?.[1] ?? '';

function remember(kind: string, socket: Duplex): Live {
  const since = performance.now();
  const one: Live = { kind, socket, since, bytes: 0, heardAt: since };
  live.add(one);
  return one;
}

function relay(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url, headers, socket } = incoming;
  const kind = kindOf(url);
  if (kind !== '') requests.push(`${method} ${kind}`);
  if (kind === 'sse' && faults.has('sse-refuse')) {
    outgoing.writeHead(502, { connection: 'close' }).end();
    return;
  }
  const one = remember(kind, socket);
  const { connection: _, ...passed } = headers;
  const upstream = request({ host: HOST, port: target, method, path: url, headers: passed, agent });
  outgoing.once('close', () => {
    live.delete(one);
    upstream.destroy();
  });
  upstream.on('error', () => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502).end();
  });
  upstream.on('response', (answer) => {
    const { connection: _c, 'keep-alive': _k, ...given } = answer.headers;
    const start = (): void => {
      if (!outgoing.headersSent) outgoing.writeHead(answer.statusCode ?? 502, given);
    };
    const held: Buffer[] = [];
    // How much waits here: all of it, the last piece, or none.
    const most =
      kind !== 'sse' ? 0 : faults.has('sse-hold') ? Infinity : faults.has('sse-one-behind') ? 1 : 0;
    if (most === 0) {
      start();
      outgoing.flushHeaders();
    }
    answer.on('data', (piece: Buffer) => {
      held.push(piece);
      while (held.length > most) {
        start();
        outgoing.write(held.shift());
      }
    });
    answer.on('end', () => {
      start();
      outgoing.end(Buffer.concat(held));
    });
    answer.on('error', () => outgoing.destroy());
  });
  incoming.pipe(upstream);
}

function upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
  requests.push('GET ws');
  socket.on('error', () => {});
  if (faults.has('ws-refuse')) {
    socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const one = remember('ws', socket);
  const upstream = connect(target, HOST);
  const end = (): void => {
    live.delete(one);
    socket.destroy();
    upstream.destroy();
  };
  for (const side of [socket, upstream]) side.on('close', end).on('error', end);
  const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
  }
  upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
  upstream.write(head);
  socket.pipe(upstream);

  let opened = '';
  let silent = false;
  upstream.on('data', (piece: Buffer) => {
    if (silent) return;
    socket.write(piece);
    if (opened.includes('\r\n\r\n')) return;
    opened += piece.toString('latin1');
    if (!opened.includes('\r\n\r\n')) return;
    silent = faults.has('ws-swallow');
    if (faults.has('ws-kill')) setTimeout(end, KILL);
  });
}

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, relay);
server.on('upgrade', upgrade);
server.on('connection', (socket) => {
  if (faults.has('down')) {
    socket.destroy();
    return;
  }
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});

setInterval(() => {
  const now = performance.now();
  for (const one of live) {
    const bytes = (one.socket.bytesRead ?? 0) + (one.socket.bytesWritten ?? 0);
    if (bytes !== one.bytes) Object.assign(one, { bytes, heardAt: now });
    const held = one.kind === 'poll' && faults.has('poll-cut') && now - one.since >= HOLD;
    if (held || now - one.heardAt >= idleCut) one.socket.destroy();
  }
}, LOOK);

await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
const { port } = server.address() as AddressInfo;

const verbs = {
  port: () => port,
  /** Where connections go from now on. */
  aim(next: number): void {
    target = next;
  },
  /** From now on, and to what is open. */
  block(fault: Fault): void {
    faults.add(fault);
    if (fault === 'down') for (const socket of sockets) socket.destroy();
    const kind = fault.split('-')[0];
    // Polls are cut when they have been held for long enough.
    for (const one of live) if (one.kind === kind && kind !== 'poll') one.socket.destroy();
  },
  /** Without a name: everything. */
  unblock(fault?: Fault): void {
    if (fault === undefined) faults.clear();
    else faults.delete(fault);
  },
  /** Ends every open connection, once. */
  cut(): void {
    for (const socket of sockets) socket.destroy();
  },
  /** Ends what is under way when no byte passes for so long; 0: never. */
  cutIdle(after: number): void {
    idleCut = after || Infinity;
  },
  /** The requests since the last call, as `POST poll`. */
  requests(): string[] {
    const seen = requests;
    requests = [];
    return seen;
  },
};
export type ProxyVerbs = typeof verbs;

expose(verbs);
