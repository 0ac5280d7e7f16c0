/** A process of its own that serves on Deno, as a user would: with Hono's own adapter. Deno runs it. */
import { Hono } from 'hono';
import { getConnInfo, upgradeWebSocket } from 'hono/deno';
import { createServed, exposeServed } from './served.js';

declare const Deno: { serve(options: object, fetch: unknown): { addr: { port: number } } };

const served = createServed({ upgradeWebSocket, getConnInfo });
const app = new Hono();
app.route('/realtime', served.realtime.app);
app.route('/', served.realtime.plain);
app.route('/', served.page);

const { addr } = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, app.fetch);
exposeServed(served, addr.port);
