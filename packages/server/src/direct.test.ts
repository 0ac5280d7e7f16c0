// The short way answers like the routes: `serve` takes it, a server of others goes through Hono.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { serve } from './node.js';
import { createRealtime } from './realtime.js';
import type { RealtimeOptions } from './realtime.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

let nonces = 0;
const hello = (): string =>
  JSON.stringify([['hello', { version: 1, nonce: `direct-${nonces++}`.padEnd(22, '-') }]]);

/** The port, and the path of the transports. */
const ways = {
  'the short way': async (options: RealtimeOptions) => {
    const serving = await serve(createRealtime({ logger: false, ...options }), {
      port: 0,
      hostname: '127.0.0.1',
      shutdownTimeout: 0,
    });
    ends.push(() => serving.close());
    return `127.0.0.1:${serving.port}/realtime`;
  },
  'the routes': async (options: RealtimeOptions) => {
    const realtime = createRealtime({ logger: false, ...options });
    const listener = getRequestListener((request, env) => realtime.app.fetch(request, env), {
      overrideGlobalObjects: false,
    });
    const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
    realtime.attach(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(async () => {
      await realtime.close();
      server.closeAllConnections();
      server.close();
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
};

/** The head of the answer to a request for an upgrade, and what follows it. */
async function upgraded(place: string, headers: string[] = []): Promise<{ head: string; body: string }> {
  const [, host = '', port = '', path = ''] = /^(.*):(\d+)(.*)$/.exec(place) ?? [];
  const socket = connect(Number(port), host);
  ends.push(() => socket.destroy());
  const lines = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13', ...headers];
  socket.write(`GET ${path}/ws HTTP/1.1\r\nhost: ${host}:${port}\r\n${lines.join('\r\n')}\r\n\r\n`);
  const [data] = (await once(socket, 'data')) as [Buffer];
  const [head = '', body = ''] = data.toString().split('\r\n\r\n');
  return { head: head.toLowerCase(), body };
}

const KEY = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==';

describe.each(Object.entries(ways))('by %s', (_, start) => {
  test('authenticate sees who asks, by every transport', async () => {
    const seen: string[] = [];
    const place = await start({
      authenticate: (request) => {
        seen.push(`${request.method} ${request.headers.get('cookie')} ${new URL(request.url).search}`);
        return {};
      },
    });
    const headers = { cookie: 'user=1' };
    for (const name of ['poll', 'sse']) {
      const answer = await fetch(`http://${place}/${name}?a=b`, { method: 'POST', body: hello(), headers });
      expect(answer.status).toBe(200);
      await answer.body?.cancel();
    }
    const socket = new WebSocket(`ws://${place}/ws?a=b`, 'iskra.1', { headers });
    ends.push(() => socket.terminate());
    await once(socket, 'open');
    socket.send(hello());
    await once(socket, 'message');
    expect(seen).toEqual(['POST user=1 ?a=b', 'POST user=1 ?a=b', 'GET user=1 ?a=b']);
  });

  test('a hook that throws is an internal error, and no more', async () => {
    const origins = (): boolean => {
      throw new Error('the application is wrong');
    };
    const place = await start({ origins });
    const headers = { origin: 'http://elsewhere.example' };
    const answer = await fetch(`http://${place}/poll`, { method: 'POST', body: hello(), headers });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject([['close', { delta: 'internal' }]]);
    const { head } = await upgraded(place, [KEY, 'origin: http://elsewhere.example']);
    expect(head).toMatch(/^http\/1.1 500 /);
    expect((await fetch(`http://${place}/poll`, { method: 'POST', body: hello() })).status).toBe(200);
  });

  test('an upgrade from elsewhere is refused with its code, and kept by nobody (P61, P63)', async () => {
    const place = await start({});
    const { head } = await upgraded(place, [KEY, 'origin: http://elsewhere.example']);
    expect(head).toMatch(/^http\/1.1 403 /);
    expect(head).toContain('cache-control: no-store, no-transform');
  });

  test('a handshake that is none does not keep its place', async () => {
    const place = await start({ limits: { connections: 1 } });
    expect((await upgraded(place)).head).toMatch(/^http\/1.1 400 /);
    expect((await upgraded(place, [KEY])).head).toMatch(/^http\/1.1 101 /);
  });

  test('an upgrade beyond the places is refused, and told when to come again', async () => {
    const place = await start({ limits: { connections: 1 } });
    expect((await upgraded(place, [KEY])).head).toMatch(/^http\/1.1 101 /);
    const { head } = await upgraded(place, [KEY]);
    expect(head).toMatch(/^http\/1.1 503 /);
    expect(head).toContain('retry-after: 1');
  });
});

test('a refused upgrade carries the message that says why (P65)', async () => {
  const place = await ways['the short way']({});
  const { body } = await upgraded(place, [KEY, 'origin: http://elsewhere.example']);
  expect(JSON.parse(body)).toMatchObject([['close', { delta: 'forbidden', payload: { field: 'origin' } }]]);
});
