// Iskra in a Fastify application, beside its routes, its hooks and its body parsers.
//
// Run:  node examples/fastify/server.mjs
//
// Transports are under /realtime. They are answered before Fastify hears of them, so no hook has to make room for them.

import { createServer } from 'node:http';
import Fastify from 'fastify';
import { createRealtime } from '@iskra/server';
import { mount } from '@iskra/server/node';

const { PORT = '8000', HOST = '127.0.0.1', SHUTDOWN_TIMEOUT = '25' } = process.env;
const realtime = createRealtime({ logger: 'warn' });
const app = Fastify({ serverFactory: (handler) => mount(createServer(handler), realtime) });

app.get('/', () => 'My application');

// What an ordinary route says reaches everybody in the room, over whatever they are connected.
app.post('/say', async (request) => {
  const { text } = request.body;
  const [, offset] = await realtime.publish('room:lobby', 'said', { author: 'fastify', text });
  return { offset };
});

await app.listen({ port: Number(PORT), host: HOST });
console.log(`ready at http://${HOST}:${app.server.address().port}`);

// A deploy: clients go to another server, those who have none are closed after 25 s, and the process ends by itself.
process.once('SIGTERM', () => void end());
async function end() {
  await realtime.drain({ timeout: Number(SHUTDOWN_TIMEOUT) * 1_000 });
  await app.close();
  await realtime.close();
}
