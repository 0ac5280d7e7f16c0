// The endpoints that need no library: /ws/:client_id for any WebSocket client, /health, /ready and /metrics.

import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PlainClient } from './plain-client.js';
import { endAll, serveBare } from '../programs.js';
import type { Serving } from '../programs.js';

let server: Serving;
const clients: PlainClient[] = [];

beforeAll(async () => {
  server = await serveBare();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await expect.poll(async () => (await health()).active_connections).toBe(0);
});
afterAll(endAll);

async function open(id: string): Promise<PlainClient> {
  const client = await PlainClient.open(`${server.url}/ws/${id}`);
  clients.push(client);
  return client;
}

/** Opens a session by hand. */
async function openSession(): Promise<{ client: PlainClient; session: string; key: string; nonce: string }> {
  const client = await PlainClient.open(`${server.url}/realtime/ws`, 'iskra.1');
  clients.push(client);
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
  const message = await client.ask(JSON.stringify([['hello', { version: 1, nonce }]]));
  const [[, welcome]] = JSON.parse(message) as [[string, { payload: { session: string; key: string } }]];
  return { client, nonce, ...welcome.payload };
}

interface Health {
  status: string;
  active_connections: number;
  shutdown_in_progress: boolean;
  timestamp: string;
}
const health = async (): Promise<Health> => (await (await fetch(`${server.url}/health`)).json()) as Health;

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

describe('/ws/:client_id', () => {
  it('greets by the name, and answers every text', async () => {
    const client = await open('program-7');
    expect(await client.next()).toBe('Welcome, program-7. This is Iskra: send a text, and it comes back.');
    for (const text of ['Привіт, сервере!', '👩‍👩‍👧 漢字 𝄞', '', 'x'.repeat(16_384)]) {
      expect(await client.ask(text)).toBe(`Server received: ${text}`);
    }
  });

  it('keeps the order of texts that do not wait for each other', async () => {
    const client = await open('fast');
    await client.next();
    const texts = Array.from({ length: 200 }, (_, number) => `№ ${number}`);
    for (const text of texts) client.socket.send(text);
    for (const text of texts) expect(await client.next()).toBe(`Server received: ${text}`);
  });

  it('says why a message has no answer, and goes on', async () => {
    const client = await open('odd');
    await client.next();
    expect(await client.ask(Buffer.from([0xff, 0]))).toBe('Only text messages are answered here.');
    expect(await client.ask('x'.repeat(16_385))).toBe('That is over 16384 characters.');
    expect(await client.ask('still there')).toBe('Server received: still there');
  });

  it('closes a connection whose text is no UTF-8, and no other', async () => {
    const witness = await open('witness');
    await witness.next();
    const client = await open('broken');
    await client.next();
    client.socket.once('error', () => {});
    client.socket.send(Buffer.from([0xd0]), { binary: false });
    expect((await client.closed).code).toBe(1007);
    expect(await witness.ask('Привіт')).toBe('Server received: Привіт');
  });

  it('takes the name for a label: many may have the same, and none is disturbed', async () => {
    const [first, second] = [await open('same'), await open('same')];
    expect(await first.next()).toBe(await second.next());
    expect(await first.ask('1')).toBe('Server received: 1');
    expect(await second.ask('2')).toBe('Server received: 2');
    await second.close();
    expect(await first.ask('3')).toBe('Server received: 3');
  });

  it('takes the name for a label: that of a session opens nothing and ends nothing', async () => {
    const { client, session, key } = await openSession();
    for (const id of [session, key]) {
      const thief = await open(id);
      expect(await thief.next()).toBe(
        `Welcome, ${id.slice(0, 64)}. This is Iskra: send a text, and it comes back.`,
      );
      const attempt = JSON.stringify([['publish', 1, 'room:lobby', { delta: 'said' }]]);
      expect(await thief.ask(attempt)).toBe(`Server received: ${attempt}`);
    }
    client.socket.send('[["ping",7]]');
    let frames = '';
    while (!frames.includes('"pong"')) frames = await client.next();
    expect(frames).toContain('["pong",7]');
  });

  it.each([
    ['Оксана', 'Оксана'],
    ['a b', 'a b'],
    ['x'.repeat(300), 'x'.repeat(64)],
    // Neither a line break nor a direction mark may reach a terminal or a log.
    ['a\r\n\u202eb', 'ab'],
    ['<script>', '<script>'],
  ])('greets %j as %j', async (id, shown) => {
    const client = await open(encodeURIComponent(id));
    expect(await client.next()).toBe(`Welcome, ${shown}. This is Iskra: send a text, and it comes back.`);
  });

  it('survives a name that is no encoding of anything', async () => {
    const client = await open('%E0%A4%A');
    expect(await client.next()).toMatch(/^Welcome, /);
  });

  it('tells a browser that came by HTTP what to do', async () => {
    const response = await fetch(`${server.url}/ws/me`);
    expect(response.status).toBe(426);
    expect(await response.text()).toBe('This address speaks WebSocket; connect with ws:// or wss://.');
  });

  it('refuses a page of another origin', async () => {
    const foreign = PlainClient.open(`${server.url}/ws/me`, undefined, {
      origin: 'https://elsewhere.example',
    });
    await expect(foreign).rejects.toThrow('403');
  });
});

