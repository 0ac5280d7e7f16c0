/**
 * What 1,000 connections that say nothing cost the server's processor: heartbeats, as each peer's own client answers
 * them, and whatever else goes on. Socket.IO pings every 25 s by default, Iskra every 20.
 */
import { once } from 'node:events';
import { connect } from '@iskra/client';
import { io } from 'socket.io-client';
import { atRest } from '../harness/measure.js';
import { CHANNEL } from '../harness/work.js';
import type { Peer, Work } from '../harness/work.js';
import { inTurn } from '../load/line.js';

const CLIENTS = 1_000;

const open: Record<Extract<Peer, 'iskra' | 'socketio'>, (port: number) => Promise<unknown>> = {
  iskra: (port) =>
    connect(`http://127.0.0.1:${port}/realtime`, { transports: ['websocket'] })
      .channel(CHANNEL)
      .subscribe(),
  socketio: (port) => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true });
    return once(socket as never, 'first');
  },
};

export const resting: Work = {
  name: 'resting',
  title: `${CLIENTS.toLocaleString('en')} connections at rest over WebSocket, their heartbeats among it`,
  unit: "% of a core that the server's process takes",
  digits: 2,
  rows: [
    { key: 'iskra', peer: 'iskra', transport: 'websocket', label: 'Iskra', goals: [{ atMost: 1 }] },
    { key: 'socketio', peer: 'socketio', transport: 'websocket', label: 'Socket.IO' },
  ],
  maxRounds: 3,
  measure: atRest,
  load: async ({ peer }, port) => {
    await inTurn(CLIENTS, 32, () => open[peer === 'iskra' ? 'iskra' : 'socketio'](port));
    return { begin: () => Promise.resolve(), counted: () => CLIENTS };
  },
};
