/**
 * What 5,000 sessions that say nothing keep in the server's memory, by
 * transport: a WebSocket in one room or channel, an open stream, a held poll.
 * Only the process is measured; the kernel's socket buffers are the same for all.
 */
import { memory } from '../harness/measure.js';
import { FIRST } from '../harness/work.js';
import type { Peer, Row, Transport, Work } from '../harness/work.js';
import { HttpLine, openPoll, openStream } from '../load/http.js';
import { inTurn } from '../load/line.js';
import { acknowledge, nonce, speakPoll, speakStream, speakWebSocket } from '../load/speech.js';
import { WebSocketLine } from '../load/websocket.js';

/** Opened before the first look, so that code and tables which exist once are not charged to sessions. */
const WARM_UP = 500;
const SESSIONS = 5_000;

const idle = (transport: 'websocket' | 'sse' | 'long-poll', most: number, rows: readonly Row[]): Work => ({
  name: `idle-${transport.replace('-', '')}`,
  title: `${SESSIONS.toLocaleString('en')} idle sessions over ${names[transport]}`,
  unit: 'bytes of server RSS per session',
  digits: 0,
  rows: [{ key: 'iskra', peer: 'iskra', transport, label: 'Iskra', goals: [{ atMost: most }] }, ...rows],
  maxRounds: 3,
  measure: memory,
  load: async ({ peer }, port) => {
    let counted = 0;
    const open = async (): Promise<void> => {
      await openers[transport](peer, port);
      counted++;
    };
    await inTurn(WARM_UP, 16, open);
    return {
      begin: async () => {
        await inTurn(SESSIONS, 16, open);
      },
      counted: () => counted,
    };
  },
});

const names = { websocket: 'WebSocket', sse: 'SSE', 'long-poll': 'long-poll' };

const openers: Record<'websocket' | 'sse' | 'long-poll', (peer: Peer, port: number) => Promise<unknown>> = {
  websocket: (peer, port) => WebSocketLine.open(port, speakWebSocket(peer, { payload: null })),
  sse: (peer, port) =>
    peer === 'iskra' ? openAcknowledged(port) : openStream(port, speakStream(peer), FIRST),
  'long-poll': (peer, port) => openPoll(port, speakPoll(peer, { payload: null })),
};

/** Connections that acknowledge: kept, because what 5,000 of them leave behind would be charged to the streams. */
const kept: HttpLine[] = [];

/** A stream whose inbox is acknowledged, as our client does it within two seconds. */
async function openAcknowledged(port: number): Promise<void> {
  const session = nonce();
  let first = '';
  await openStream(port, speakStream('iskra', session), FIRST, undefined, (text) => (first = text));
  const http = kept.pop() ?? (await HttpLine.open(port));
  await http.ask(acknowledge(session, first));
  kept.push(http);
}

const raw = (transport: Transport, label: string): Row => ({ key: 'ws', peer: 'ws', transport, label });
const socketio = (transport: Transport, label: string): Row => ({
  key: 'socketio',
  peer: 'socketio',
  transport,
  label,
});

export const idleWorks: readonly Work[] = [
  idle('websocket', 11_000, [raw('websocket', 'raw ws'), socketio('websocket', 'Socket.IO')]),
  idle('sse', 15_000, [raw('sse', 'raw node:http')]),
  idle('long-poll', 15_000, [raw('long-poll', 'raw node:http'), socketio('long-poll', 'Socket.IO polling')]),
];
