/**
 * How each peer is spoken to, by hand, on every transport: raw `ws` and
 * node:http as our own servers speak them, Socket.IO as packets of Engine.IO 4,
 * Iskra as PROTOCOL.md says. Heartbeats are left unanswered: no case lives long
 * enough for a server to mind (45 s for Socket.IO, 50 s for Iskra).
 */
import { randomBytes } from 'node:crypto';
import { CHANNEL, FIRST } from '../harness/work.js';
import type { Peer } from '../harness/work.js';
import { request } from './http.js';
import type { PollSpeech } from './http.js';
import type { WebSocketSpeech } from './websocket.js';

export interface Wish {
  readonly payload: unknown;
  /** The channel to join; a channel of its own has no first message to wait for. */
  readonly channel?: string;
  /** The event of Socket.IO: `publish` goes to all, `echo` comes back. */
  readonly event?: 'publish' | 'echo';
  /** Whether Socket.IO is asked to acknowledge, as Iskra always does. */
  readonly acknowledged?: boolean;
}

export function speakWebSocket(peer: Peer, wish: Wish): WebSocketSpeech {
  const { payload, channel = CHANNEL, event = 'publish', acknowledged = false } = wish;
  switch (peer) {
    case 'ws':
    case 'net': {
      const text = JSON.stringify({ type: event, payload });
      return { path: '/', hear: (message) => ({ ready: message.includes(FIRST) }), publish: () => text };
    }
    case 'socketio': {
      let number = 0;
      const text = JSON.stringify([event, payload]);
      return {
        path: '/socket.io/?EIO=4&transport=websocket',
        hear: (message) => (message.startsWith('0') ? { say: '40' } : { ready: message.includes(FIRST) }),
        publish: () => (acknowledged ? `42${number++}${text}` : `42${text}`),
      };
    }
    case 'iskra': {
      let number = 1;
      const ready = channel === CHANNEL ? FIRST : '"subscribed"';
      const envelope = envelopeOf(payload);
      return {
        path: '/realtime/ws',
        subprotocol: 'iskra.1',
        opening: JSON.stringify([hello(nonce()), subscribe(channel)]),
        // Our client acknowledges its inbox, which holds the outcome of `subscribe`, within two seconds.
        hear: (message) => (message.includes(ready) ? { ready: true, say: '[["ack",1]]' } : { ready: false }),
        publish: () => `[["publish",${++number},"${channel}",${envelope}]]`,
      };
    }
  }
}

/** The request that opens an event stream, by the peer. Its first message holds FIRST. */
export function speakStream(peer: Peer, session = nonce()): string {
  return peer === 'iskra'
    ? request('POST', '/realtime/sse', JSON.stringify([hello(session), subscribe(CHANNEL)]))
    : request('GET', '/events');
}

/** The post by which a stream's client acknowledges its inbox, from the stream's first message. */
export function acknowledge(session: string, first: string): string {
  const key = /"key":"([^"]+)"/.exec(first)?.[1];
  return request(
    'POST',
    '/realtime/send',
    JSON.stringify([
      ['continue', { nonce: session, key, generation: 1 }],
      ['ack', 1],
    ]),
  );
}

/** A long-poll session: how it is polled, and how it publishes from a second connection once it is open. */
export function speakPoll(peer: Peer, { payload }: Wish): PollSpeech & { batch(count: number): string } {
  switch (peer) {
    case 'ws':
    case 'net':
      return rawPoll(payload);
    case 'socketio':
      return socketioPoll(payload);
    case 'iskra':
      return iskraPoll(payload);
  }
}

/** A post of so many publishes to a raw server. */
export function rawBatch(count: number, payload: unknown): string {
  return request('POST', '/publish', JSON.stringify(repeated(count, { type: 'publish', payload })));
}

function rawPoll(payload: unknown): PollSpeech & { batch(count: number): string } {
  // The body starts with the number to ask for next: `[17,…`.
  const next = (body: string): string =>
    request('GET', `/poll?since=${Number.parseInt(body.slice(1, 20), 10)}`);
  return {
    open: async (http) => next(await http.ask(request('GET', '/poll?since=0'))),
    next,
    batch: (count) => rawBatch(count, payload),
  };
}

function socketioPoll(payload: unknown): PollSpeech & { batch(count: number): string } {
  const packet = `42${JSON.stringify(['publish', payload])}`;
  let poll = '';
  let path = '';
  return {
    open: async (http) => {
      const open = await http.ask(request('GET', '/socket.io/?EIO=4&transport=polling'));
      path = `/socket.io/?EIO=4&transport=polling&sid=${/"sid":"([^"]+)"/.exec(open)![1]}`;
      await http.ask(request('POST', path, '40', 'text/plain'));
      poll = request('GET', path);
      for (let polls = 0; polls < 3; polls++) if ((await http.ask(poll)).includes(FIRST)) return poll;
      throw new Error('Socket.IO sent no first message.');
    },
    next: () => poll,
    batch: (count) => request('POST', path, repeated(count, packet).join('\x1e'), 'text/plain'),
  };
}

function iskraPoll(payload: unknown): PollSpeech & { batch(count: number): string } {
  const envelope = envelopeOf(payload);
  const session = nonce();
  let opened = '';
  let inbox = '';
  let number = 1;
  const next = (body: string): string => {
    // The newest entry of the channel is where the next poll starts; an empty answer changes nothing.
    const at = body.lastIndexOf(`["entry","${CHANNEL}","`);
    if (at >= 0) {
      const [epoch, offset] = body.slice(at + `["entry","${CHANNEL}","`.length, at + 100).split(/"?,/, 2);
      cursor = `["${epoch}",${offset}]`;
    }
    const cursors = `{"@":${inbox},"${CHANNEL}":${cursor}}`;
    return request('POST', '/realtime/poll', `[["continue",{${opened},"cursors":${cursors},"wait":25000}]]`);
  };
  let cursor = '';
  return {
    open: async (http) => {
      const body = await http.ask(
        request('POST', '/realtime/poll', JSON.stringify([hello(session), subscribe(CHANNEL)])),
      );
      if (!body.includes(FIRST)) throw new Error(`no first entry in ${body}`);
      const frames = JSON.parse(body) as [string, ...unknown[]][];
      const welcome = (frames[0]![1] as { payload: { key: string; generation: number } }).payload;
      const outcome = frames.find(([tag, log]) => tag === 'entry' && log === '@')!;
      opened = `"nonce":"${session}","key":"${welcome.key}","generation":${welcome.generation}`;
      inbox = JSON.stringify([outcome[2], outcome[3]]);
      return next(body);
    },
    next,
    batch: (count) => {
      let sends = '';
      for (let sent = 0; sent < count; sent++) sends += `,["publish",${++number},"${CHANNEL}",${envelope}]`;
      return request('POST', '/realtime/send', `[["continue",{${opened}}]${sends}]`);
    },
  };
}

const repeated = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);
export const nonce = (): string => randomBytes(16).toString('base64url');
const hello = (fresh: string): unknown => ['hello', { version: 1, nonce: fresh }];
const subscribe = (channel: string): unknown => ['subscribe', 1, channel, { last: 1 }];
const envelopeOf = (payload: unknown): string =>
  JSON.stringify({ delta: 'm', dimension: 1, omega: 1, lambda: 'continue', payload });
