/** What any client meets at a test server: requests and sockets by hand, without a client of ours. */
import { afterEach, describe, expect, it } from 'vitest';
import { createTestServer } from './server.js';
import type { TestServer } from './server.js';

let server: TestServer;
afterEach(() => server.close());

const hello = (): string => JSON.stringify([['hello', { version: 1, nonce: 'n'.repeat(22) }]]);
const post = (path: string, signal?: AbortSignal): Promise<Response> =>
  server.environment().fetch(`${server.url}/${path}`, { method: 'POST', body: hello(), signal });

/** A plain WebSocket, and what became of it. */
function open(name = 'ann') {
  const { WebSocket } = server.environment();
  const socket = new WebSocket(new URL(`/ws/${name}`, server.url).href.replace('http', 'ws'), '');
  const seen: string[] = [];
  socket.onopen = () => seen.push('open');
  socket.onmessage = ({ data }) => seen.push(String(data));
  socket.onclose = ({ code }) => seen.push(`closed ${code}`);
  return { socket, seen };
}

describe('a request', () => {
  it('is answered by the routes of the server', async () => {
    server = createTestServer({ node: 'here' });
    const health = await server.environment().fetch(new URL('/health', server.url).href, {});
    expect([health.status, await health.json()]).toMatchObject([200, { status: 'healthy', node: 'here' }]);
    const refused = await server.environment().fetch(`${server.url}/poll`, { method: 'POST', body: '{}' });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('bad_frame')]);
    expect((await server.environment().fetch(`${server.url}/nothing`, {})).status).toBe(404);
  });

  it('that is given up is over on both ends', async () => {
    server = createTestServer();
    const given = new AbortController();
    const response = await post('sse', given.signal);
    const reader = response.body!.getReader();
    await reader.read();
    await server.settled();
    expect(server.realtime.activeConnections).toBe(1);
    given.abort();
    await expect(reader.read()).rejects.toThrow('aborted');
    await server.settled();
    expect(server.realtime.activeConnections).toBe(0);
    await expect(post('poll', given.signal)).rejects.toThrow('aborted');
  });

  it('that is given up on its way never arrives', async () => {
    server = createTestServer();
    server.network.delay(50);
    const given = new AbortController();
    const response = post('sse', given.signal);
    await server.advance(40);
    given.abort();
    await expect(response).rejects.toThrow('aborted');
    await server.advance(40);
    expect(server.realtime.activeConnections).toBe(0);
  });

  it('is refused while the network is cut, as late as its answer would have come', async () => {
    server = createTestServer();
    server.network.delay(50);
    server.network.cut();
    let failed = 0;
    post('poll').catch(() => (failed = server.clock.now()));
    const began = server.clock.now();
    await server.advance(200);
    expect(failed - began).toBe(100);
  });

  it('breaks off when the network is cut', async () => {
    server = createTestServer();
    const reader = (await post('sse')).body!.getReader();
    await reader.read();
    server.network.block();
    await expect(reader.read()).rejects.toThrow('cut');
    await server.settled();
    expect(server.realtime.activeConnections).toBe(0);
  });
});

describe('a WebSocket', () => {
  it('hears and is heard', async () => {
    server = createTestServer();
    const { socket, seen } = open();
    await server.settled();
    socket.send('hi');
    await server.settled();
    expect(seen).toEqual(['open', expect.stringContaining('Welcome, ann'), 'Server received: hi']);
    expect(server.realtime.activeConnections).toBe(1);
    socket.close();
    await server.settled();
    expect([seen.at(-1), server.realtime.activeConnections]).toEqual(['closed 1000', 0]);
  });

  it('is closed with the code that the server gives', async () => {
    server = createTestServer();
    const { seen } = open();
    await server.settled();
    void server.realtime.drain({ timeout: 0 });
    await server.advance(1_000);
    expect(seen.at(-1)).toMatch(/^closed \d{4}$/);
    expect(seen.at(-1)).not.toBe('closed 1006');
  });

  it('is refused where there is none', async () => {
    server = createTestServer();
    const { WebSocket } = server.environment();
    const socket = new WebSocket(`${server.url}/nothing`, '');
    const codes: number[] = [];
    socket.onclose = ({ code }) => codes.push(code);
    await server.settled();
    expect(codes).toEqual([1006]);
  });

  it('that was closed or cut while it came leaves nothing behind', async () => {
    server = createTestServer({ limits: { connectionsPerAddress: 1 } });
    server.network.delay(50);
    const early = open();
    early.socket.close();
    await server.advance(200);
    expect(early.seen).toEqual(['closed 1006']);
    const cut = open();
    // At the very moment at which it arrives.
    server.clock.at(server.clock.now() + 50, () => server.network.cut());
    await server.advance(60);
    expect(cut.seen).toEqual(['closed 1006']);
    server.network.restore();
    const last = open();
    await server.advance(200);
    expect(last.seen[0]).toBe('open');
  });
});

it('times of a test go on only', async () => {
  server = createTestServer();
  await expect(server.advance(-1)).rejects.toThrow(RangeError);
  await expect(server.advance(Number.NaN)).rejects.toThrow(RangeError);
  expect(() => server.network.delay(Infinity)).toThrow(RangeError);
});
