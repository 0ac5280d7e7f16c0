/**
 * Clients by hand: bytes on sockets that speak PROTOCOL.md, well or badly. No
 * code of ours is between a test and the server.
 */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { MARK, TOKENS } from './fixture.js';

export type Frame = readonly [string, ...unknown[]];
export type Kind = 'websocket' | 'sse' | 'poll' | 'send';
/** `poll` sends within its polls; `send` polls and sends beside; `sse` streams and sends beside. */
export const KINDS: readonly Kind[] = ['websocket', 'sse', 'poll', 'send'];

/** Where attackers come from: limits by address then never reach the witness, who comes from 127.0.0.1. */
export const ATTACKER = '127.0.0.2';

let marks = 0;
/** A text that is in one input only, made of letters and digits. */
export const mark = (): string => `${MARK}n${++marks}x`;

/** Keys, sessions and tokens that were seen: none may be in a log line. */
export const secrets = new Set<string>(Object.values(TOKENS));

export const nonce = (): string => randomBytes(16).toString('base64url');

/** A good envelope. */
export const said = (text = mark()): Record<string, unknown> => ({
  delta: 'said',
  dimension: 1,
  omega: 1,
  lambda: 'continue',
  payload: { text },
});

export const asked = (delta: string, payload: unknown = { mark: mark() }): Record<string, unknown> => ({
  ...said(),
  delta,
  payload,
});

/** The payload of a fault, in `error`, `close` or an outcome. */
export interface Fault {
  code: number;
  message: string;
  field?: string;
  retryAfter?: number;
}

interface AnyEnvelope {
  delta: string;
  dimension: number;
  omega: number;
  lambda: string;
  payload: Fault & Record<string, unknown>;
}

export const envelopeOf = (frame: Frame): AnyEnvelope => frame[frame[0] === 'entry' ? 4 : 1] as AnyEnvelope;

// ── what arrived ────────────────────────────────────────────────────────────

const PATIENCE = 8_000;

/** The frames that a peer was sent, in order, and whoever waits for one. */
export class Received {
  readonly frames: Frame[] = [];
  /** Called with what has just arrived. */
  onFrames: (frames: readonly Frame[]) => void = () => {};
  #ended: string | undefined;
  #waiting = new Set<() => void>();

  push(frames: readonly Frame[]): void {
    this.frames.push(...frames);
    this.onFrames(frames);
    for (const look of [...this.#waiting]) look();
  }

  end(why: string): void {
    this.#ended ??= why;
    for (const look of [...this.#waiting]) look();
  }

  get ended(): string | undefined {
    return this.#ended;
  }

  until(matches: (frame: Frame) => boolean, patience = PATIENCE): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const told = (): string => JSON.stringify(this.frames.slice(-5)).slice(0, 2000);
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const timer = setTimeout(
        () => done(() => reject(new Error(`Nothing of the kind within ${patience} ms; last: ${told()}`))),
        patience,
      );
      const look = (): void => {
        const found = this.frames.find(matches);
        if (found !== undefined) done(() => resolve(found));
        else if (this.#ended !== undefined)
          done(() => reject(new Error(`The connection ended (${this.#ended}); last: ${told()}`)));
      };
      this.#waiting.add(look);
      look();
    });
  }
}

export const isTag =
  (tag: string) =>
  (frame: Frame): boolean =>
    frame[0] === tag;
export const isOutcome =
  (number: number) =>
  (frame: Frame): boolean =>
    frame[0] === 'entry' && frame[1] === '@' && frame[5] === number;
export const isEntry =
  (channel: string, text?: string) =>
  (frame: Frame): boolean =>
    frame[0] === 'entry' &&
    frame[1] === channel &&
    (text === undefined || envelopeOf(frame).payload?.text === text);

// ── HTTP ────────────────────────────────────────────────────────────────────

export interface HttpOptions {
  method?: string;
  path?: string;
  headers?: Record<string, string | readonly string[]>;
  body?: string | Buffer;
  from?: string;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  frames: Frame[];
}

function start(port: number, options: HttpOptions): Promise<IncomingMessage> {
  const { method = 'POST', path = '/realtime/send', headers, body, from = ATTACKER } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        localAddress: from,
        headers: {
          ...(method === 'POST' && { 'content-type': 'text/plain' }),
          ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
          ...(headers as Record<string, string>),
        },
      },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** One request over `node:http`, read to its end. */
export async function http(port: number, options: HttpOptions = {}): Promise<HttpAnswer> {
  const incoming = await start(port, options);
  let text = '';
  incoming.setEncoding('utf8');
  for await (const part of incoming) text += part as string;
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text, frames: framesOf(text) };
}

function framesOf(text: string): Frame[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as Frame[]) : [];
  } catch {
    return [];
  }
}

