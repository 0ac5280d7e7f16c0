// Who may come in, and what a request must look like before anything of it is read.

import { describe, expect, it } from 'vitest';
import {
  ATTACKER,
  faultOf,
  http,
  isTag,
  mark,
  nonce,
  tcp,
  upgrade,
  upgradeRequest,
  webSocket,
} from './peer.js';
import type { HttpOptions } from './peer.js';
import { keepsItsLogClean, withServer } from './suite.js';

const hello = (): string => JSON.stringify([['hello', { version: 1, nonce: nonce(), attempt: mark() }]]);
const POSTS = ['/realtime/sse', '/realtime/poll', '/realtime/send'];

describe('A server that knows its own host only', () => {
  const suite = withServer();
  const post = (path: string, options: HttpOptions) => http(suite.port, { path, body: hello(), ...options });

  it('S01 refuses the WebSocket of a page from elsewhere before the upgrade, cookies or not (P61)', async () => {
    const before = (await suite.server.stats()).calls;
    const headers = { Origin: `https://${mark()}.example`, Cookie: `session=${mark()}` };
    const answer = await upgrade(suite.port, { headers });
    expect(answer.status).toBe(403);
    expect(answer.head).not.toMatch(/access-control/i);
    const { calls } = await suite.server.stats();
    expect([calls.openSession, calls.attach]).toEqual([before.openSession, before.attach]);
    expect(await suite.refusals('forbidden')).toMatchObject([{ field: 'origin', address: ATTACKER }]);
  });

  it.each(POSTS)('S01 refuses a page from elsewhere on %s before the body is read (P61)', async (path) => {
    const origin = `https://${mark()}.example`;
    const answer = await post(path, { headers: { origin, cookie: mark() }, body: '{' });
    expect([answer.status, faultOf(answer)]).toMatchObject([
      403,
      { tag: 'close', code: 'forbidden', field: 'origin' },
    ]);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(await suite.refusals('forbidden')).toHaveLength(1);
  });

  it.each([
    'http://127.0.0.1',
    'null',
    'https://127.0.0.1.evil.example',
    'http://',
    '://',
    'file://',
    '127.0.0.1',
  ])('S03 takes the origin %s for a foreign one (P61)', async (origin) => {
    expect((await upgrade(suite.port, { headers: { Origin: origin } })).status).toBe(403);
    for (const path of POSTS) expect((await post(path, { headers: { origin } })).status).toBe(403);
  });

  it('S01 lets its own page and programs without an origin in (P61)', async () => {
    const origin = `http://127.0.0.1:${suite.port}`;
    expect((await upgrade(suite.port, { headers: { Origin: origin } })).status).toBe(101);
    expect((await upgrade(suite.port)).status).toBe(101);
    expect((await post('/realtime/poll', { headers: { origin } })).status).toBe(200);
    expect((await post('/realtime/poll', {})).status).toBe(200);
  });

  it('S02 refuses a browser that hides its origin and says cross-site (P61)', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect((await upgrade(suite.port, { headers })).status).toBe(403);
    for (const path of POSTS) expect((await post(path, { headers })).status).toBe(403);
  });

  it('S06 answers a preflight from elsewhere without a word that would allow it', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const answer = await http(suite.port, { method: 'OPTIONS', path: '/realtime/send', headers });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each([
    ['//evil.example/realtime/ws', {}],
    ['//evil.example/realtime/ws', { Host: 'evil.example', Origin: 'http://evil.example' }],
    ['http://evil.example/realtime/ws', { Origin: 'http://evil.example' }],
    ['/\\evil.example/realtime/ws', { Origin: 'http://evil.example' }],
    ['/realtime/ws/../../realtime//ws', {}],
    ['/realtime/ws', { Host: 'evil.example/realtime', Origin: 'http://evil.example' }],
    ['/realtime/ws', { Host: 'a b', Origin: 'http://a b' }],
    ['/realtime/ws', { Host: '', Origin: 'http://' }],
    ['/realtime/ws', { Host: undefined, Origin: 'http://127.0.0.1' }],
    ['/realtime/ws', { Host: 'evil.example@127.0.0.1', Origin: 'http://127.0.0.1' }],
  ])('S04 does not upgrade the target %s with %j (P61)', async (path, headers) => {
    const { status } = await upgrade(suite.port, { path, headers });
    // 500 is the adapter's own word for a host that makes no URL: nothing of ours is reached.
    expect([400, 403, 404, 426, 500]).toContain(status);
  });

  it('S04 does not let a target name the origin that is compared (P61)', async () => {
    const origin = 'http://evil.example';
    for (const path of ['//evil.example/realtime/poll', 'http://evil.example/realtime/poll']) {
      const answer = await tcp(
        suite.port,
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${suite.port}\r\nOrigin: ${origin}\r\n` +
          'Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]',
      );
      expect([400, 403, 404]).toContain(answer.status);
      expect(answer.head).not.toMatch(/access-control/i);
    }
  });

  it.each([
    'auth',
    'token',
    'access_token',
    'key',
    'session',
    'sid',
    'jwt',
    'password',
    '%74oken',
    'a=b&key',
  ])('S12 refuses a URL with a secret under the name %s (P18)', async (name) => {
    const query = `?${name}=${mark()}`;
    expect((await upgrade(suite.port, { path: `/realtime/ws${query}` })).status).toBe(400);
    for (const path of POSTS) {
      const answer = await post(path + query, {});
      expect([answer.status, faultOf(answer)]).toMatchObject([400, { code: 'bad_frame', field: 'url' }]);
    }
    expect(await suite.refusals('bad_frame', 4)).toHaveLength(4);
  });

  it('S05 refuses other types of body before it is parsed (P60)', async () => {
    for (const path of POSTS) {
      for (const type of [
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'text/html',
        'text/plainly',
        '',
        mark(),
      ]) {
        const answer = await post(path, { headers: { 'content-type': type } });
        expect([answer.status, faultOf(answer).code]).toEqual([415, 'unsupported']);
      }
      const answer = await post(path, { headers: { 'content-encoding': 'gzip' } });
      expect([answer.status, faultOf(answer).field]).toEqual([415, 'content-encoding']);
    }
  });

  it('P63 gives every answer the same headers, refusals too', async () => {
    const answers = [
      await post('/realtime/poll', {}),
      await post('/realtime/send', {}),
      await post('/realtime/sse', { body: '{' }),
      await post('/realtime/poll', { headers: { origin: 'https://evil.example' } }),
      await post('/realtime/poll', { headers: { 'content-type': 'text/html' } }),
    ];
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        vary: 'Origin',
      });
      expect([headers.etag, headers['content-encoding']]).toEqual([undefined, undefined]);
    }
  });

  const BAD_UPGRADES: [string, Record<string, string | undefined>][] = [
    ['no key', { 'Sec-WebSocket-Key': undefined }],
    ['an empty key', { 'Sec-WebSocket-Key': '' }],
    ['a short key', { 'Sec-WebSocket-Key': 'AAAA' }],
    ['a key that is no base64', { 'Sec-WebSocket-Key': '!'.repeat(24) }],
    ['a prototype name as key', { 'Sec-WebSocket-Key': '__proto__' }],
    ['no version', { 'Sec-WebSocket-Version': undefined }],
    ['version 7', { 'Sec-WebSocket-Version': '7' }],
    ['version NaN', { 'Sec-WebSocket-Version': 'NaN' }],
    ['another upgrade', { Upgrade: 'foo' }],
    ['an upgrade to HTTP/2', { Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' }],
    ['an empty upgrade', { Upgrade: '', Connection: 'Upgrade, close' }],
    ['no upgrade', { Upgrade: undefined, Connection: 'close' }],
    ['a protocol that is no token', { 'Sec-WebSocket-Protocol': 'iskra.1,,' }],
  ];
  describe.each(['/realtime/ws', '/ws/somebody', '/health', '/nowhere'])('on %s', (path) => {
    it.each(BAD_UPGRADES)('S26 answers an upgrade with %s and closes', async (_what, headers) => {
      const answer = await tcp(suite.port, upgradeRequest(suite.port, { path, headers }), {
        patience: 3_000,
      });
      expect(answer.closed).toBe(true);
      // Without an upgrade it is an ordinary request.
      expect([200, 400, 404, 426]).toContain(answer.status);
      if (path.includes('/ws')) expect([400, 426]).toContain(answer.status);
    });
  });

  it('S26 does not upgrade on another route or with another method', async () => {
    for (const path of [
      '/realtime/poll',
      '/realtime/sse',
      '/realtime/send',
      '/realtime',
      '/',
      '/health',
      '/metrics',
    ]) {
      expect((await upgrade(suite.port, { path })).status).not.toBe(101);
    }
    const bytes = upgradeRequest(suite.port, {}).replace('GET', 'POST');
    expect((await tcp(suite.port, bytes)).status).not.toBe(101);
  });

  it('S26 holds nothing of 2,000 bad upgrades', async () => {
    const round = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 20) {
        await Promise.all(
          Array.from({ length: 20 }, (_, index) => {
            const [, headers] = BAD_UPGRADES[(done + index) % BAD_UPGRADES.length] ?? [];
            return upgrade(suite.port, { headers });
          }),
        );
      }
    };
    await round(400);
    const before = await suite.server.stats();
    await round(2_000);
    const after = await suite.server.settles(
      ({ fds, heap }) => fds <= before.fds && heap < before.heap + 1_000_000,
    );
    expect(after.fds).toBeLessThanOrEqual(before.fds);
    // Log lines are strings of a pipe that this process reads; the heap of the server has nothing to keep.
    expect(after.heap - before.heap).toBeLessThan(1_000_000);
    expect(after.active).toBeLessThanOrEqual(before.active);
  });

  it('S28 reads 12 KiB of spaces and quotes in the headers of an upgrade in linear time', async () => {
    for (const headers of [
      { 'Sec-WebSocket-Protocol': `iskra.1${' '.repeat(12_000)}x` },
      { 'Sec-WebSocket-Extensions': `a; b="${'\\"'.repeat(6_000)}` },
      { 'Sec-WebSocket-Extensions': 'constructor; __proto__; toString="x"' },
    ]) {
      const begun = performance.now();
      const { status } = await upgrade(suite.port, { headers });
      expect([101, 400, 431]).toContain(status);
      expect(performance.now() - begun).toBeLessThan(1_000);
    }
  });

  it('S47 keeps line breaks, colours, direction marks and lengths out of the log', async () => {
    const spoiled = `${mark()}%0d%0a{"level":30}%1b[31m%e2%80%ae${'x'.repeat(8_000)}`;
    const plain = await upgrade(suite.port, { path: `/ws/${spoiled}`, headers: { 'User-Agent': mark() } });
    expect(plain.status).toBe(101);
    plain.webSocket?.socket.destroy();
    for (const headers of [
      { 'User-Agent': `${mark()}\u001b[31m` },
      { 'User-Agent': mark() + 'x'.repeat(1024 * 1024) },
      { 'X-Forwarded-For': `${mark()}, ${mark()}` },
      { Origin: `http://${mark()}\u001b[2J` },
    ]) {
      const answer = await tcp(
        suite.port,
        upgradeRequest(suite.port, {
          headers: { ...headers, Upgrade: 'websocket', 'Sec-WebSocket-Version': '1' },
        }),
      );
      expect([0, 400, 403, 426, 431]).toContain(answer.status);
    }
    for (const path of [
      '/ws/%',
      '/ws/%00',
      '/ws/%ff%fe',
      '/ws/__proto__',
      '/ws/constructor',
      '/ws/a%2Fb',
      `/${'..%2f'.repeat(100)}`,
    ]) {
      await upgrade(suite.port, { path });
    }
    await suite.server.stats();
    for (const { address } of suite.lines) expect(address).toBe(ATTACKER);
  });

  it('S43 lets no line break of a request into the headers of its answer', async () => {
    for (const value of ['a\r\nX-Evil: 1', 'a\nX-Evil: 1', 'a\rX-Evil: 1']) {
      for (const name of [
        'Origin',
        'Sec-WebSocket-Protocol',
        'Sec-WebSocket-Extensions',
        'Access-Control-Request-Headers',
      ]) {
        const answer = await tcp(
          suite.port,
          upgradeRequest(suite.port, { headers: { [name]: value, 'Sec-WebSocket-Version': '1' } }),
        );
        expect(answer.head).not.toMatch(/evil/i);
      }
    }
  });

  it('lets a plain client in and greets it in printable words only', async () => {
    const plain = await webSocket(suite.port, { path: `/ws/a%0d%0ab%1b[31m${'y'.repeat(300)}` });
    await expect.poll(() => plain.texts.length).toBeGreaterThan(0);
    expect(plain.texts[0]).toMatch(/^Welcome, ab\[31my+\. /);
    expect(plain.texts[0]?.length).toBeLessThan(200);
    plain.socket.destroy();
  });

  keepsItsLogClean(suite);
});

describe('A server with a list of origins that refuses programs', () => {
  const home = 'https://app.example';
  const suite = withServer({ options: { origins: [home] } }, 'send');

  it('S01 lets only listed origins in, and names them back, never a star (P61)', async () => {
    expect((await upgrade(suite.port, { headers: { Origin: home } })).status).toBe(101);
    for (const origin of [
      'https://app.example.evil',
      'https://APP.example',
      'http://app.example',
      'https://app.example:444',
      'null',
    ]) {
      expect((await upgrade(suite.port, { headers: { Origin: origin } })).status).toBe(403);
      for (const path of POSTS) {
        expect((await http(suite.port, { path, body: hello(), headers: { origin } })).status).toBe(403);
      }
    }
    const answer = await http(suite.port, {
      path: '/realtime/poll',
      body: hello(),
      headers: { origin: home },
    });
    expect(answer.headers['access-control-allow-origin']).toBe(home);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('S01 does not take its own host for a listed origin (P61)', async () => {
    expect(
      (await upgrade(suite.port, { headers: { Origin: `http://127.0.0.1:${suite.port}` } })).status,
    ).toBe(403);
  });

  keepsItsLogClean(suite);
});

describe('A server whose judge of origins throws', () => {
  const suite = withServer({ options: { origins: 'throws' } });

  it('S61 answers internal on every way in, says so in its log, and lives', async () => {
    const origin = `https://${mark()}.example`;
    expect((await upgrade(suite.port, { headers: { Origin: origin } })).status).toBe(500);
    expect((await upgrade(suite.port, { path: '/ws/any', headers: { Origin: origin } })).status).toBe(500);
    for (const path of POSTS) {
      const answer = await http(suite.port, { path, body: hello(), headers: { origin } });
      expect([answer.status, faultOf(answer)]).toMatchObject([500, { tag: 'close', code: 'internal' }]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(await suite.refusals('handler_failed', 5)).toHaveLength(5);
  });

  keepsItsLogClean(suite);
});

describe('A server that refuses programs', () => {
  it('S02 refuses a request without an origin on every transport (P61)', async () => {
    const { WireServer } = await import('./server.js');
    const server = await WireServer.start({ options: { allowNoOrigin: false } });
    try {
      expect((await upgrade(server.port)).status).toBe(403);
      for (const path of POSTS) expect((await http(server.port, { path, body: hello() })).status).toBe(403);
      const origin = `http://127.0.0.1:${server.port}`;
      const socket = await webSocket(server.port, { headers: { Origin: origin } });
      socket.text(hello());
      await socket.received.until(isTag('welcome'));
      socket.socket.destroy();
    } finally {
      await server.stop();
    }
  });
});
