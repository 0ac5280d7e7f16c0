import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { afterEach, describe, expect, it } from 'vitest';
import { check, healthUrl } from './health.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** The address of a server that answers like this. */
async function answering(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
}

const health = {
  status: 'healthy',
  active_connections: 1,
  shutdown_in_progress: false,
  timestamp: '2025-10-15T14:30:00.123456',
};

describe('check', () => {
  it('finds a server healthy', async () => {
    const realtime = createRealtime({ logger: false });
    const serving = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
    ends.push(() => serving.close());
    const verdict = await check(`${serving.url}/health`, 5_000);
    expect(verdict).toMatchObject({ ok: true, state: 'healthy', health: { active_connections: 0 } });
    expect(verdict.message).toMatch(/^healthy: http:\S+\/health, 0 connections, \d+ ms$/);
  });

  it('finds one that is shutting down not healthy', async () => {
    const url = await answering((_request, response) => {
      response.end(JSON.stringify({ ...health, status: 'shutting_down', shutdown_in_progress: true }));
    });
    expect(await check(url, 5_000)).toMatchObject({
      ok: false,
      state: 'shutting_down',
      message: `shutting down: ${url}, 1 connection left`,
    });
  });

  it.each([
    ['HTML', '<!doctype html>', 'text/html'],
    ['JSON of somebody else', '{"status":"ok"}', 'application/json'],
    ['nothing', '', 'text/plain'],
  ])('does not take %s for an answer', async (_name, body, type) => {
    const url = await answering((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    const verdict = await check(url, 5_000);
    expect(verdict).toMatchObject({ ok: false, state: 'not_iskra' });
    expect(verdict.message).toContain(`answered 200 with ${type}, not with the JSON of an Iskra server`);
  });

  it('reads only the start of an endless answer', async () => {
    const url = await answering((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        response.once('drain', more);
      };
      more();
    });
    expect(await check(url, 5_000)).toMatchObject({ ok: false, state: 'not_iskra' });
  });

  it('waits no longer than it was told', async () => {
    const url = await answering(() => {});
    expect(await check(url, 50)).toMatchObject({
      ok: false,
      state: 'unreachable',
      message: `unreachable: ${url} did not answer within 50 ms`,
    });
  });

  it('says why there was no answer', async () => {
    const url = await answering(() => {});
    await ends.pop()?.();
    expect((await check(url, 5_000)).message).toContain('refused the connection; does the server run');
  });
});

describe('healthUrl', () => {
  it.each([
    ['http://localhost:8000', 'http://localhost:8000/health'],
    ['localhost:8000', 'http://localhost:8000/health'],
    ['https://chat.example/', 'https://chat.example/health'],
    ['http://localhost:8000/health', 'http://localhost:8000/health'],
    ['http://localhost:8000/behind/a/proxy', 'http://localhost:8000/behind/a/proxy/health'],
  ])('%s → %s', (given, expected) => expect(healthUrl(given)).toBe(expected));

  it.each([undefined, '', 'ws://localhost', 'http://', 'a b'])('refuses %j with an example', (given) => {
    expect(() => healthUrl(given)).toThrow('http://localhost:8000');
  });
});