/** The fault of a refused request. */
export function faultOf(answer: HttpAnswer): { tag: string; code: string } & Fault {
  const frame = answer.frames.find(([tag]) => tag === 'close' || tag === 'error');
  if (frame === undefined) throw new Error(`No fault in ${answer.status} ${answer.text.slice(0, 500)}`);
  const { delta, payload } = envelopeOf(frame);
  return { tag: frame[0], ...payload, code: delta } as unknown as { tag: string; code: string } & Fault;
}

export interface RawAnswer {
  /** 0 when the server closed without an answer. */
  status: number;
  head: string;
  body: string;
  /** Whether the server ended the connection. */
  closed: boolean;
}

/** Bytes over TCP; what comes back until the server closes, or until the answer is whole when `keep` is set. */
export function tcp(
  port: number,
  bytes: string | Buffer,
  { from = ATTACKER, patience = PATIENCE }: { from?: string; patience?: number } = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    let text = '';
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      const [head = '', ...rest] = text.split('\r\n\r\n');
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
      resolve({ status, head, body: rest.join('\r\n\r\n'), closed });
    };
    const timer = setTimeout(() => finish(false), patience);
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (text += part));
    socket.on('error', () => {});
    socket.on('close', () => finish(true));
    socket.write(bytes);
  });
}

// ── WebSocket ───────────────────────────────────────────────────────────────

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame of a client, masked as it must be; `declare` lies about the length. */
export function webSocketFrame(
  opcode: number,
  payload: string | Buffer,
  { fin = true, declare, rsv = 0 }: { fin?: boolean; declare?: bigint; rsv?: number } = {},
): Buffer {
  const body = Buffer.from(payload);
  const length = declare ?? BigInt(body.length);
  const first = (fin ? 0x80 : 0) | rsv | opcode;
  let head: Buffer;
  if (length < 126n) {
    head = Buffer.from([first, 0x80 | Number(length)]);
  } else if (length < 65_536n) {
    head = Buffer.from([first, 0x80 | 126, 0, 0]);
    head.writeUInt16BE(Number(length), 2);
  } else {
    head = Buffer.from([first, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(length, 2);
  }
  const mask = randomBytes(4);
  for (let at = 0; at < body.length; at++) body[at] = (body[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return Buffer.concat([head, mask, body]);
}

export interface UpgradeOptions {
  path?: string;
  /** Undefined takes a default header away. */
  headers?: Record<string, string | undefined>;
  from?: string;
}

export const upgradeRequest = (port: number, { path = '/realtime/ws', headers }: UpgradeOptions): string => {
  const all: Record<string, string | undefined> = {
    Host: `127.0.0.1:${port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'iskra.1',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
};

/** A WebSocket whose handshake was answered with 101. */
export class RawWebSocket {
  readonly received = new Received();
  /** The close code; 1006 when the socket ended without one. */
  readonly closed: Promise<number>;
  /** Text of every message, as it came. */
  readonly texts: string[] = [];
  readonly socket: Socket;
  /** Whether it answers the server's heartbeats, as a client must. */
  answers = true;
  #buffer: Buffer;
  #code: number | undefined;

  constructor(socket: Socket, rest: Buffer) {
    this.socket = socket;
    this.#buffer = rest;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.received.end(`closed ${this.#code ?? 1006}`);
        resolve(this.#code ?? 1006);
      });
    });
    socket.on('data', (part: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, part]);
      this.#read();
    });
    this.#read();
  }

  say(...frames: unknown[]): void {
    this.text(JSON.stringify(frames));
  }

  text(text: string | Buffer): void {
    this.socket.write(webSocketFrame(Opcode.text, text));
  }

  #read(): void {
    while (this.#buffer.length >= 2) {
      const opcode = (this.#buffer[0] ?? 0) & 15;
      const short = (this.#buffer[1] ?? 0) & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.#buffer.length < head) return;
      const length =
        short < 126
          ? short
          : short === 126
            ? this.#buffer.readUInt16BE(2)
            : Number(this.#buffer.readBigUInt64BE(2));
      if (this.#buffer.length < head + length) return;
      const body = this.#buffer.subarray(head, head + length);
      this.#buffer = this.#buffer.subarray(head + length);
      this.#take(opcode, body);
    }
  }

  #take(opcode: number, body: Buffer): void {
    if (opcode === Opcode.text) {
      const text = body.toString();
      this.texts.push(text);
      const frames = framesOf(text);
      for (const frame of frames) if (frame[0] === 'ping' && this.answers) this.say(['pong', frame[1]]);
      this.received.push(frames);
    } else if (opcode === Opcode.close) {
      this.#code = body.length >= 2 ? body.readUInt16BE(0) : 1005;
      this.socket.end(webSocketFrame(Opcode.close, body));
    }
  }
}

/** Asks for a WebSocket. Gives it, or the answer that refused it. */
export function upgrade(
  port: number,
  options: UpgradeOptions = {},
): Promise<{ status: number; head: string; webSocket: RawWebSocket | undefined }> {
  const { from = ATTACKER } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from, noDelay: true });
    let buffer = Buffer.alloc(0);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`No answer to an upgrade within ${PATIENCE} ms`));
    }, PATIENCE);
    const onData = (part: Buffer): void => {
      buffer = Buffer.concat([buffer, part]);
      const end = buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      clearTimeout(timer);
      const head = buffer.subarray(0, end).toString();
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
      socket.off('data', onData);
      const webSocket = status === 101 ? new RawWebSocket(socket, buffer.subarray(end + 4)) : undefined;
      if (webSocket === undefined) socket.destroy();
      resolve({ status, head, webSocket });
    };
    socket.on('data', onData);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ status: 0, head: '', webSocket: undefined });
    });
    socket.write(upgradeRequest(port, options));
  });
}

