// Ending in order, with real signals: clients are told, open work is finished and answered, and the process leaves
// with exit code 0; a second signal ends it at once.

import { afterEach, describe, expect, it } from 'vitest';
import { PlainClient } from './plain-client.js';
import { endAll, serveBare, serving, start } from '../programs.js';
import type { Serving } from '../programs.js';

afterEach(endAll);

type Frame = [tag: string, ...rest: unknown[]];
interface Envelope {
  delta: string;
  lambda: string;
  payload: Record<string, unknown>;
}

const nonce = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
const envelope = { delta: 'work', dimension: 1, omega: 1, lambda: 'continue', payload: null };

/** A client that speaks the protocol by hand, and reads it frame by frame. */
class Peer {
  readonly client: PlainClient;
  readonly #frames: Frame[] = [];
  private constructor(client: PlainClient) {
    this.client = client;
  }

  static async open(server: Serving, ...sends: Frame[]): Promise<Peer> {
    const peer = new Peer(await PlainClient.open(`${server.url}/realtime/ws`, 'iskra.1'));
    peer.client.socket.send(JSON.stringify([['hello', { version: 1, nonce: nonce() }], ...sends]));
    return peer;
  }

  /** The next frame with this tag; what is before it is passed over. */
  async next(tag: string): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame === undefined) this.#frames.push(...(JSON.parse(await this.client.next()) as Frame[]));
      else if (frame[0] === tag) return frame;
    }
  }
}

async function post(server: Serving, path: string, ...frames: unknown[][]): Promise<Frame[]> {
  const response = await fetch(`${server.url}/realtime/${path}`, {
    method: 'POST',
    body: JSON.stringify(frames),
  });
  return (await response.json()) as Frame[];
}

async function ask(server: Serving, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(server.url + path);
  return { status: response.status, body: await response.json() };
}

const serveWorkshop = (): Promise<Serving> => serving(start(process.execPath, ['e2e/examples/workshop.mjs']));

describe.each(['SIGTERM', 'SIGINT'] as const)('on %s', (signal) => {
  it('tells clients, finishes the request in its handler, answers it, and leaves with 0', async () => {
    const server = await serveWorkshop();
    const peer = await Peer.open(server, ['request', 1, envelope]);
    await server.said(/working/);

    server.process.kill(signal);
    const [, told] = (await peer.next('drain')) as [string, Envelope];
    expect(told).toMatchObject({
      delta: 'drain',
      lambda: 'reconnect_elsewhere',
      payload: { after: expect.any(Number) as number },
    });

    // While the connection drains, the process is alive and says what it does.
    const health = await ask(server, '/health');
    expect(health).toMatchObject({
      status: 200,
      body: { status: 'shutting_down', active_connections: 1, shutdown_in_progress: true },
    });
    expect((health.body as { timestamp: string }).timestamp).toMatch(
      /^\d{4}(-\d\d){2}T(\d\d:){2}\d\d\.\d{6}$/,
    );
    expect(await ask(server, '/ready')).toEqual({ status: 503, body: { ready: false } });

    server.process.stdin?.write('a chair\n');
    const [, channel, , , reply, number] = await peer.next('entry');
    expect([channel, number]).toEqual(['@', 1]);
    expect(reply).toMatchObject({ delta: 'reply', payload: { made: 'a chair' } });

    await peer.client.close();
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });
});

