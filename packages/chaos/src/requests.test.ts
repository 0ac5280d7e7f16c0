/** What happens to requests on their way to the target, and that everything else passes as it is. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openBox } from './box.js';
import { ask, boxed, eventually, manyBytes, opening, openOrigin, talk, talkOpen, pause } from './fixture.js';

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

  it('reads on after an answer that did not wait for the body', async () => {
    const { box } = await boxed('limit-bodies=10B');
    const socket = connect(box.port, '127.0.0.1');
    let got = '';
    socket.on('data', (data) => (got += String(data)));
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n${'x'.repeat(20)}`);
    await eventually(() => got).toContain('413');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nafter');
    await eventually(() => got).toMatch(/HTTP\/1\.1 200[^]*after/);
    socket.destroy();
  });
});

describe('a box with', () => {
  it('only-get-post answers other methods itself', async () => {
    const { box, origin } = await boxed('only-get-post');
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      expect(await ask(box.url, { method })).toMatchObject({ status: 405 });
    }
    expect(origin.heard).toEqual([]);
    expect(await ask(box.url, { method: 'POST', body: 'x' })).toMatchObject({ status: 200, text: 'x' });
    expect(box.stats.struck).toEqual({ 'only-get-post': 4 });
  });

  it('strip-headers lets known headers pass, and no others, either way', async () => {
    const { box, origin } = await boxed('strip-headers', (_incoming, outgoing) => {
      outgoing.writeHead(200, { 'x-own': '1', 'cache-control': 'no-store' }).end('x');
    });
    const headers = { authorization: 'Bearer t', 'x-own': '1', cookie: 'a=b', origin: 'http://a.example' };
    const answer = await ask(box.url, { headers });
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(answer.headers).not.toHaveProperty('x-own');
    expect(origin.heard[0]?.headers).toMatchObject({ cookie: 'a=b', origin: 'http://a.example' });
    for (const gone of ['authorization', 'x-own']) expect(origin.heard[0]?.headers).not.toHaveProperty(gone);
  });

  it('rewrite-host gives the target its own address', async () => {
    const { box, origin } = await boxed('rewrite-host');
    await ask(box.url, { headers: { host: 'app.example' } });
    expect(`http://${origin.heard[0]?.headers.host}`).toBe(origin.url);
  });

  it('http10 asks without keep-alive and chunks, and refuses upgrades by that', async () => {
    const { box, origin } = await boxed('http10');
    const headers = { 'transfer-encoding': 'chunked' };
    const answer = await ask(box.url, { method: 'POST', headers, chunks: ['a', 'b'] });
    expect(answer).toMatchObject({ status: 200, text: 'ab' });
    expect(origin.heard[0]).toMatchObject({
      version: '1.0',
      headers: { 'content-length': '2', connection: 'close' },
    });
    expect(origin.heard[0]?.headers).not.toHaveProperty('transfer-encoding');
    expect((await ask(box.url, { method: 'POST', body: manyBytes })).bytes.equals(manyBytes)).toBe(true);
    const client = talk(box.url);
    await eventually(() => client.refused).toContain('200');
    expect(origin.sockets).toEqual([]);
  });

  it('repeat-posts brings each POST to the target twice, and one answer back', async () => {
    const { box, origin } = await boxed('repeat-posts');
    expect(await ask(box.url, { method: 'POST', body: 'once' })).toMatchObject({ status: 200, text: 'once' });
    await eventually(() => origin.heard.map(({ body, state }) => [body, state])).toEqual([
      ['once', 'whole'],
      ['once', 'whole'],
    ]);
    await ask(box.url);
    expect(origin.heard).toHaveLength(3);
  });

  it.each([
    ['limit-bodies=2kB', 413],
    ['limit-bodies-502=2kB', 502],
    ['limit-bodies-cut=2kB', 0],
  ])('%s answers a longer body with %i, and the target never hears of it', async (profile, status) => {
    const { box, origin } = await boxed(profile);
    const long = 'x'.repeat(2_049);
    const chunked = { headers: { 'transfer-encoding': 'chunked' } };
    for (const sent of [{ body: long }, { ...chunked, chunks: ['x'.repeat(2_000), 'x'.repeat(49)] }]) {
      const answer = await ask(box.url, { method: 'POST', ...sent });
      expect(answer).toMatchObject({ status, state: status === 0 ? 'cut' : 'whole' });
    }
    expect(origin.heard).toEqual([]);
    const fits = 'x'.repeat(2_048);
    expect((await ask(box.url, { method: 'POST', body: fits })).text).toBe(fits);
    expect((await ask(box.url, { method: 'POST', ...chunked, chunks: ['a', 'b'] })).text).toBe('ab');
  });

  it('cache-gets gives the same answer again, against orders, for as long as it says', async () => {
    let count = 0;
    const { box } = await boxed('cache-gets=1s', (_incoming, outgoing) => {
      outgoing.writeHead(200, { 'cache-control': 'no-store', 'x-count': ++count });
      outgoing.write('answer ');
      outgoing.end(`${count}`);
    });
    const get = async (path = '/'): Promise<string> => (await ask(box.url + path)).text;
    expect([await get(), await get('/other'), await get()]).toEqual(['answer 1', 'answer 2', 'answer 1']);
    expect((await ask(box.url, { method: 'POST' })).text).toBe('answer 3');
    expect(box.stats.struck).toEqual({ 'cache-gets': 1 });
    await eventually(() => count).toBe(3);
    await pause(1_100);
    expect(await get()).toBe('answer 4');
  });

  it('round-robin goes to the next target with each request', async () => {
    const [first, second] = [await openOrigin(), await openOrigin()];
    const box = await openBox({ to: [first.url, second.url], profile: 'round-robin' });
    for (let turn = 0; turn < 4; turn++) await ask(`${box.url}/${turn}`);
    await talkOpen(box.url);
    expect(first.heard.map(({ path }) => path)).toEqual(['/0', '/2']);
    expect(second.heard.map(({ path }) => path)).toEqual(['/1', '/3']);
    expect([first.sockets.length, second.sockets.length]).toEqual([1, 0]);
    await box.set('');
    await ask(`${box.url}/stays`);
    await ask(`${box.url}/stays`);
    expect(second.heard).toHaveLength(2);
    await box.close();
  });

  it('refuse answers everything itself', async () => {
    const { box, origin } = await boxed('refuse=429');
    expect(await ask(box.url)).toMatchObject({ status: 429 });
    const client = talk(box.url);
    await eventually(() => client.refused).toContain('429');
    expect(origin.heard).toEqual([]);
    expect(box.stats.struck).toEqual({ refuse: 2 });
  });

  it('resets resets as many as it says: some before the target hears of them, some when it answers', async () => {
    const chances = [0.6, 0.4, 0.1, 0.4, 0.9];
    const { box, origin } = await boxed('resets=50%', undefined, { random: () => chances.shift() ?? 0.5 });
    // Chance is asked once for a request that passes, twice for one that does not.
    expect(await ask(`${box.url}/passes`)).toMatchObject({ status: 200 });
    expect(box.stats.struck).toEqual({});
    await box.set('resets=100%');
    const before = await ask(`${box.url}/resets`);
    expect(before).toMatchObject({ status: 0, state: 'cut', error: 'ECONNRESET' });
    for (let turn = 0; turn < 20; turn++) await ask(box.url);
    expect(box.stats.struck).toEqual({ resets: 21 });
    expect(origin.heard.length).toBeGreaterThan(0);
  });
});
