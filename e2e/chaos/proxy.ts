/**
 * A process of its own between clients and server, which does to bytes and
 * requests what a bad network does. The driver says when, the seed says to whom.
 */
import { Agent, createServer, request } from 'node:http';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { expose } from '../transports/child.js';
import { chanceOf, seedFor } from './random.js';
import type { Action, Block } from './schedule.js';

type Do<What extends Action['do']> = Extract<Action, { do: What }>;

const HOST = '127.0.0.1';
/** A WebSocket that is to be killed lives so long, ms. */
const KILL = 200;
/** A poll that is held for so long is cut where polls are, ms. */
const HOLD = 700;
/** A repeated request is given up after this time, ms. */
const REPEAT = 1_000;

/** One way of a connection: what comes from one side goes to the other, unless it is held. */
interface Way {
  readonly from: Readable;
  readonly to: Writable;
}

/** A WebSocket, or a request with its answer. */
interface Link {
  readonly kind: string;
  /** The end at the client. */
  readonly client: Socket;
  /** Ends the side of the server. */
  leave(): void;
  readonly up?: Way;
  /** Not before there is an answer. */
  down?: Way;
  /** One end was cut and the other is not to know. */
  halved: boolean;
}

const { seed } = JSON.parse(process.argv[2] ?? '{"seed":1}') as { seed: number };
const chance = chanceOf(seedFor(seed, 'proxy'));
const agent = new Agent({ keepAlive: false });
const blocks = new Set<Block>();
const sockets = new Set<Socket>();
const links = new Set<Link>();
const halves = new Set<Socket>();
/** Where it leads, in turns. */
let targets: readonly number[] = [];
let turns = 0;
let truncations = 0;
let delays = { share: 0, ms: 0 };
let repeats = { share: 0, ms: 0 };

/** `ws`, `sse`, `poll` or `send`; empty for what is no transport. */
const kindOf = (url = ''): string => /\/realtime\/(\w+)/.exec(url)?.[1] ?? '';
/** For one that comes when there is nobody, a port where nobody is. */
const next = (): number => targets[turns++ % targets.length] ?? 9;
const after = (ms: number, act: () => void): void => void setTimeout(act, ms);

function end({ client, leave }: Link, reset = false): void {
  leave();
  if (reset) client.resetAndDestroy();
  else client.destroy();
}

/** Nothing passes for so long, nor the end of it. */
function hold({ from, to }: Way, ms: number): void {
  from.unpipe(to);
  from.pause();
  after(ms, () => to.destroyed || from.pipe(to));
}

// ─── Requests ───────────────────────────────────────────────────────────────

function relay(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const kind = kindOf(incoming.url);
  if ((kind === 'sse' || kind === 'poll') && blocks.has(`${kind}-refuse`)) {
    outgoing.writeHead(502, { connection: 'close' }).end();
    return;
  }
  const parts: Buffer[] = [];
  incoming.on('data', (part: Buffer) => parts.push(part));
  incoming.on('end', () => {
    const body = Buffer.concat(parts);
    const wait = kind !== '' && chance.happens(delays.share) ? chance.between(0, delays.ms) : 0;
    const again = kind !== '' && chance.happens(repeats.share) ? chance.between(0, repeats.ms) : undefined;
    const meant = targets;
    after(wait, () => {
      // What is in the air dies with the server that it was meant for.
      if (targets !== meant) return void outgoing.destroy();
      forward(kind, incoming, outgoing, body);
      if (again !== undefined) after(again, () => targets === meant && repeat(incoming, body));
    });
  });
}

function ask({ method, url, headers }: IncomingMessage, body: Buffer): ClientRequest {
  const { connection: _, 'transfer-encoding': _t, ...passed } = headers;
  const length = { 'content-length': body.length };
  const asked = request({
    ...{ host: HOST, port: next(), method, path: url, agent },
    headers: method === 'POST' ? { ...passed, ...length } : passed,
  });
  asked.on('error', () => {});
  return asked;
}

/** The same request once more; nobody waits for its answer. */
function repeat(incoming: IncomingMessage, body: Buffer): void {
  const asked = ask(incoming, body);
  asked.on('response', (answer) => answer.resume().on('error', () => {}));
  asked.end(body);
  after(REPEAT, () => asked.destroy());
}