describe('a draining server', () => {
  it('answers sends by HTTP whose work is under way, and held polls at once', async () => {
    const server = await serveWorkshop();
    const opened = nonce();
    const [[, welcome]] = (await post(server, 'poll', ['hello', { version: 1, nonce: opened }])) as [
      [string, Envelope],
    ];
    const { key, generation, inbox } = welcome.payload;
    const proof = { nonce: opened, key, generation };
    const polling = post(server, 'poll', ['continue', { ...proof, cursors: { '@': inbox }, wait: 25_000 }]);
    const sending = post(server, 'send', ['continue', proof], ['request', 1, envelope]);
    await server.said(/working/);

    server.process.kill('SIGTERM');
    expect((await polling).map(([tag]) => tag)).toContain('drain');
    server.process.stdin?.write('a table\n');
    expect(await sending).toContainEqual(['acked', 1, expect.any(String), expect.any(Number)]);
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  it('keeps no connection alive, on which a balancer of connections would bring the next request', async () => {
    const server = await serveWorkshop();
    const peer = await Peer.open(server);
    await peer.next('welcome');
    const hello = JSON.stringify([['hello', { version: 1, nonce: nonce() }]]);
    const open = () => fetch(`${server.url}/realtime/poll`, { method: 'POST', body: hello });
    expect((await open()).headers.get('connection')).toBe('keep-alive');
    server.process.kill('SIGTERM');
    await peer.next('drain');
    const refused = await open();
    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
    await peer.client.close();
  });

  it('goes on as ever, but for its readiness, until the balancers had their time', async () => {
    const server = await serveBare('--shutdown-notice', '300');
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    await guest.next();
    server.process.kill('SIGTERM');
    await server.said(/Shutting down: 1 active connection, 1800 s for clients to leave/);
    expect(await ask(server, '/ready')).toEqual({ status: 503, body: { ready: false } });
    expect(await ask(server, '/health')).toMatchObject({ status: 200, body: { shutdown_in_progress: true } });
    const late = await Peer.open(server);
    await late.next('welcome');
    server.process.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  it('says how many are still there, for how long they have been and may be, who leaves, and that it is over', async () => {
    const server = await serveBare();
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    await guest.next();
    const peer = await Peer.open(server);
    await peer.next('welcome');
    server.process.kill('SIGTERM');
    await server.said(/Shutting down: 2 active connections, 1800 s for clients to leave\./);
    await peer.client.close();
    await server.said(/"transport":"websocket".*A client has left, 1 remain\./);
    await server.said(/Shutting down: 1 active connection, \d+(\.\d)? s elapsed, 17\d\d(\.\d)? s left\./);
    await guest.close();
    await server.said(/A client has left, 0 remain\./);
    await server.said(/All clients gone, finished in \d+(\.\d)? s\./);
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  it('takes no newcomers', async () => {
    const server = await serveBare();
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    await guest.next();
    server.process.kill('SIGTERM');
    await server.said(/Shutting down/);

    await expect(PlainClient.open(`${server.url}/ws/late`)).rejects.toThrow('503');
    const late = await Peer.open(server);
    expect((await late.next('close'))[1]).toMatchObject({ delta: 'drain', payload: { code: 1012 } });
    // Whoever was there is still served.
    expect(await guest.ask('Привіт')).toBe('Server received: Привіт');
    await guest.close();
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  it('closes at its timeout what has not left, and still leaves with 0', async () => {
    const server = await serveBare('--shutdown-timeout', '1');
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    const peer = await Peer.open(server);
    await peer.next('welcome');
    const began = performance.now();
    server.process.kill('SIGTERM');
    expect((await peer.next('close'))[1]).toMatchObject({ delta: 'drain' });
    expect(await guest.closed).toEqual({ code: 1012, reason: 'drain' });
    await server.said(/The time is over: 2 connections closed\./);
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  it('ends at once on a second signal', async () => {
    const server = await serveBare();
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    await guest.next();
    server.process.kill('SIGTERM');
    await server.said(/Shutting down/);
    expect(await ask(server, '/health')).toMatchObject({ body: { shutdown_in_progress: true } });
    // Its timeout is 1,800 s: only the second signal can end it.
    server.process.kill('SIGINT');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect((await guest.closed).code).toBe(1006);
  });

  it('does not wait when nobody is there', async () => {
    const server = await serveBare();
    server.process.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });
});

describe('a server of somebody else', () => {
  it('drains when it is told to, and hears what became of the clients', async () => {
    const server = await serving(start(process.execPath, ['e2e/examples/embedded.mjs']));
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    await guest.next();
    const peer = await Peer.open(server);
    await peer.next('welcome');
    server.process.kill('SIGTERM');
    await peer.next('drain');
    expect(await ask(server, '/ready')).toEqual({ status: 503, body: { ready: false } });
    await peer.client.close();
    await guest.close();
    await server.said(/2 left, 0 closed/);
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });
});