export async function webSocket(port: number, options: UpgradeOptions = {}): Promise<RawWebSocket> {
  const answer = await upgrade(port, options);
  if (answer.webSocket === undefined) throw new Error(`The upgrade was answered ${answer.status}`);
  return answer.webSocket;
}

// ── event stream ────────────────────────────────────────────────────────────

/** A response of `/sse` that is a stream. */
export class RawStream {
  readonly received = new Received();
  /** Every line, to see that none has a field but `data`. */
  readonly lines: string[] = [];
  readonly closed: Promise<void>;
  readonly #incoming: IncomingMessage;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
    let text = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (part: string) => {
      text += part;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    });
    incoming.on('error', () => {});
    this.closed = new Promise((resolve) => {
      incoming.on('close', () => {
        this.received.end('the stream closed');
        resolve();
      });
    });
  }

  destroy(): void {
    this.#incoming.destroy();
  }

  pause(): void {
    this.#incoming.pause();
  }

  #take(block: string): void {
    const lines = block.split(/\r\n|\r|\n/);
    this.lines.push(...lines);
    const data = lines.flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : []));
    if (data.length > 0) this.received.push(framesOf(data.join('\n')));
  }
}

/** Asks for an event stream. Gives it, or the answer that refused it. */
export async function eventStream(
  port: number,
  body: string,
  options: HttpOptions = {},
): Promise<{ answer: HttpAnswer | undefined; stream: RawStream | undefined }> {
  const incoming = await start(port, { path: '/realtime/sse', ...options, body });
  const { statusCode: status = 0, headers } = incoming;
  if (status === 200 && headers['content-type']?.startsWith('text/event-stream') === true) {
    return { answer: undefined, stream: new RawStream(incoming) };
  }
  let text = '';
  incoming.setEncoding('utf8');
  for await (const part of incoming) text += part as string;
  return { answer: { status, headers, text, frames: framesOf(text) }, stream: undefined };
}

// ── a session over any of them ──────────────────────────────────────────────

export interface OpenOptions {
  token?: string;
  hello?: Record<string, unknown>;
  from?: string;
}

export interface WelcomePayload {
  session: string;
  key: string;
  generation: number;
  inbox: [string, number];
  acked: number;
  limits: { message: number; envelope: number; sends: number; channels: number };
}

/** A session that was welcome. What it says goes over its kind's way up, good or bad. */
export class Peer {
  readonly kind: Kind;
  readonly received: Received;
  readonly nonce: string;
  readonly port: number;
  readonly from: string;
  welcome!: WelcomePayload;
  socket: RawWebSocket | undefined;
  stream: RawStream | undefined;
  cursors: Record<string, [string, number]> = {};
  #number = 0;
  #seen = 0;

  private constructor(kind: Kind, port: number, hello: string, from: string, received = new Received()) {
    this.kind = kind;
    this.port = port;
    this.nonce = hello;
    this.from = from;
    this.received = received;
  }

