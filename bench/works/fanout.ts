/**
 * One publisher, 1,000 subscribers of one channel over WebSocket. The publisher
 * is the last subscriber: it publishes the next when its own delivery returns,
 * so the number in flight stays what the work says.
 */
import { overWindow } from '../harness/measure.js';
import { payloadOf } from '../harness/work.js';
import type { Goal, Row, Work } from '../harness/work.js';
import { inTurn } from '../load/line.js';
import { speakWebSocket } from '../load/speech.js';
import { WebSocketLine } from '../load/websocket.js';

const SUBSCRIBERS = 1_000;
const BYTES = 200;

const rows = (goals: readonly Goal[]): Row[] => [
  { key: 'iskra', peer: 'iskra', transport: 'websocket', label: 'Iskra', goals },
  { key: 'ws', peer: 'ws', transport: 'websocket', label: 'raw ws' },
  { key: 'net', peer: 'net', transport: 'websocket', label: 'floor: one write a socket' },
  { key: 'socketio', peer: 'socketio', transport: 'websocket', label: 'Socket.IO' },
];

const fanout = (inFlight: number, ...goals: Goal[]): Work => ({
  name: `fanout-${inFlight}`,
  title: `${SUBSCRIBERS.toLocaleString('en')} subscribers over WebSocket, ${BYTES} B, ${inFlight} in flight`,
  unit: 'µs of server CPU per delivery',
  digits: 2,
  rows: rows(goals),
  measure: overWindow,
  load: async ({ peer }, port) => {
    let counted = 0;
    const count = (markers: number): void => {
      counted += markers;
    };
    const wish = { payload: payloadOf(BYTES) };
    const open = (onMarkers: (markers: number) => void): Promise<WebSocketLine> =>
      WebSocketLine.open(port, speakWebSocket(peer, wish), onMarkers);
    await inTurn(SUBSCRIBERS - 1, 32, () => open(count));
    const publisher = await open((markers) => {
      counted += markers;
      publisher.publish(markers);
    });
    return {
      begin: async () => publisher.publish(inFlight),
      counted: () => counted,
    };
  },
});

export const fanoutWorks: readonly Work[] = [
  fanout(8, { atMost: 0.25, of: 'socketio' }),
  // One publish at a time is one write a socket, for everybody: what is ours is what lies above the floor.
  fanout(1, { atMost: 0.5, of: 'socketio' }, { atMost: 1.2, of: 'net' }),
];
