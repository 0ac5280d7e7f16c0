/** Puts a secret into every place that a client, a proxy or an application has, and looks for it in all that is told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { getRequestListener } from '@hono/node-server';
import { createRealtime } from '../realtime.js';
import type { RealtimeOptions } from '../realtime.js';
import type { Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { pretty } from './pretty.js';

const SECRET = 'hunter2zq';
/** As a client, an application or a driver might write it. */
const FORMS = new RegExp([SECRET, Buffer.from(SECRET).toString('base64url').slice(0, 11)].join('|'), 'i');

class DriverError extends Error {
  override name = SECRET;
  code = SECRET;
  detail = `Key (password)=(${SECRET}) already exists.`;
  command = { name: 'evalsha', args: [SECRET] };
  constructor() {
    super(`${SECRET}\n    at ${SECRET} (/secret/${SECRET}.ts)`, { cause: SECRET });
  }
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A server, everything that it tells, and a client that speaks HTTP. */
async function world(options: RealtimeOptions = {}) {
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const realtime = createRealtime({ logger, ...options });
  const told: unknown[] = [];
  realtime.events.subscribe((event) => told.push(event));
  const listener = getRequestListener(realtime.app.fetch);
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(
    () => realtime.close(),
    () => server.closeAllConnections(),
    () => void server.close(),
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(url + path, {
      ...{ method: 'POST', body: text },
      headers: { 'content-type': 'text/plain', ...headers },
    });
    return answer.text();
  };
  return {
    post,
    realtime,
    /** All that was told, in every form: of these events. */
    async output(...deltas: string[]) {
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      // A poll that opens is answered before its sends are done (P64).
      for (const delta of deltas)
        await expect.poll(() => lines.join(''), { timeout: 10_000 }).toContain(`"delta":"${delta}"`);
      return [...lines, ...lines.map((line) => pretty(line, false)), JSON.stringify(told)].join('\n');
    },
  };
}

const nonce = (SECRET + 'n'.repeat(22)).slice(0, 22);
const hello = (more: object = {}) => ['hello', { version: 1, nonce, ...more }];
const said = { delta: 'said', dimension: 1, omega: 1, lambda: 'continue' };

describe('a secret is in nothing that is told', () => {
  test('when it is in credentials, keys, nonces, names of attempts, and fields that do not exist', async () => {
    const { post, output } = await world({ authenticate: () => undefined });
    await post('/poll', [hello({ auth: SECRET })]);
    await post('/poll', [hello({ auth: { password: SECRET }, attempt: SECRET, [SECRET]: SECRET })]);
    await post('/poll', [hello({ key: SECRET })]);
    await post('/poll', [hello({ version: SECRET })]);
    await post('/send', [['continue', { nonce, key: SECRET, generation: 1 }]]);
    await post('/poll', [[SECRET, SECRET]]);
    await post('/poll', `[["hello",{"${SECRET}`);
    expect(await output('unauthorized', 'bad_frame')).not.toMatch(FORMS);
  });

  test('when it is in headers, URLs and the address that a proxy gives', async () => {
    const { post, output } = await world({ trustedProxies: 1, origins: ['https://app.example'] });
    await post('/poll', [hello()], { origin: `https://${SECRET}.example` });
    await post('/poll', [hello()], {
      'x-forwarded-for': SECRET,
      authorization: `Bearer ${SECRET}`,
      cookie: SECRET,
    });
    await post('/poll', [hello()], { 'x-forwarded-for': `fe80::1%${SECRET}`, 'user-agent': SECRET });
    await post('/poll', [hello()], { traceparent: SECRET, tracestate: SECRET });
    await post(`/poll?token=${SECRET}`, [hello()]);
    await post(`/${SECRET}`, [hello()]);
    await post('/poll', [hello()], { 'content-type': `text/${SECRET}` });
    await post('/poll', [hello()], { 'content-encoding': SECRET });
    expect(await output('forbidden', 'bad_frame', 'unsupported', 'connection_welcomed')).not.toMatch(FORMS);
  });

  test('when it is in envelopes, payloads, channels, requests and presence', async () => {
    const { post, output } = await world({ authorize: (_session, action) => action === 'request' });
    await post('/poll', [
      hello(),
      ['publish', 1, SECRET, { ...said, payload: SECRET }],
      ['publish', 2, 'room', { ...said, [SECRET]: 1 }],
      ['publish', 3, 'room', { ...said, lambda: 7, fractal_metadata: { [SECRET]: SECRET } }],
      ['request', 4, { ...said, delta: SECRET, payload: SECRET }],
      ['subscribe', 5, SECRET, { presence: { password: SECRET } }],
      ['subscribe', 6, `@${SECRET}`, {}],
      ['unsubscribe', 7, SECRET, SECRET],
      ['auth', { token: SECRET }],
    ]);
    expect(await output('forbidden', 'bad_frame', 'not_found')).not.toMatch(FORMS);
  });

  test('when it is a subject, its claims or credentials, which are asked for, revoked and refused', async () => {
    const identity = { subject: SECRET, claims: SECRET, expiresAt: Date.now() + 60_000, refreshAt: 0 };
    const { post, output, realtime } = await world({ authenticate: () => identity });
    expect(await post('/poll', [hello({ auth: SECRET })])).toContain('unauthorized');
    const user = realtime.subject(SECRET);
    expect(await user.send('noticed', SECRET)).toHaveLength(1);
    await user.unsubscribe(SECRET);
    await user.revoke();
    await user.revoke({ until: Date.now() + 60_000 });
    await post('/poll', [['hello', { version: 1, nonce: 'x'.repeat(22), auth: SECRET }]]);
    expect(await output('session_ended', 'forbidden')).not.toMatch(FORMS);
  });

  test('when the application throws it, from any of its hooks and handlers', async () => {
    const throws = (): never => {
      throw new DriverError();
    };
    const given: unknown[] = [];
    const onError = (error: unknown) => void given.push(error);
    const first = await world({ authenticate: throws, onError });
    await first.post('/poll', [hello()]);
    expect(await first.output('handler_failed')).not.toMatch(FORMS);
    const second = await world({ authorize: throws, systemEvents: throws, onError });
    await second.post('/poll', [hello(), ['subscribe', 1, 'room', {}], ['subscribe', 2, '@system', {}]]);
    expect(await second.output('handler_failed')).not.toMatch(FORMS);
    const third = await world({ origins: throws, onError });
    await third.post('/poll', [hello()], { origin: 'https://app.example' });
    expect(await third.output('handler_failed')).not.toMatch(FORMS);
    expect(given.filter((error) => error instanceof DriverError)).toHaveLength(4);
  });

  test('when it is a text or an object that is thrown', async () => {
    for (const thrown of [SECRET, { [SECRET]: SECRET }]) {
      const { post, output } = await world({
        authenticate: () => {
          throw thrown;
        },
      });
      await post('/poll', [hello()]);
      expect(await output('handler_failed')).not.toMatch(FORMS);
    }
  });

  test('when a store throws it', async () => {
    const store: Store = Object.assign(memoryStore(), {
      openSession: () => Promise.reject(new DriverError()),
    });
    const { post, output } = await world({ store });
    await post('/poll', [hello()]);
    expect(await output('store_failed')).not.toMatch(FORMS);
  });

  test('when a listener throws it', async () => {
    const { post, output } = await world({
      onError: () => {
        throw new DriverError();
      },
      authenticate: () => {
        throw new DriverError();
      },
    });
    await post('/poll', [hello()]);
    expect(await output('handler_failed')).not.toMatch(FORMS);
  });
});
