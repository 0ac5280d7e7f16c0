/** A process of its own that serves on what came before: `@hono/node-ws`, and version 1 of `@hono/node-server`. */
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { createNodeWebSocket } from '@hono/node-ws';
import { Hono } from 'hono';
import { createServed, exposeServed } from './served.js';

const app = new Hono();
const { upgradeWebSocket, injectWebSocket, wss } = createNodeWebSocket({ app });
// Its server takes messages of 100 MiB, whole, before anybody is asked.
wss.options.maxPayload = 262_144;
const served = createServed({ upgradeWebSocket });
app.route('/realtime', served.realtime.app);
app.route('/', served.page);

/** Upgrades that wait for a look-up of the application, here for as long as their socket lives. */
let waiting = 0;
app.use('/late/*', async (c, next) => {
  const { socket } = (c.env as { incoming: IncomingMessage }).incoming;
  waiting++;
  await new Promise((resolve) => socket.once('close', resolve));
  waiting--;
  await next();
});
app.route('/late', served.realtime.app);
app.get('/waiting', (c) => c.json(waiting));

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) =>
  exposeServed(served, port),
) as Server;
// While its upgrade waits for an answer, nobody hears that a socket broke: without this the process ends.
server.on('upgrade', (_request, socket) => socket.on('error', () => {}));
injectWebSocket(server);
