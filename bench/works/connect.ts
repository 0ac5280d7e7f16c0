/**
 * From nothing to the first message over WebSocket, 32 at a time, 1,500 in the
 * window: raw `ws` and Socket.IO send it when the socket opens, Iskra answers
 * hello and a subscription with welcome, the outcome and the channel's newest
 * entry. Closing is not counted: the connections stay open until the case ends.
 */
import { untilDone } from '../harness/measure.js';
import type { Work } from '../harness/work.js';
import { inTurn } from '../load/line.js';
import { speakWebSocket } from '../load/speech.js';
import { WebSocketLine } from '../load/websocket.js';

const WARM_UP = 500;
const CONNECTIONS = 1_500;
const AT_ONCE = 32;

export const connectWork: Work = {
  name: 'connect',
  title: `${CONNECTIONS.toLocaleString('en')} connections to their first message, ${AT_ONCE} at a time`,
  unit: 'µs of server CPU per connection',
  digits: 0,
  rows: [
    { key: 'iskra', peer: 'iskra', transport: 'websocket', label: 'Iskra', goals: [{ atMost: 750 }] },
    { key: 'ws', peer: 'ws', transport: 'websocket', label: 'raw ws' },
    { key: 'socketio', peer: 'socketio', transport: 'websocket', label: 'Socket.IO' },
  ],
  measure: untilDone,
  load: async ({ peer }, port) => {
    let counted = 0;
    const connect = async (): Promise<void> => {
      await WebSocketLine.open(port, speakWebSocket(peer, { payload: null }));
      counted++;
    };
    await inTurn(WARM_UP, AT_ONCE, connect);
    return {
      begin: async () => {
        await inTurn(CONNECTIONS, AT_ONCE, connect);
      },
      counted: () => counted,
    };
  },
};
