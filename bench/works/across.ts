/**
 * Node A publishes, 500 subscribers over WebSocket are on node B, and Redis is
 * between them. The next is published when the last subscriber has one, so the
 * number in flight stays what the work says.
 */
import { acrossCommands, acrossWindow } from '../harness/across.js';
import { payloadOf } from '../harness/work.js';
import type { Goal, Row, Work } from '../harness/work.js';
import { inTurn, Line } from '../load/line.js';
import { speakWebSocket } from '../load/speech.js';
import { WebSocketLine } from '../load/websocket.js';

const SUBSCRIBERS = 500;
const BYTES = 200;
/**
 * So many that every process has something to do, and so few that the node alone does not write all of them at once. With 8 what
 * counts is how soon each of four processes is woken on two cores; with 64 the node alone gives each subscriber one write for all.
 */
const IN_FLIGHT = 16;
/**
 * So many that whoever holds the subscribers never waits: a rate is what the nodes can do, and not how soon three processes are woken
 * one after the other on two cores. With 16 that is 1 ms of 4.4, and varies with the machine.
 */
const ENOUGH = 256;

export const PAYLOAD = payloadOf(BYTES);

const iskra = (...goals: Goal[]): Row => ({
  key: 'iskra',
  peer: 'iskra',
  transport: 'websocket',
  label: 'Iskra',
  goals,
});
const alone: Row = { key: 'alone', peer: 'iskra', transport: 'websocket', label: 'Iskra, one node' };
const peers: Row[] = [
  { key: 'ws', peer: 'ws', transport: 'websocket', label: 'raw ws, pub/sub' },
  { key: 'socketio', peer: 'socketio', transport: 'websocket', label: 'Socket.IO, Redis adapter' },
  { key: 'streams', peer: 'socketio', transport: 'websocket', label: 'Socket.IO, Streams adapter' },
];

const across = (inFlight: number): Pick<Work, 'title' | 'load'> => ({
  title: `node A publishes, ${SUBSCRIBERS} subscribers on node B, ${BYTES} B, ${inFlight} in flight`,
  load: async ({ peer }, port, publisher) => {
    let counted = 0;
    const wish = { payload: PAYLOAD };
    const open = (onMarkers: (markers: number) => void): Promise<WebSocketLine> =>
      WebSocketLine.open(port, speakWebSocket(peer, wish), onMarkers);
    await inTurn(SUBSCRIBERS - 1, 32, () =>
      open((markers) => {
        counted += markers;
      }),
    );
    const application = await Line.open(publisher);
    const publish = (times: number): void => application.write('.'.repeat(times));
    await open((markers) => {
      counted += markers;
      publish(markers);
    });
    return { begin: async () => publish(inFlight), counted: () => counted };
  },
});

export const acrossWorks: readonly Work[] = [
  {
    name: 'across-publish',
    ...across(IN_FLIGHT),
    unit: 'µs of CPU of node A per publish',
    digits: 1,
    rows: [iskra({ atMost: 100 }, { atMost: 0.5, of: 'streams' }), ...peers],
    measure: (the) => acrossWindow(the, ({ a, deliveries }) => (a / deliveries) * SUBSCRIBERS),
  },
  {
    name: 'across-delivery',
    ...across(IN_FLIGHT),
    unit: 'µs of CPU of node B per delivery',
    digits: 2,
    rows: [iskra({ atMost: 0.5, of: 'socketio' }), ...peers],
    measure: (the) => acrossWindow(the, ({ b, deliveries }) => b / deliveries),
  },
  {
    name: 'across-rate',
    ...across(ENOUGH),
    unit: 'µs of time per delivery',
    digits: 2,
    // At least 0.8 of the rate of one node alone, and twice that of the Streams adapter.
    rows: [iskra({ atMost: 1.25, of: 'alone' }, { atMost: 0.5, of: 'streams' }), alone, ...peers],
    measure: (the) => acrossWindow(the, ({ milliseconds, deliveries }) => (milliseconds * 1000) / deliveries),
  },
  {
    name: 'across-commands',
    ...across(IN_FLIGHT),
    unit: 'commands that Redis gets per publish',
    // A node also asks where its logs stand, every few seconds: that is no publish.
    digits: 1,
    rows: [iskra({ atMost: 1 }), ...peers],
    maxRounds: 1,
    measure: async (the) => {
      const { value } = await acrossCommands(the);
      return { value: value * SUBSCRIBERS };
    },
  },
];
