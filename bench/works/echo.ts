/**
 * 50 connections, each with 20 messages on their way to itself: for Iskra into
 * a channel of its own, with log and acknowledgement; for Socket.IO an emit
 * back and an acknowledgement; for raw `ws` the message itself.
 */
import { overWindow } from '../harness/measure.js';
import { payloadOf } from '../harness/work.js';
import type { Work } from '../harness/work.js';
import { inTurn } from '../load/line.js';
import { speakWebSocket } from '../load/speech.js';
import { WebSocketLine } from '../load/websocket.js';

const CONNECTIONS = 50;
const IN_FLIGHT = 20;
const BYTES = 128;

/** For information: what Socket.IO costs when nobody asks whether a message arrived. */
const UNACKNOWLEDGED = 'socketio-no-ack';

export const echo: Work = {
  name: 'echo',
  title: `${CONNECTIONS} connections × ${IN_FLIGHT} in flight over WebSocket, ${BYTES} B`,
  unit: 'µs of server CPU per message',
  digits: 2,
  rows: [
    {
      key: 'iskra',
      peer: 'iskra',
      transport: 'websocket',
      label: 'Iskra',
      goals: [{ atMost: 0.5, of: 'socketio' }],
    },
    { key: 'ws', peer: 'ws', transport: 'websocket', label: 'raw ws' },
    { key: 'socketio', peer: 'socketio', transport: 'websocket', label: 'Socket.IO, acknowledged' },
    { key: UNACKNOWLEDGED, peer: 'socketio', transport: 'websocket', label: 'Socket.IO, no ack' },
  ],
  measure: overWindow,
  load: async ({ peer, row }, port) => {
    let counted = 0;
    const payload = payloadOf(BYTES);
    const lines = await inTurn(CONNECTIONS, 10, async (index) => {
      const speech = speakWebSocket(peer, {
        payload,
        channel: `echo-${index}`,
        event: 'echo',
        acknowledged: row !== UNACKNOWLEDGED,
      });
      const line = await WebSocketLine.open(port, speech, (markers) => {
        counted += markers;
        line.publish(markers);
      });
      return line;
    });
    return {
      begin: async () => {
        for (const line of lines) line.publish(IN_FLIGHT);
      },
      counted: () => counted,
    };
  },
};
