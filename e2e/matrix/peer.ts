/** Socket.IO in the matrix: with its defaults, or with WebSocket first. */
import { io } from 'socket.io-client';
import { agentThrough } from './forward.js';
import type { Party, Way } from './party.js';
import type { Numbered } from './plan.js';

export const PEERS = ['socketio', 'socketio-ws'] as const;
export type PeerName = (typeof PEERS)[number];

export function openPeer(name: PeerName, { url, through }: Way, exchange: string): Party {
  const socket = io(url, {
    auth: { exchange },
    // One engine for each: rows share nothing.
    forceNew: true,
    ...(name === 'socketio-ws' && { transports: ['websocket', 'polling'] }),
    // Its types know the agents of old; its transports for Node take any.
    ...(through && { agent: agentThrough(through) as never }),
  });
  const heard: number[] = [];
  const delays: number[] = [];
  let disconnects = 0;
  socket.on('said', ({ n, at = 0 }: Numbered) => {
    // The first message greets each connection, and there may be many.
    if (n === 0 && heard.length > 0) return;
    heard.push(n);
    delays.push(Date.now() - at);
  });
  socket.on('disconnect', () => disconnects++);
  return {
    heard,
    delays,
    get ready() {
      return heard.length > 0;
    },
    get disconnects() {
      return disconnects;
    },
    say: (message) => void socket.emit('said', message),
    async close() {
      socket.disconnect();
    },
  };
}
