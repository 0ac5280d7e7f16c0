/** The transports against small real servers on loopback: chunks, cuts and refusals are the platform's own. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { platform } from '../environment.js';
import type { Environment } from '../environment.js';
import { poll, sse } from './http.js';
import type { Ground, Transport, TransportEvent } from './transport.js';
import { websocket } from './websocket.js';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function serve(handler: Handler): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => handler(request, response, body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/realtime`, server };
}

/** A transport and what it tells, one event after another. */
function listen(make: (ground: Ground) => Transport, url: string) {
  const waiting: ((event: TransportEvent) => void)[] = [];
  const events: TransportEvent[] = [];
  const transport = make({
    url,
    environment: { ...platform(), WebSocket: WebSocket as unknown as Environment['WebSocket'] },
    on(event) {
      const next = waiting.shift();
      if (next) next(event);
      else events.push(event);
    },
  });
  const next = (): Promise<TransportEvent> => {
    const event = events.shift();
    return event ? Promise.resolve(event) : new Promise((resolve) => waiting.push(resolve));
  };
  return { transport, next, events };
}

const until = async (next: () => Promise<TransportEvent>, type: TransportEvent['type']) => {
  for (;;) {
    const event = await next();
    if (event.type === type) return event;
  }
};

describe('sse', () => {
  test('reads messages whole, whatever the pieces in which they come (P63)', async () => {
    const messages = ['[["entry","Привіт 🌍"]]', '[]', '[1]'];
    const bytes = Buffer.from(messages.map((one) => `: filler\r\ndata: ${one}\r\n\r\n`).join(''));
    for (const size of [1, 2, 3, 7, bytes.length]) {
      const { url } = await serve((_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        let at = 0;
        const write = (): void => {
          if (at >= bytes.length) return void response.end();
          response.write(bytes.subarray(at, (at += size)));
          setImmediate(write);
        };
        write();
      });
      const { transport, next } = listen(sse, url);
      void transport.open('[]');
      expect(await next()).toEqual({ type: 'opened' });
      for (const text of messages) expect(await next()).toEqual({ type: 'received', text });
      expect(await next()).toMatchObject({ type: 'closed', status: 200 });
    }
  });

  test('drops a block that the end of the stream cuts off', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: [1]\n\ndata: [2');
      setImmediate(() => response.destroy());
    });
    const { transport, next, events } = listen(sse, url);
    void transport.open('[]');
    await until(next, 'received');
    expect(await next()).toMatchObject({ type: 'closed' });
    expect(events).toEqual([]);
  });

  test('hands on what a refusal says before it ends (P65)', async () => {
    const { url } = await serve((_, response) => response.writeHead(401).end('[["close",{}]]'));
    const { transport, next } = listen(sse, url);
    void transport.open('[]');
    expect(await next()).toEqual({ type: 'received', text: '[["close",{}]]' });
    expect(await next()).toMatchObject({ type: 'closed', status: 401 });
  });

  test('ends the request when it is closed', async () => {
    let ended: Promise<unknown> | undefined;
    const { url } = await serve((_, response) => {
      ended = once(response, 'close');
      response.writeHead(200).flushHeaders();
    });
    const { transport, next } = listen(sse, url);
    void transport.open('[]');
    await until(next, 'opened');
    transport.close();
    await ended;
  });
});

describe('poll', () => {
  test('hands on one whole answer, and posts plain text that needs no preflight (P60)', async () => {
    const { url } = await serve((request, response, body) => {
      response.end(JSON.stringify([request.url, request.headers['content-type'], body]));
    });
    const { transport, next } = listen(poll, url);
    void transport.open('["hello"]');
    await until(next, 'opened');
    const { text } = (await next()) as { text: string };
    expect(JSON.parse(text)).toEqual(['/realtime/poll', 'text/plain;charset=UTF-8', '["hello"]']);
  });

  test('drops an answer that is cut off: the next poll asks with the same cursors', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('[["entry"');
      setImmediate(() => response.destroy());
    });
    const { transport, next } = listen(poll, url);
    void transport.open('[]');
    expect(await next()).toMatchObject({ type: 'opened' });
    expect(await next()).toMatchObject({ type: 'closed', status: 200 });
  });

  test('takes an answer without its end for one that was cut off, also where something hides that (P69)', async () => {
    for (const text of ['[["entry","a","e",1,{', '[["gap","a","trimmed",["e",1],["e",2]]', '']) {
      const { url } = await serve((_, response) => response.end(text));
      const { transport, next } = listen(poll, url);
      void transport.open('[]');
      expect(await next()).toMatchObject({ type: 'opened' });
      expect(await next()).toMatchObject({ type: 'closed', status: 200 });
    }
  });

  test.each([413, 502])('tells the status %i of a refusal', async (status) => {
    const { url } = await serve((_, response) => response.writeHead(status).end('<html>'));
    const { transport, next } = listen(poll, url);
    void transport.open('[]');
    expect(await until(next, 'closed')).toMatchObject({ status });
  });
});

describe('uplink', () => {
  test('tells the status and the text of each answer, and 0 when none came', async () => {
    let count = 0;
    const { url } = await serve((request, response) => {
      if (++count === 1) response.end('[["acked",1,"e",0]]');
      else if (count === 2) response.writeHead(413).end();
      else request.socket.destroy();
    });
    const { transport, next } = listen(sse, url);
    void transport.send('[1]');
    expect(await next()).toEqual({ type: 'answered', status: 200, text: '[["acked",1,"e",0]]' });
    void transport.send('[1]');
    expect(await next()).toMatchObject({ type: 'answered', status: 413 });
    void transport.send('[1]');
    expect(await next()).toMatchObject({ type: 'answered', status: 0 });
  });
});

describe('websocket', () => {
  test('speaks the subprotocol and moves text both ways', async () => {
    const { url, server } = await serve((_, response) => response.end());
    new WebSocketServer({ server, path: '/realtime/ws' }).on('connection', (socket, request) => {
      socket.send(request.headers['sec-websocket-protocol']!);
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`));
    });
    const { transport, next } = listen(websocket, url);
    void transport.open('');
    expect(await next()).toEqual({ type: 'opened' });
    expect(await next()).toMatchObject({ text: 'iskra.1' });
    void transport.send('Привіт');
    expect(await next()).toMatchObject({ text: 'echo Привіт' });
    transport.close();
    expect(await until(next, 'closed')).toMatchObject({ type: 'closed' });
  });

  test('tells a refused upgrade as closed, not as an exception', async () => {
    const { url, server } = await serve((_, response) => response.end());
    server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    const { transport, next } = listen(websocket, url);
    void transport.open('');
    expect(await next()).toMatchObject({ type: 'closed', status: 1006 });
  });

  test('says so where there is no WebSocket at all', async () => {
    const events: TransportEvent[] = [];
    const environment = { ...platform(), WebSocket: undefined };
    void websocket({ url: 'http://x', environment, on: (event) => events.push(event) }).open('');
    expect(events).toMatchObject([{ type: 'closed', status: 0 }]);
  });

  test('may be closed while it is connecting', async () => {
    const { url } = await serve((_, response) => response.end());
    const { transport, next } = listen(websocket, url);
    void transport.open('');
    transport.close();
    expect(await next()).toMatchObject({ type: 'closed' });
  });
});
