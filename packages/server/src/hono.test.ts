// In a Hono application with middleware: its users are those of the sessions, and its handlers publish.

import { once } from 'node:events';
import { serve as serveHono } from '@hono/node-server';
import type { ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import { jwt, sign } from 'hono/jwt';
import type { JwtVariables } from 'hono/jwt';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Authenticate } from './core.js';
import { serve } from './node.js';
import { createRealtime } from './realtime.js';

const SECRET = 'only for this test';
const HELLO = ['hello', { version: 1, nonce: 'Zk9vY2Q3c0hVbXhQUWJ0Zw' }];

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Who is calling, as the application's own middleware found out. */
const authenticate: Authenticate = (_request, _credentials, { jwtPayload }) => {
  const { sub } = (jwtPayload ?? {}) as { sub?: unknown };
  return typeof sub === 'string' ? { subject: sub } : undefined;
};

/** An application whose users have a cookie with a JWT, for the transports and for its own routes. */
async function application() {
  const realtime = createRealtime({
    logger: false,
    authenticate,
    authorize: ({ subject }, action, name) => action === 'request' || name === `user:${subject}`,
  });
  const app = new Hono<{ Variables: JwtVariables }>();
  app.use(jwt({ secret: SECRET, cookie: 'token', alg: 'HS256' }));
  app.route('/realtime', realtime.app);
  app.post('/orders', async (c) => {
    const { sub } = c.get('jwtPayload') as { sub: string };
    return c.json({ position: await realtime.publish(`user:${sub}`, 'ordered', await c.req.json()) });
  });
  const server: ServerType = serveHono({
    ...{ fetch: app.fetch, port: 0, hostname: '127.0.0.1' },
    websocket: { server: realtime.webSocketServer },
  });
  await once(server, 'listening');
  ends.push(async () => {
    await realtime.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { realtime, at: `127.0.0.1:${port}` };
}

const cookieOf = async (sub: string): Promise<string> => `token=${await sign({ sub }, SECRET, 'HS256')}`;

type Frame = [tag: string, ...rest: unknown[]];

test('its middleware says who a session is over WebSocket, and what its handler publishes arrives there', async () => {
  const { at } = await application();
  const cookie = await cookieOf('ann');
  const socket = new WebSocket(`ws://${at}/realtime/ws`, 'iskra.1', { headers: { cookie } });
  ends.push(() => socket.terminate());
  const frames: Frame[] = [];
  socket.on('message', (data: Buffer) => frames.push(...(JSON.parse(data.toString()) as Frame[])));
  await once(socket, 'open');
  socket.send(JSON.stringify([HELLO, ['subscribe', 1, 'user:ann', {}], ['subscribe', 2, 'user:bob', {}]]));
  await expect
    .poll(() => frames.filter(([tag, log]) => tag === 'entry' && log === '@'))
    .toMatchObject([
      [...Array.from({ length: 4 }), { delta: 'subscribed' }, 1].map((one) => one ?? expect.anything()),
      [...Array.from({ length: 4 }), { delta: 'forbidden' }, 2].map((one) => one ?? expect.anything()),
    ]);
  const order = { method: 'POST', headers: { cookie }, body: '{"item":7}' };
  expect((await fetch(`http://${at}/orders`, order)).status).toBe(200);
  await expect
    .poll(() => frames.find(([, log]) => log === 'user:ann')?.[4])
    .toMatchObject({ delta: 'ordered', payload: { item: 7 } });
});

test('its middleware says who a session is over HTTP, and refuses before us', async () => {
  const { realtime, at } = await application();
  const subjects: unknown[] = [];
  realtime.handle('whoami', (_, { session }) => void subjects.push(session.subject));
  const request = ['request', 1, { delta: 'whoami', dimension: 1, omega: 1, lambda: 'continue' }];
  const body = JSON.stringify([HELLO, request]);
  const post = (headers: Record<string, string>) =>
    fetch(`http://${at}/realtime/poll`, { method: 'POST', headers, body });
  expect((await post({})).status).toBe(401);
  expect((await post({ cookie: await cookieOf('bob') })).status).toBe(200);
  expect(subjects).toEqual(['bob']);
});

test('serve takes what is for the transports before any middleware: there are no variables', async () => {
  const told: unknown[] = [];
  const realtime = createRealtime({
    logger: false,
    authenticate(_request, _credentials, variables) {
      told.push(variables);
      return {};
    },
  });
  const app = new Hono<{ Variables: { user: string } }>();
  app.use(async (c, next) => {
    c.set('user', 'ann');
    await next();
  });
  const serving = await serve(realtime, {
    ...{ port: 0, hostname: '127.0.0.1', app: app as unknown as Hono, shutdownTimeout: 0 },
  });
  ends.push(() => serving.close());
  await fetch(`${serving.url}/realtime/poll`, { method: 'POST', body: JSON.stringify([HELLO]) });
  expect(told).toEqual([{}]);
});