function forward(kind: string, incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): void {
  // Given up by its client while it waited; it arrives all the same.
  if (outgoing.destroyed) return repeat(incoming, body);
  outgoing.on('error', () => {});
  const asked = ask(incoming, body);
  const link: Link = { kind, client: incoming.socket, leave: () => asked.destroy(), halved: false };
  links.add(link);
  outgoing.once('close', () => {
    links.delete(link);
    if (!link.halved) asked.destroy();
  });
  asked.on('error', () => {
    if (link.halved) return;
    if (outgoing.headersSent || outgoing.destroyed) outgoing.destroy();
    else outgoing.writeHead(502).end();
  });
  asked.on('response', (answer) => {
    if (link.halved) return void answer.resume().on('error', () => {});
    const { connection: _c, 'keep-alive': _k, ...given } = answer.headers;
    outgoing.writeHead(answer.statusCode ?? 502, given);
    answer.on('error', () => !link.halved && outgoing.destroy());
    if (kind === 'sse' && blocks.has('sse-hold')) return;
    outgoing.flushHeaders();
    if (kind !== '' && truncations > 0) return truncate(link, answer, outgoing);
    answer.pipe(outgoing);
    link.down = { from: answer, to: outgoing };
  });
  asked.end(body);
  if (kind === 'poll' && blocks.has('poll-cut')) after(HOLD, () => links.has(link) && end(link));
}

/** Half of its first piece comes through, then the connection is reset. */
function truncate(link: Link, answer: Readable, outgoing: ServerResponse): void {
  truncations--;
  answer.once('data', (piece: Buffer) =>
    outgoing.write(piece.subarray(0, piece.length >> 1), () => end(link, true)),
  );
  answer.once('end', () => outgoing.end());
}

// ─── WebSockets ─────────────────────────────────────────────────────────────

function upgrade(incoming: IncomingMessage, duplex: Duplex, head: Buffer): void {
  const client = duplex as Socket;
  client.on('error', () => {});
  if (blocks.has('ws-refuse')) {
    client.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const server = connect(next(), HOST);
  const swallowed = blocks.has('ws-swallow');
  const link: Link = {
    ...{ kind: 'ws', client, leave: () => void server.destroy(), halved: false },
    up: { from: client, to: server },
    ...(!swallowed && { down: { from: server, to: client } }),
  };
  links.add(link);
  for (const side of [client, server]) {
    side.on('error', () => side.destroy());
    side.on('close', () => {
      links.delete(link);
      if (!link.halved) end(link);
    });
  }
  const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
  }
  server.write(`${lines.join('\r\n')}\r\n\r\n`);
  server.write(head);
  client.pipe(server);
  // The 101 and nothing after it.
  if (swallowed) server.once('data', (piece: Buffer) => client.write(piece));
  else server.pipe(client);
  if (blocks.has('ws-kill')) after(KILL, () => end(link));
}

// ─── What the driver can do ─────────────────────────────────────────────────

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, relay);
server.on('upgrade', upgrade);
server.on('connection', (socket) => {
  if (targets.length === 0 || blocks.has('down')) return void socket.destroy();
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});
await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
const { port } = server.address() as AddressInfo;

/** Those of the open connections that it meets this time. */
const some = (share: number): Link[] => [...links].filter(({ kind }) => kind !== '' && chance.happens(share));

function halve(link: Link, side: 'client' | 'server'): void {
  link.halved = true;
  links.delete(link);
  if (side === 'client') {
    // The server goes on as before, into nothing.
    link.down?.from.unpipe().resume();
    link.client.destroy();
    after(20_000, link.leave);
  } else {
    link.leave();
    halves.add(link.client);
    link.client.once('close', () => halves.delete(link.client));
  }
}

const verbs = {
  port: () => port,
  /** Where connections go from now on, in turns; what was under way elsewhere does not arrive. */
  aim(ports: readonly number[]): void {
    targets = ports;
  },
  cut({ share, side }: Do<'cut'>): void {
    for (const link of some(share)) {
      if (side === 'both') end(link, chance.happens(0.5));
      else halve(link, side);
    }
  },
  stall({ share, way, ms }: Do<'stall'>): void {
    for (const { up, down } of some(share)) {
      if (up && way !== 'down') hold(up, ms);
      if (down && way !== 'up') hold(down, ms);
    }
  },
  truncate({ count }: Do<'truncate'>): void {
    truncations += count;
  },
  delay({ share, ms }: Do<'delay'>): void {
    delays = { share, ms };
  },
  repeat({ share, ms }: Do<'repeat'>): void {
    repeats = { share, ms };
  },
  /** From now on, and to what is open. */
  block({ fault }: Do<'block'>): void {
    blocks.add(fault);
    if (fault === 'down') for (const socket of sockets) socket.destroy();
    const kind = fault.split('-')[0];
    for (const link of links) if (link.kind === kind) end(link);
  },
  unblock({ fault }: Do<'unblock'>): void {
    blocks.delete(fault);
  },
  /** A good network again; connections of which one end was cut are now told. */
  calm(): void {
    blocks.clear();
    truncations = 0;
    delays = repeats = { share: 0, ms: 0 };
    for (const socket of halves) socket.destroy();
  },
};
export type ChaosProxyVerbs = typeof verbs;

expose(verbs);
