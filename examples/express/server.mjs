// Iskra in an Express application, beside its routes, its middleware and its body parser.
//
// Run:  node examples/express/server.mjs
//
// Transports are under /realtime. They are answered before Express hears of them, so no middleware has to make room for them.

import { createServer } from 'node:http';
import express from 'express';
import { createRealtime } from '@iskra/server';
import { mount } from '@iskra/server/node';

const { PORT = '8000', HOST = '127.0.0.1', SHUTDOWN_TIMEOUT = '25' } = process.env;
const realtime = createRealtime({ logger: 'warn' });
const app = express();
const server = mount(createServer(app), realtime);

app.use(express.json());
app.get('/', (_request, response) => response.send('My application'));

// What an ordinary route says reaches everybody in the room, over whatever they are connected.
app.post('/say', async (request, response) => {
  const { text } = request.body;
  const [, offset] = await realtime.publish('room:lobby', 'said', { author: 'express', text });
  response.json({ offset });
});

server.listen(Number(PORT), HOST, () => console.log(`ready at http://${HOST}:${server.address().port}`));

// A deploy: clients go to another server, those who have none are closed after 25 s, and the process ends by itself.
process.once('SIGTERM', () => void end());
async function end() {
  await realtime.drain({ timeout: Number(SHUTDOWN_TIMEOUT) * 1_000 });
  server.close();
  await realtime.close();
}