describe('/health', () => {
  it('has the four fields, and the time as 2025-10-15T14:30:00.123456', async () => {
    const response = await fetch(`${server.url}/health`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('application/json');
    const { timestamp, ...rest } = (await response.json()) as Health;
    expect(rest).toMatchObject({ status: 'healthy', active_connections: 0, shutdown_in_progress: false });
    expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    expect(Math.abs(Date.parse(`${timestamp}Z`) - Date.now())).toBeLessThan(5_000);
  });

  it('counts the connections that are open, of every kind', async () => {
    const plain = await open('one');
    await plain.next();
    expect((await health()).active_connections).toBe(1);
    await openSession();
    expect((await health()).active_connections).toBe(2);
    await plain.close();
    await expect.poll(async () => (await health()).active_connections).toBe(1);
  });

  it('is apart from readiness, which has an address of its own', async () => {
    const response = await fetch(`${server.url}/ready`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ready: true });
  });

  it.each(['/health', '/ready', '/metrics'])(
    '%s is told to a balancer that asks without a host',
    async (path) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.end(`GET ${path} HTTP/1.0\r\n\r\n`);
      let answer = '';
      for await (const part of socket.setEncoding('utf8')) answer += part as string;
      expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 200 OK');
    },
  );
});

describe('/metrics', () => {
  it('is text that Prometheus reads', async () => {
    const response = await fetch(`${server.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    expect(text).toContain('# TYPE websocket_active_connections gauge');
    expect(text).toContain('# TYPE websocket_messages_sent_total counter');
  });

  it('has websocket_active_connections move with real connections', async () => {
    expect(await metric('websocket_active_connections')).toBe(0);
    const [first] = [await open('one'), await open('two')];
    await openSession();
    await expect.poll(() => metric('websocket_active_connections')).toBe(3);
    await first.close();
    await expect.poll(() => metric('websocket_active_connections')).toBe(2);
  });

  it('has websocket_messages_sent_total count every message, and no connection that is not a WebSocket', async () => {
    const before = await metric('websocket_messages_sent_total');
    const client = await open('counted');
    await client.next();
    for (const text of ['1', '2', '3']) await client.ask(text);
    expect(await metric('websocket_messages_sent_total')).toBe(before + 4);

    const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
    await fetch(`${server.url}/realtime/poll`, {
      method: 'POST',
      body: JSON.stringify([['hello', { version: 1, nonce }]]),
    });
    expect(await metric('websocket_messages_sent_total')).toBe(before + 4);
  });
});
