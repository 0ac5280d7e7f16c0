/**
 * How many round trips it takes to the first message on a link of 100 ms, TCP
 * handshake included. All speak by hand, with the fewest steps their protocol
 * allows; Socket.IO's default is spoken by its own client.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { byLoad } from '../harness/measure.js';
import { FIRST } from '../harness/work.js';
import type { Case, Peer, Transport, Work } from '../harness/work.js';
import { HttpLine, openStream } from '../load/http.js';
import { slowLink } from '../load/slow-link.js';
import { speakPoll, speakStream, speakWebSocket } from '../load/speech.js';
import { WebSocketLine } from '../load/websocket.js';

const ROUND_TRIP = 100;
const TRIES = 5;

/** First messages without the link before any is measured: the first of everything compiles code. */
const WARM_UP = 20;

/** Longer than any protocol here needs, so that one that hangs is a failure and not a wait. */
const PATIENCE = 5_000;

export const roundTrips: Work = {
  name: 'roundtrips',
  title: `to the first message on a link of ${ROUND_TRIP} ms, TCP handshake included`,
  unit: 'round trips',
  digits: 1,
  rows: [
    row('iskra', 'websocket', 'Iskra WebSocket', 3),
    row('iskra', 'sse', 'Iskra SSE', 2),
    row('iskra', 'long-poll', 'Iskra long-poll', 2),
    row('iskra', 'polling', 'Iskra polling', 2),
    row('ws', 'websocket', 'raw ws'),
    row('ws', 'sse', 'raw SSE'),
    row('ws', 'long-poll', 'raw long-poll'),
    row('socketio', 'default', 'Socket.IO default'),
    row('socketio', 'websocket', 'Socket.IO WebSocket'),
  ],
  maxRounds: 3,
  measure: byLoad,
  load: async (the, port) => {
    const trips: number[] = [];
    return {
      begin: async () => {
        for (let tries = 0; tries < WARM_UP; tries++) await firstMessage(the, port);
        const link = await slowLink(port, ROUND_TRIP);
        for (let tries = 0; tries < TRIES; tries++) {
          const began = performance.now();
          await firstMessage(the, link.port);
          trips.push((performance.now() - began) / ROUND_TRIP);
        }
        link.close();
      },
      counted: () => trips.length,
      // What disturbs a try only makes it longer: the shortest is what the protocol needs.
      figure: () => Math.min(...trips),
    };
  },
};

async function firstMessage(the: Case, port: number): Promise<void> {
  const late = new AbortController();
  const close = await Promise.race([
    openers[the.transport](the.peer, port),
    pause(PATIENCE, undefined, { signal: late.signal, ref: false }).then(() => {
      throw new Error(`no first message over ${the.transport} within ${PATIENCE} ms`);
    }),
  ]).finally(() => late.abort());
  close();
}

const openers: Record<Transport, (peer: Peer, port: number) => Promise<() => void>> = {
  websocket: async (peer, port) => {
    const line = await WebSocketLine.open(port, speakWebSocket(peer, { payload: null }));
    return () => line.close();
  },
  sse: async (peer, port) => {
    const line = await openStream(port, speakStream(peer), FIRST);
    return () => line.close();
  },
  'long-poll': firstPoll,
  polling: firstPoll,
  default: async (_, port) => {
    const socket = io(`http://127.0.0.1:${port}`, { forceNew: true, reconnection: false });
    await once(socket as never, 'first');
    return () => socket.close();
  },
};

/** The session is open when the first answer with the first message is there; the next poll is not of interest. */
async function firstPoll(peer: Peer, port: number): Promise<() => void> {
  const line = await HttpLine.open(port);
  await speakPoll(peer, { payload: null }).open(line);
  return () => line.close();
}

function row(peer: Peer, transport: Transport, label: string, most?: number): Work['rows'][number] {
  const reference = label === 'raw ws' || label === 'Socket.IO default';
  return {
    key: reference ? peer : `${peer}-${transport}`,
    peer,
    transport,
    label,
    goals: most === undefined ? [] : [{ atMost: most }],
  };
}
