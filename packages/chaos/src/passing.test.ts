/** What no fault touches passes as it came, requests and answers alike. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openBox } from './box.js';
import { ask, boxed, eventually, manyBytes, opening, pause } from './fixture.js';

describe('a box without faults', () => {
  it('passes method, path, headers with their case, order and doubles, and every byte', async () => {
    const { box, origin } = await boxed('', (incoming, outgoing) => {
      outgoing.sendDate = false;
      outgoing.writeHead(207, 'Many', ['X-One', 'a', 'x-one', 'b', 'Set-Cookie', 'c=1', 'Set-Cookie', 'd=2']);
      incoming.pipe(outgoing);
    });
    const headers = { 'X-Odd-Case': '1', cookie: 'a=b', authorization: 'Bearer t', host: 'app.example' };
    const answer = await ask(`${box.url}/a%20b?c=%2F&c`, { method: 'PUT', headers, body: manyBytes });
    expect(answer.status).toBe(207);
    expect(answer.bytes.equals(manyBytes)).toBe(true);
    const own = answer.raw.slice(0, 8);
    expect(own).toEqual(['X-One', 'a', 'x-one', 'b', 'Set-Cookie', 'c=1', 'Set-Cookie', 'd=2']);
    expect(answer.headers).not.toHaveProperty('date');
    const [heard] = origin.heard;
    expect(heard).toMatchObject({ method: 'PUT', path: '/a%20b?c=%2F&c', version: '1.1' });
    expect(heard?.headers).toMatchObject({ cookie: 'a=b', authorization: 'Bearer t', host: 'app.example' });
    expect(heard?.raw).toContain('X-Odd-Case');
    expect(box.stats).toMatchObject({ requests: 1, upgrades: 0, up: 300_000, down: 300_000, struck: {} });
  });

  it.each([
    ['GET', undefined],
    ['DELETE', ['a', 'b']],
    ['POST', ['a', 'b']],
    ['POST', undefined],
    ['OPTIONS', undefined],
  ])('passes %s with the chunks %j', async (method, chunks) => {
    const { box, origin } = await boxed('');
    const headers = chunks ? { 'transfer-encoding': 'chunked' } : {};
    const answer = await ask(box.url, { method, headers, ...(chunks && { chunks }) });
    expect(answer).toMatchObject({ status: 200, text: chunks?.join('') ?? '' });
    expect(origin.heard[0]).toMatchObject({ method });
    expect(origin.heard[0]?.headers['transfer-encoding']).toBe(chunks && 'chunked');
  });

  it('passes each piece of an answer when it comes, its headers first', async () => {
    let outgoing: ServerResponse | undefined;
    const { box } = await boxed('', (_incoming, response) => {
      outgoing = response;
      outgoing.writeHead(200, { 'content-type': 'text/event-stream', trailer: 'x-sum' }).flushHeaders();
    });
    const coming = opening(box.url);
    await eventually(() => coming.status).toBe(200);
    outgoing?.write('one');
    await eventually(() => coming.text).toBe('one');
    outgoing?.write('two');
    await eventually(() => coming.text).toBe('onetwo');
    outgoing?.addTrailers({ 'x-sum': '1' });
    outgoing?.end();
    await eventually(() => coming.state).toBe('whole');
    expect(coming.trailers).toEqual({ 'x-sum': '1' });
  });

  it('answers HEAD and 304 without a body', async () => {
    const { box } = await boxed('', ({ method }, outgoing) => {
      outgoing.writeHead(method === 'HEAD' ? 200 : 304, { 'content-length': 5, etag: '"e"' }).end();
    });
    for (const method of ['HEAD', 'GET']) {
      expect(await ask(box.url, { method })).toMatchObject({
        state: 'whole',
        text: '',
        headers: { etag: '"e"' },
      });
    }
  });

  it('tells the target that a client went, and the client that the target went', async () => {
    const { box, origin } = await boxed('', (incoming, outgoing) => {
      outgoing.writeHead(200).flushHeaders();
      if (incoming.url === '/dies') setTimeout(() => outgoing.destroy(), 20);
    });
    const coming = opening(box.url);
    await eventually(() => coming.status).toBe(200);
    coming.leave();
    await eventually(() => origin.heard[0]?.state).toBe('broken off');
    expect(await ask(`${box.url}/dies`)).toMatchObject({ status: 200, state: 'cut' });
  });

  it('answers 502 when there is no target', async () => {
    const nobody = await openBox({ to: 'http://127.0.0.1:9' });
    expect(await ask(nobody.url)).toMatchObject({ status: 502, text: '502 Bad Gateway\n' });
    await nobody.close();
  });

  it('waits for a reader that is slow, and does not collect for it', async () => {
    let written = 0;
    const { box } = await boxed('', (_incoming, outgoing) => {
      const piece = Buffer.alloc(65_536);
      const more = (): void => {
        do written += piece.length;
        while (!outgoing.destroyed && outgoing.write(piece));
        outgoing.once('drain', more);
      };
      more();
    });
    const socket = connect(box.port, '127.0.0.1');
    socket.pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    let before = -1;
    // The buffers of the system fill first; then nothing moves any more.
    await eventually(() => {
      const stands = written > 0 && written === before;
      before = written;
      return stands;
    }).toBe(true);
    await pause(100);
    expect(written).toBeLessThan(32_000_000);
    socket.destroy();
  });

  it('lets a client that sends wait for a target that does not read', async () => {
    let reading: IncomingMessage | undefined;
    const { box } = await boxed('', (incoming, outgoing) => {
      reading = incoming;
      incoming.on('end', () => outgoing.end('read'));
    });
    const body = Buffer.alloc(32_000_000, 'x');
    const coming = opening(box.url, { method: 'POST', body });
    await eventually(() => reading).toBeDefined();
    await pause(300);
    expect(box.stats.connections).toBe(1);
    expect(coming.sent()).toBeLessThan(body.length);
    reading?.resume();
    await eventually(() => coming.text).toBe('read');
    expect(box.stats.up).toBe(body.length);
  });

  it('reads on after a target that did not wait for the body', async () => {
    const { box, origin } = await boxed('', (_incoming, outgoing) => void outgoing.end('early'));
    const socket = connect(box.port, '127.0.0.1');
    let got = '';
    socket.on('data', (data) => (got += String(data)));
    const length = 20_000_000;
    socket.write(`POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
    await eventually(() => got).toContain('early');
    socket.write(Buffer.alloc(length, 'x'));
    socket.write('GET /next HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => origin.heard.map(({ path }) => path)).toEqual(['/long', '/next']);
    socket.destroy();
  });

  it('makes no body of none', async () => {
    const { box, origin } = await boxed('');
    const socket = connect(box.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => origin.heard[0]?.headers).toMatchObject({ 'content-length': '0' });
    expect(origin.heard[0]?.headers).not.toHaveProperty('transfer-encoding');
    socket.destroy();
  });

  it('says that it goes on, to a client that asks first', async () => {
    const { box, origin } = await boxed('');
    const headers = { expect: '100-continue' };
    expect(await ask(box.url, { method: 'POST', headers, body: 'x' })).toMatchObject({
      status: 200,
      text: 'x',
    });
    expect(origin.heard[0]?.headers).not.toHaveProperty('expect');
  });

  it('passes an offer of HTTP/2 as what it also is: a request with a body', async () => {
    const { box, origin } = await boxed('');
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect(await ask(box.url, { method: 'POST', headers, body: 'kept' })).toMatchObject({
      status: 200,
      text: 'kept',
    });
    expect(origin.heard[0]?.headers).not.toHaveProperty('upgrade');
  });
});
