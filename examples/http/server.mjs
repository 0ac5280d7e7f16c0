// Iskra before the listener of a Node server, with no framework at all.
//
// Run:  node examples/http/server.mjs
//
// Transports are under /realtime. All the rest goes to the listener, upgrades of others too.

import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { createRealtime } from '@iskra/server';
import { mount } from '@iskra/server/node';

const { PORT = '8000', HOST = '127.0.0.1', SHUTDOWN_TIMEOUT = '25' } = process.env;
const realtime = createRealtime({ logger: 'warn' });

const server = createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== '/say') response.end('My application');
  else say(request, response).catch(() => response.writeHead(400).end());
});

// What an ordinary route says reaches everybody in the room, over whatever they are connected.
async function say(request, response) {
  const { text } = await json(request);
  const [, offset] = await realtime.publish('room:lobby', 'said', { author: 'http', text });
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ offset }));
}

mount(server, realtime).listen(Number(PORT), HOST, () =>
  console.log(`ready at http://${HOST}:${server.address().port}`),
);

// A deploy: clients go to another server, those who have none are closed after 25 s, and the process ends by itself.
process.once('SIGTERM', () => void end());
async function end() {
  await realtime.drain({ timeout: Number(SHUTDOWN_TIMEOUT) * 1_000 });
  server.close();
  await realtime.close();
}
