// A realtime before an application that is not Hono: whoever listened to the Node server goes on, and never hears of ours.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createSecureServer, request } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ONE } from './fixture.js';
import { mount } from './mount.js';
import type { MountOptions } from './mount.js';
import { createRealtime } from './realtime.js';
import type { Realtime } from './realtime.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

let nonces = 0;
const hello = (): string =>
  JSON.stringify([['hello', { version: 1, nonce: `mount-${nonces++}`.padEnd(22, '-') }]]);

function realtimes(): Realtime {
  const realtime = createRealtime({ logger: false });
  ends.push(() => realtime.close());
  return realtime;
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An application that reads every body before it answers, as body parsers do, and keeps what it heard of. */
function application() {
  const heard: string[] = [];
  const listener: RequestListener = (incoming, outgoing) => {
    heard.push(`${incoming.method} ${incoming.url}`);
    incoming.resume().once('end', () => outgoing.end('mine'));
  };
  return { heard, listener };
}

const mounted = async (options?: MountOptions) => {
  const { heard, listener } = application();
  const place = await listening(mount(createServer(listener), realtimes(), options));
  return { heard, place };
};

const greeted = async (url: string, subprotocol?: string): Promise<string> => {
  const socket = new WebSocket(url, subprotocol, { rejectUnauthorized: false });
  ends.push(() => socket.terminate());
  // Before it is open: the first words may come with the handshake.
  const first = once(socket, 'message');
  await once(socket, 'open');
  if (subprotocol !== undefined) socket.send(hello());
  const [message] = (await first) as [Buffer];
  return message.toString();
};

const isRefused = async (url: string): Promise<number | undefined> => {
  const [, answer] = (await once(
    new WebSocket(url).on('error', () => {}),
    'unexpected-response',
  )) as [unknown, IncomingMessage];
  answer.destroy();
  return answer.statusCode;
};

test('answers by every way, and the application hears of what is not its own', async () => {
  const { heard, place } = await mounted();
  const poll = await fetch(`http://${place}/realtime/poll`, { method: 'POST', body: hello() });
  expect(await poll.json()).toMatchObject([['welcome', {}], ...[]]);
  const stream = await fetch(`http://${place}/realtime/sse`, { method: 'POST', body: hello() });
  expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
  await stream.body?.cancel();
  expect(await greeted(`ws://${place}/realtime/ws`, 'iskra.1')).toContain('"welcome"');
  // A preflight has no short way: it goes through the routes.
  const headers = { origin: `http://${place}` };
  expect((await fetch(`http://${place}/realtime/poll`, { method: 'OPTIONS', headers })).status).toBe(204);
  expect(heard).toEqual([]);

  for (const path of ['/', '/realtime', '/realtime/nowhere', '/realtimes/poll', '/health']) {
    const answer = await fetch(`http://${place}${path}`, { method: 'POST', body: 'theirs' });
    expect(await answer.text()).toBe('mine');
  }
  expect(heard).toHaveLength(5);
});

test('leaves /health and its kind to the application, unless it is told to answer them', async () => {
  const without = await mounted();
  expect(await (await fetch(`http://${without.place}/health`)).text()).toBe('mine');
  expect(await isRefused(`ws://${without.place}/ws/ada`)).toBe(404);

  const { heard, place } = await mounted({ plain: true });
  expect(await (await fetch(`http://${place}/health`)).json()).toMatchObject({ status: 'healthy' });
  expect((await fetch(`http://${place}/health`, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(`http://${place}/metrics`)).status).toBe(200);
  expect(await greeted(`ws://${place}/ws/ada`)).toContain('ada');
  expect(heard).toEqual([]);

  // As HAProxy asks: HTTP/1.0, and no host.
  const socket = connect(Number(place.split(':')[1]), '127.0.0.1');
  ends.push(() => socket.destroy());
  socket.write('GET /ready HTTP/1.0\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.[01] 200 /);
});

test('leaves the upgrades of others to others, who hear of none of ours', async () => {
  const server = createServer(application().listener);
  const theirs = new WebSocketServer({ noServer: true });
  const upgrades: (string | undefined)[] = [];
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrades.push(request.url);
    theirs.handleUpgrade(request, socket, head, (peer) => peer.send('theirs'));
  });
  const place = await listening(mount(server, realtimes()));
  expect(await greeted(`ws://${place}/realtime/ws`, 'iskra.1')).toContain('"welcome"');
  expect(await greeted(`ws://${place}/theirs`)).toBe('theirs');
  expect(upgrades).toEqual(['/theirs']);
});

test('serves several realtimes, each at its path, and answers for a server that nobody listens to', async () => {
  const one = realtimes();
  const place = await listening(
    mount(mount(createServer(), one, { path: '/one' }), realtimes(), { path: '/other' }),
  );
  for (const path of ['/one', '/other']) {
    expect((await fetch(`http://${place}${path}/poll`, { method: 'POST', body: hello() })).status).toBe(200);
    expect(await greeted(`ws://${place}${path}/ws`, 'iskra.1')).toContain('"welcome"');
  }
  expect(one.activeConnections).toBe(1);
  expect((await fetch(`http://${place}/`)).status).toBe(404);
  expect(await isRefused(`ws://${place}/`)).toBe(404);
});

test('leaves the WebSockets of a realtime open when a server closes that it was mounted on', async () => {
  const realtime = realtimes();
  const going = mount(createServer(), realtime);
  const place = await listening(mount(createServer(), realtime));
  going.listen(0, '127.0.0.1');
  await once(going, 'listening');
  going.close();
  await once(going, 'close');
  expect(await greeted(`ws://${place}/realtime/ws`, 'iskra.1')).toContain('"welcome"');
});

test('serves over TLS on a server that has a certificate', async () => {
  const { heard, listener } = application();
  const place = await listening(mount(createSecureServer(ONE, listener), realtimes()));
  expect(await greeted(`wss://${place}/realtime/ws`, 'iskra.1')).toContain('"welcome"');
  const asked = request(`https://${place}/realtime/poll`, { method: 'POST', rejectUnauthorized: false });
  asked.setHeader('content-type', 'application/json').end(hello());
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  answer.resume();
  expect(heard).toEqual([]);
});
