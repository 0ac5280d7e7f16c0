// A realtime in a server of somebody else's making, who ends it by hand, as the guide shows.
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { createRealtime } from '@iskra/server';

const realtime = createRealtime({ logger: false });
const app = new Hono().route('/realtime', realtime.app).route('/', realtime.plain);
const answer = getRequestListener(app.fetch);
const server = createServer((request, response) => void answer(request, response));
realtime.attach(server, app.fetch);
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));

async function end() {
  const { left, closed } = await realtime.drain({ timeout: 25_000 });
  server.close();
  await realtime.close();
  console.log(`${left} left, ${closed} closed`);
  process.exit(0);
}
process.once('SIGTERM', () => void end());
