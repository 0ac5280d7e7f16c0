/** A server and small boxes before it that break one thing each, for the tests of the doctor. */
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createGzip } from 'node:zlib';
import { reportOn } from '@iskra/client/doctor';
import type { Report } from '@iskra/client/doctor';
import { createRealtime } from '@iskra/server';
import type { RealtimeOptions } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { examine } from './examine.js';
import type { Examination } from './examine.js';

const ends: (() => unknown)[] = [];

/** Ends what a test has started. */
export async function endAll(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}

/** A server that keeps nothing in the way; the answer is its port. */
export async function iskra(options: RealtimeOptions = {}): Promise<number> {
  const realtime = createRealtime({ logger: false, ...options });
  const serving = await serve(realtime, { port: 0, hostname: '127.0.0.1', shutdownTimeout: 0 });
  ends.push(() => serving.close());
  return serving.port;
}

/** What a box does to what passes. */
export interface Break {
  /** The target gets no Upgrade. */
  strip?: boolean;
  /** Streams are kept to their end. */
  collect?: boolean;
  gzip?: boolean;
  /** Larger bodies are answered with 413, bytes. */
  limit?: number;
  /** Connections without a byte for so long are cut, ms. */
  idle?: number;
  /** WebSockets are cut at this age, ms. */
  age?: number;
  /** Each POST reaches the target twice, one after the other. */
  repeat?: boolean;
  /** Every other request goes to the server on this port. */
  other?: number;
  /** A held poll is answered with an empty message after so long, ms. */
  hurry?: number;
  /** The first so many requests for a path are cut. */
  cut?: { path: string; times: number };
  /** Headers that do not pass. */
  without?: string[];
  /** Every request is answered so. */
  answer?: number;
}

/** Until the test is over. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy before a server. */
export function box(target: number, broken: Break): Promise<number> {
  const {
    answer,
    limit = Infinity,
    repeat = false,
    idle = 0,
    without = [],
    strip = false,
    age = 0,
    other,
    hurry,
  } = broken;
  const headersOf = ({ headers }: IncomingMessage) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !without.includes(name)));
  let { times: cuts = 0 } = broken.cut ?? {};
  let count = 0;
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.endsWith(broken.cut?.path ?? ' ') === true && cuts-- > 0)
      return void incoming.socket.destroy();
    if (answer !== undefined) return void outgoing.writeHead(answer, { server: 'a box' }).end('<html>');
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.once('end', () => {
      const body = Buffer.concat(pieces);
      if (hurry !== undefined && /"wait":[1-9]/.test(body.toString()))
        setTimeout(() => outgoing.end('[]'), hurry);
      if (body.length > limit) return void outgoing.writeHead(413).end();
      const ask = (then: (reply: IncomingMessage) => void): void => {
        const { upgrade: _, connection: __, ...headers } = headersOf(incoming);
        const port = count++ % 2 === 0 ? target : (other ?? target);
        const options = { port, method: incoming.method, path: incoming.url, headers, agent: false };
        const asked = request(options, then).on('error', () => outgoing.destroy());
        outgoing.once('close', () => asked.destroy());
        asked.end(body);
      };
      const gzip = broken.gzip === true && /gzip/.test(String(incoming.headers['accept-encoding']));
      const first = (): void => ask((reply) => passOn(reply, outgoing, { ...broken, gzip }));
      if (repeat) ask((reply) => reply.resume().once('end', first));
      else first();
    });
  });
  server.on('connection', (socket) => {
    if (idle > 0) socket.setTimeout(idle, () => socket.destroy());
  });
  if (!strip && answer === undefined) {
    server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      if (age > 0) setTimeout(() => socket.destroy(), age);
      const lines = Object.entries(headersOf(incoming)).map(([name, value]) => `${name}: ${String(value)}`);
      join(
        socket,
        connect(target, '127.0.0.1'),
        `GET ${incoming.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`,
        head,
      );
    });
  }
  return listen(server);
}

function passOn(reply: IncomingMessage, outgoing: ServerResponse, { collect, gzip }: Break): void {
  if (outgoing.writableEnded) return void reply.resume();
  const isStream = reply.headers['content-type']?.startsWith('text/event-stream') === true;
  if (collect === true && isStream) return void reply.resume();
  const { connection: _, 'content-length': __, ...headers } = reply.headers;
  outgoing.writeHead(reply.statusCode ?? 502, {
    ...headers,
    ...(gzip === true && { 'content-encoding': 'gzip' }),
  });
  outgoing.flushHeaders();
  reply.on('error', () => outgoing.destroy());
  (gzip === true ? reply.pipe(createGzip()) : reply).pipe(outgoing);
}

export function join(near: Duplex, far: Duplex, greeting: string, head: Buffer): void {
  const end = (): void => void (near.destroy(), far.destroy());
  for (const side of [near, far]) side.on('error', end).on('close', end);
  far.write(greeting);
  far.write(head);
  near.pipe(far).pipe(near);
}

const base = { proxy: undefined, auth: undefined, channel: undefined, origin: undefined };
/** Short where nothing has to be waited for, and long enough for a machine that does other work. */
const times = { timeout: 3_000, idle: 200, hold: 300 };

export async function diagnose(port: number, more: Partial<Examination> = {}): Promise<Report> {
  const seen = await examine({ url: `http://127.0.0.1:${port}/realtime`, ...base, ...times, ...more });
  return reportOn(seen);
}

export const codes = ({ findings }: Report): string[] => findings.map(({ code }) => code);
export const check = ({ checks }: Report, name: string) => checks.find((row) => row.check === name);
