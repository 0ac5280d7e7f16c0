/** A process of its own that serves on Bun, as a user would: with Hono's own adapter. Bun runs it. */
import { Hono } from 'hono';
import { getConnInfo, upgradeWebSocket, websocket } from 'hono/bun';
import { createServed, exposeServed } from './served.js';

declare const Bun: { serve(options: object): { port: number } };

const served = createServed({ upgradeWebSocket, getConnInfo });
const app = new Hono();
app.route('/realtime', served.realtime.app);
app.route('/', served.realtime.plain);
app.route('/', served.page);

const { port } = Bun.serve({
  fetch: app.fetch,
  port: 0,
  hostname: '127.0.0.1',
  // Its own is 10 s: a held poll and a quiet stream of events would be cut.
  idleTimeout: 255,
  // Its own is 16 MiB.
  websocket: { ...websocket, maxPayloadLength: 262_144 },
});
exposeServed(served, port);
