// A realtime inside what others made: their Hono application, their Node server.

import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { MiddlewareHandler } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createRealtime } from './realtime.js';
import type { RealtimeOptions } from './realtime.js';
import type { NodeBindings } from './routes.js';

const HELLO = JSON.stringify([['hello', { version: 1, nonce: 'Zk9vY2Q3c0hVbXhQUWJ0Zw' }]]);
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listening(
  options: RealtimeOptions = {},
  before: MiddlewareHandler<{ Bindings: NodeBindings }> = (_, next) => next(),
) {
  const realtime = createRealtime({ logger: false, ...options });
  const app = new Hono<{ Bindings: NodeBindings }>();
  app.use(before);
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

test('gives back the place of a peer that left while middleware of the application was still at work', async () => {
  const [asked, left] = [new EventEmitter(), new EventEmitter()];
  let isFirst = true;
  const {
    realtime,
    server,
    fetch: through,
    ws,
  } = await listening({ limits: { connections: 1 } }, async (c, next) => {
    if (!isFirst) return next();
    isFirst = false;
    const closed = new Promise((resolve) => c.env.incoming?.socket.once('close', resolve));
    asked.emit('so');
    await closed;
    await next();
    left.emit('so');
  });
  realtime.attach(server, through);
  const { port } = server.address() as AddressInfo;
  const peer = connect(port, '127.0.0.1');
  peer.write(
    'GET /live/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  await once(asked, 'so');
  peer.resetAndDestroy();
  await once(left, 'so');
  expect(await welcomed(`${ws}/live/ws`)).toBe('welcome');
});
