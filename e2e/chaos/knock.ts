/** Raw sockets that attach to a session and die without a goodbye: as cheap as can be, since there are many. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Opcode, upgradeRequest, webSocketFrame } from '../wire/peer.js';

export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'polling'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Each session is a member of one of them. */
export const ROOMS = Array.from({ length: 64 }, (_, at) => `room:${at}`);

/** What proves a session, once it is opened. */
export interface Session {
  readonly nonce: string;
  key?: string;
  generation?: number;
}

export const newSession = (): Session => ({ nonce: randomBytes(16).toString('base64url') });

/** A held poll is killed this long after it was asked, ms: nothing tells when the server holds it. */
const HELD = 5;
const PATIENCE = 30_000;

/** Attaches over this transport, and is killed when the server has answered; resolves when the socket is gone. */
export async function knock(port: number, transport: Transport, session: Session): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay();
  const line = listen(socket);
  try {
    if (transport === 'websocket') {
      socket.write(upgradeRequest(port, {}));
      await line.has('\r\n\r\n');
      socket.write(webSocketFrame(Opcode.text, hello(session)));
    } else socket.write(post(transport === 'sse' ? 'sse' : 'poll', hello(session)));
    const text = await line.has(/"welcome".*"generation":\d+|"close"/);
    take(session, text);
    if (session.key === undefined || transport === 'websocket' || transport === 'sse') return;
    socket.write(post('poll', goOn(session, transport === 'long-poll' ? 25_000 : 0)));
    if (transport === 'long-poll') await new Promise((resolve) => setTimeout(resolve, HELD));
  } finally {
    // Half of them as a crash, half as a cut cable that is noticed.
    if (session.nonce < 'V') socket.resetAndDestroy();
    else socket.destroy();
    await line.closed;
  }
}

/** A first attach subscribes as a member; the others go on there. */
function hello({ nonce, key }: Session): string {
  const room = ROOMS[nonce.codePointAt(0)! % ROOMS.length]!;
  const opening = { version: 1, nonce, key, cursors: { [room]: ['old', 0] } };
  const frames = [['hello', opening], ...(key ? [] : [['subscribe', 1, room, { presence: 'here' }]])];
  return JSON.stringify(frames);
}

const goOn = ({ nonce, key, generation }: Session, wait: number): string =>
  JSON.stringify([['continue', { nonce, key, generation, cursors: {}, wait }]]);

const post = (path: string, body: string): string =>
  [
    `POST /realtime/${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');

/** Keeps what welcome gave; a session that its server has forgotten begins anew with its next nonce. */
function take(session: Session, text: string): void {
  const { 1: key } = /"key":"([^"]+)"/.exec(text) ?? [];
  const { 1: generation } = /"generation":(\d+)/.exec(text) ?? [];
  if (key === undefined) Object.assign(session, newSession(), { key: undefined });
  else Object.assign(session, { key, generation: Number(generation) });
}

/** What has come down a socket so far, and its end. */
function listen(socket: Socket) {
  let text = '';
  let look: () => void = () => {};
  let over = false;
  socket.setEncoding('utf8');
  socket.setTimeout(PATIENCE, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (part: string) => {
    text += part;
    look();
  });
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      over = true;
      look();
      resolve();
    }),
  );
  return {
    closed,
    has: (part: string | RegExp): Promise<string> =>
      new Promise((resolve, reject) => {
        look = () => {
          if (text.search(part) >= 0) resolve(text);
          else if (over) reject(new Error(`The server ended the connection after "${text.slice(0, 200)}".`));
        };
        look();
      }),
  };
}
