/**
 * Fan-out where WebSocket does not pass: event streams and long-polls, with 8
 * publishes in flight. The publisher posts, and takes its own delivery by the
 * transport that is measured.
 */
import { overWindow } from '../harness/measure.js';
import { CHANNEL, FIRST, payloadOf } from '../harness/work.js';
import type { Load, Work } from '../harness/work.js';
import { openPoll, openPoster, openStream } from '../load/http.js';
import { inTurn } from '../load/line.js';
import { rawBatch, speakPoll, speakStream, speakWebSocket } from '../load/speech.js';
import { WebSocketLine } from '../load/websocket.js';

/** Fewer than over WebSocket: polls cost the load as much as the server. */
const SUBSCRIBERS = 300;
const BYTES = 200;
const IN_FLIGHT = 8;
const payload = payloadOf(BYTES);

export const fanoutSse: Work = {
  name: 'fanout-sse',
  title: `${SUBSCRIBERS} subscribers over SSE, ${BYTES} B, ${IN_FLIGHT} in flight`,
  unit: 'µs of server CPU per delivery',
  digits: 2,
  rows: [
    { key: 'iskra', peer: 'iskra', transport: 'sse', label: 'Iskra', goals: [{ atMost: 8 }] },
    { key: 'ws', peer: 'ws', transport: 'sse', label: 'raw node:http' },
  ],
  measure: overWindow,
  load: ({ peer }, port) =>
    loop(async (count, onOwn) => {
      await inTurn(SUBSCRIBERS - 1, 16, () => openStream(port, speakStream(peer), FIRST, count));
      if (peer === 'iskra') {
        // The client of PROTOCOL.md may mix: this session publishes over WebSocket when a stream has heard the last one.
        const speech = speakWebSocket(peer, { payload });
        const publisher = await WebSocketLine.open(port, speech, count);
        await openStream(port, speakStream(peer), FIRST, onOwn);
        return (due) => publisher.publish(due);
      }
      await openStream(port, speakStream(peer), FIRST, onOwn);
      return openPoster(port, (due) => rawBatch(due, payload));
    }),
};

export const fanoutLongPoll: Work = {
  name: 'fanout-longpoll',
  title: `${SUBSCRIBERS} subscribers over long-poll, ${BYTES} B, ${IN_FLIGHT} in flight`,
  unit: 'µs of server CPU per delivery',
  digits: 2,
  rows: [
    {
      key: 'iskra',
      peer: 'iskra',
      transport: 'long-poll',
      label: 'Iskra',
      goals: [{ atMost: 1, of: 'socketio' }],
    },
    { key: 'ws', peer: 'ws', transport: 'long-poll', label: 'raw node:http' },
    { key: 'socketio', peer: 'socketio', transport: 'long-poll', label: 'Socket.IO polling' },
  ],
  measure: overWindow,
  load: ({ peer }, port) =>
    loop(async (count, onOwn) => {
      const speak = (): ReturnType<typeof speakPoll> => speakPoll(peer, { payload, channel: CHANNEL });
      await inTurn(SUBSCRIBERS - 1, 16, () => openPoll(port, speak(), count));
      const own = speak();
      await openPoll(port, own, onOwn);
      return openPoster(port, own.batch);
    }),
};

/** Counts everything, and publishes one more for each delivery that reaches the publisher. */
async function loop(
  open: (
    count: (markers: number) => void,
    onOwn: (markers: number) => void,
  ) => Promise<(due: number) => void>,
): Promise<Load> {
  let counted = 0;
  const publish = await open(
    (markers) => {
      counted += markers;
    },
    (markers) => {
      counted += markers;
      publish(markers);
    },
  );
  return { begin: async () => publish(IN_FLIGHT), counted: () => counted };
}
