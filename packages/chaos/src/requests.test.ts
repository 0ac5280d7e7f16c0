/** What happens to requests on their way to the target. */
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openBox } from './box.js';
import { ask, boxed, eventually, manyBytes, openOrigin, pause, talk, talkOpen } from './fixture.js';

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

  it('limit-bodies reads on after its answer', async () => {
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