  static async open(kind: Kind, port: number, options: OpenOptions = {}): Promise<Peer> {
    const { token, from = ATTACKER } = options;
    const hello = {
      version: 1,
      nonce: nonce(),
      ...(token !== undefined && { auth: { token } }),
      ...options.hello,
    };
    const opening = JSON.stringify([['hello', hello]]);
    let peer: Peer;
    if (kind === 'websocket') {
      const socket = await webSocket(port, { from });
      peer = new Peer(kind, port, hello.nonce, from, socket.received);
      peer.socket = socket;
      socket.text(opening);
    } else if (kind === 'sse') {
      const { stream, answer } = await eventStream(port, opening, { from });
      if (stream === undefined) throw new Error(`The stream was refused: ${answer?.text}`);
      peer = new Peer(kind, port, hello.nonce, from, stream.received);
      peer.stream = stream;
    } else {
      peer = new Peer(kind, port, hello.nonce, from);
      peer.received.push((await http(port, { path: '/realtime/poll', body: opening, from })).frames);
    }
    const welcome = await peer.received.until((frame) => frame[0] === 'welcome' || frame[0] === 'close');
    if (welcome[0] !== 'welcome') throw new Error(`Not welcome: ${JSON.stringify(welcome)}`);
    peer.welcome = envelopeOf(welcome).payload as unknown as WelcomePayload;
    peer.cursors['@'] = peer.welcome.inbox;
    peer.#number = peer.welcome.acked;
    secrets.add(peer.welcome.key).add(peer.welcome.session);
    return peer;
  }

  /** The next send's number. */
  next(): number {
    return ++this.#number;
  }

  continuing(more: Record<string, unknown> = {}): Frame {
    const { key, generation } = this.welcome;
    return ['continue', { nonce: this.nonce, key, generation, ...more }];
  }

  /** Says frames, whatever they are; over HTTP, gives the answer. */
  say(...frames: unknown[]): Promise<HttpAnswer | undefined> {
    return this.text(JSON.stringify(frames));
  }

  /** Says a message's text, in which `$continue` stands for the frame that HTTP needs in front. */
  async text(frames: string): Promise<HttpAnswer | undefined> {
    if (this.socket !== undefined) {
      this.socket.text(frames);
      return undefined;
    }
    const polls = this.kind === 'poll';
    this.#track();
    const head = JSON.stringify(this.continuing(polls ? { cursors: this.cursors, wait: 0 } : {}));
    const body = frames.startsWith('[') ? `[${head}${frames === '[]' ? '' : ','}${frames.slice(1)}` : frames;
    const answer = await http(this.port, {
      path: polls ? '/realtime/poll' : '/realtime/send',
      body,
      from: this.from,
    });
    this.received.push(answer.frames);
    return answer;
  }

  async until(matches: (frame: Frame) => boolean, patience = PATIENCE): Promise<Frame> {
    if (this.kind === 'websocket' || this.kind === 'sse') return this.received.until(matches, patience);
    const end = performance.now() + patience;
    while (!this.received.frames.some(matches) && performance.now() < end) {
      const { status } = await this.poll(1000);
      if (status !== 200) this.received.end(`a poll was answered ${status}`);
    }
    return this.received.until(matches, 0);
  }

  /** One poll with nothing to say. */
  async poll(wait: number): Promise<HttpAnswer> {
    this.#track();
    const poll = this.continuing({ cursors: this.cursors, wait });
    const body = JSON.stringify([poll]);
    const answer = await http(this.port, { path: '/realtime/poll', body, from: this.from });
    this.received.push(answer.frames);
    return answer;
  }

  /** The outcome of a send in the inbox. */
  async outcome(number: number): Promise<AnyEnvelope> {
    return envelopeOf(await this.until(isOutcome(number)));
  }

  /** Shows that the session is up: a request behind everything else is answered. */
  async isUp(): Promise<void> {
    const number = this.next();
    const text = mark();
    await this.say(['request', number, asked('echo', { text })]);
    const { delta, payload } = await this.outcome(number);
    if (delta !== 'reply' || payload.text !== text) throw new Error(`Answered ${delta} instead of a reply`);
  }

  async subscribe(channel: string, options: Record<string, unknown> = {}): Promise<AnyEnvelope> {
    const number = this.next();
    await this.say(['subscribe', number, channel, options]);
    return this.outcome(number);
  }

  leave(): void {
    this.socket?.socket.destroy();
    this.stream?.destroy();
  }

  /** Cursors for the next poll, from what has arrived. */
  #track(): void {
    for (; this.#seen < this.received.frames.length; this.#seen++) {
      const frame = this.received.frames[this.#seen];
      if (frame?.[0] !== 'entry') continue;
      const [, channel, epoch, offset] = frame as unknown as [string, string, string, number];
      this.cursors[channel] = [epoch, offset];
      const { delta, payload } = envelopeOf(frame);
      if (channel === '@' && delta === 'subscribed' && this.kind !== 'sse') {
        this.cursors[payload.channel as string] ??= payload.position as [string, number];
      }
    }
  }
}
