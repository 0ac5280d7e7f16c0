// A realtime inside what others made: their Hono application, their Node server.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createRealtime } from './realtime.js';
import type { NodeBindings } from './routes.js';

const HELLO = JSON.stringify([['hello', { version: 1, nonce: 'Zk9vY2Q3c0hVbXhQUWJ0Zw' }]]);
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listening() {
  const realtime = createRealtime({ logger: false });
  const app = new Hono();
  app.get('/page', (c) => c.text('mine'));
  app.route('/live', realtime.app);
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void listener(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    await realtime.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const fetch = (request: Request, env: NodeBindings) => app.fetch(request, env);
  return { realtime, server, fetch, http: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}` };
}

async function welcomed(url: string): Promise<unknown> {
  const socket = new WebSocket(url, 'iskra.1');
  ends.push(() => socket.terminate());
  await once(socket, 'open');
  socket.send(HELLO);
  const [message] = (await once(socket, 'message')) as [Buffer];
  return (JSON.parse(message.toString()) as unknown[][])[0]?.[0];
}

test('answers in an application of others, beside its own routes', async () => {
  const { http } = await listening();
  expect(await (await fetch(`${http}/page`)).text()).toBe('mine');
  const answer = await fetch(`${http}/live/poll`, { method: 'POST', body: HELLO });
  expect(answer.status).toBe(200);
  expect(((await answer.json()) as unknown[][])[0]?.[0]).toBe('welcome');
});

test('attach upgrades on a server of others, through their application', async () => {
  const { realtime, server, fetch: through, ws } = await listening();
  realtime.attach(server, through);
  expect(await welcomed(`${ws}/live/ws`)).toBe('welcome');
});

test('attach alone serves the transports at the root', async () => {
  const { realtime, server, ws } = await listening();
  realtime.attach(server);
  expect(await welcomed(`${ws}/ws`)).toBe('welcome');
});
