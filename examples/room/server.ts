/** The room: one realtime server, the page, and a switch with which a visitor can break its own network. */
import { createRealtime, memoryStore } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { Hono } from 'hono';
import { contract } from './contract.js';
import { createFiles } from './files.js';
import { greet, logger, say } from './terminal.js';
import { createWays } from './ways.js';

/** A room that a welcome stands in; `room:lobby~here` and the like hold no conversation. */
const ROOM = /^room:[a-z0-9-]{1,40}$/;
const MAX_KNOWN_ROOMS = 1_000;

const NAMES = { websocket: 'WebSocket', sse: 'SSE', 'long-poll': 'long-poll' };

const realtime = createRealtime({
  contract,
  store: memoryStore({ presenceWindow: 10_000, maxBytes: 64 * 1024 * 1024 }),
  // Short, so that what happens to a connection can be seen happening.
  times: { heartbeat: 3_000 },
  logger,
  // The log says where something was thrown; here is somebody who wants to read what.
  onError: (error) => console.error(error),
  authorize: async (_session, action, name) => {
    if (action === 'subscribe' && ROOM.test(name)) await openRoom(name as `room:${string}`);
    return true;
  },
});

realtime.handle('time', () => ({ now: new Date().toISOString(), node: `pid ${process.pid}` }));

/** Whoever is first in a room finds a word of welcome there. */
const rooms = new Map<string, Promise<void>>();
function openRoom(name: `room:${string}`): Promise<void> {
  const known = rooms.get(name) ?? welcome(name);
  rooms.delete(name);
  rooms.set(name, known);
  const [oldest] = rooms.keys();
  if (rooms.size > MAX_KNOWN_ROOMS && oldest !== undefined) rooms.delete(oldest);
  return known;
}

async function welcome(name: `room:${string}`): Promise<void> {
  if ((await realtime.history(name, 1)).length > 0) return;
  await realtime.publish(name, 'said', {
    author: 'iskra',
    text: 'Welcome. Say something, then block a rung of the ladder: the conversation goes on.',
  });
  say(`${name.replace('room:', '#')} opened`, 'green');
}

const app = new Hono();
const ways = createWays(realtime.app as unknown as Hono, (way, transport, blocked) =>
  say(
    `way ${way.slice(0, 6)}…  ${NAMES[transport]} ${blocked ? 'blocked' : 'open again'}`,
    blocked ? 'yellow' : 'green',
  ),
);
app.route('/', ways as unknown as Hono);
app.route('/', await createFiles(new URL('page/', import.meta.url)));

const port = Number(process.env['PORT'] ?? 8000);
const hostname = process.env['HOST'] ?? '127.0.0.1';
try {
  const { url } = await serve(realtime, { port, hostname, app, signals: true, shutdownTimeout: 1_500 });
  greet(url);
} catch (error) {
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  console.error(taken ? `Port ${port} is taken. Try another: PORT=${port + 1} npm start` : error);
  process.exit(1);
}
process.once('SIGINT', () => console.log('\n  The room closes; clients are told to look elsewhere.'));
