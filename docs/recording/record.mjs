// Records what the landing page plays: a real client behind a real box, while transports are blocked and opened again. It
// writes recording.json, which has nothing in it but what was seen.
//
//   node docs/recording/record.mjs

import { writeFileSync } from 'node:fs';
import { openBox } from '@iskra/chaos';
import { connect } from '@iskra/client';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';

const LENGTH = 10_000;
const COUNT = 200;

/** What is blocked, and when, ms. WebSockets that are open are cut as well; so is the stream, for a moment. */
const NO_WEBSOCKET = 'refuse-upgrade,kill-websocket=50ms';
const BLOCKS = [
  { from: 2_000, until: 6_500, transport: 'websocket' },
  { from: 4_000, until: 6_500, transport: 'sse' },
];
const STEPS = [
  { at: 2_000, profile: NO_WEBSOCKET },
  { at: 4_000, profile: `${NO_WEBSOCKET},refuse-streams,cut-answers=50ms` },
  { at: 4_100, profile: `${NO_WEBSOCKET},refuse-streams` },
  { at: 6_500, profile: '' },
];
/** Sooner than the 15 s of the default, so that it fits into a recording; the page says so. */
const PROBE = [1_000, 1_000];

const realtime = createRealtime({ logger: false });
const serving = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
const box = await openBox({ to: `http://127.0.0.1:${serving.port}` });
const client = connect(`${box.url}/realtime`, { probe: PROBE });
const channel = client.channel('numbers');

const heard = [];
let began = NaN;
const at = () => Math.round(performance.now() - began);
channel.on('number', (n) => heard.push({ at: at(), n, transport: client.status.transport }));
await channel.subscribe();

began = performance.now();
let statuses = 0;
client.on('status', ({ state }) => {
  if (state !== 'connected') statuses++;
});
const steps = STEPS.map((step) => setTimeout(() => void box.set(step.profile), step.at));
await new Promise((resolve) => {
  let n = 0;
  const timer = setInterval(() => {
    void realtime.publish('numbers', 'number', ++n);
    if (n === COUNT) {
      clearInterval(timer);
      resolve();
    }
  }, LENGTH / COUNT);
});
await new Promise((resolve) => setTimeout(resolve, 1_000));
for (const step of steps) clearTimeout(step);

const recording = {
  length: Math.max(LENGTH, ...heard.map((one) => one.at)),
  sent: COUNT,
  blocks: BLOCKS,
  disconnects: statuses,
  heard: heard.map(({ at: when, n, transport }) => [when, n, transport]),
};
writeFileSync(new URL('recording.json', import.meta.url), `${JSON.stringify(recording)}\n`);
console.log(
  `${heard.length} of ${COUNT} heard, in order: ${heard.every((one, index) => one.n === index + 1)};`,
  `over ${[...new Set(heard.map((one) => one.transport))].join(', ')}; ${statuses} disconnects seen`,
);

await client.close();
await box.close();
await serving.close();
