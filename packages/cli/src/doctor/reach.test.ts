/** Whether there is a server at all, by which proxy, and what it says itself. */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { print } from '@iskra/client/doctor';
import { defineContract } from '@iskra/protocol/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { box, check, codes, diagnose, endAll, iskra, join, listen } from './fixture.js';
import { examine } from './examine.js';

afterEach(endAll);

/** A forward proxy, which notes what it is asked for. */
async function forwardProxy(given: { password?: string; tunnels?: boolean } = {}) {
  const asked: string[] = [];
  const { password, tunnels = true } = given;
  const wanted = password && `Basic ${Buffer.from(`ada:${password}`).toString('base64')}`;
  const isAllowed = ({ headers }: IncomingMessage): boolean =>
    wanted === undefined || headers['proxy-authorization'] === wanted;
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (!isAllowed(incoming)) return void outgoing.writeHead(407).end();
    const { port, pathname } = new URL(incoming.url ?? '');
    const lines = Object.entries(incoming.headers)
      .filter(([name]) => !/^proxy-|^connection$/.test(name))
      .map(([name, value]) => `${name}: ${String(value)}`);
    const greeting = `${incoming.method} ${pathname} HTTP/1.1\r\nconnection: close\r\n${lines.join('\r\n')}\r\n\r\n`;
    const far = connect(Number(port), '127.0.0.1');
    far.write(greeting);
    incoming.on('data', (piece: Buffer) => far.write(piece));
    far.pipe(incoming.socket);
    for (const side of [far, incoming.socket]) {
      side
        .on('error', () => {})
        .on('close', () => {
          far.destroy();
          incoming.socket.destroy();
        });
    }
  });
  server.on('connect', (incoming, near, head: Buffer) => {
    asked.push(`CONNECT ${incoming.url}`);
    if (!isAllowed(incoming)) return void near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    if (!tunnels) return void near.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const { port } = new URL(`http://${incoming.url}`);
    near.write('HTTP/1.1 200 OK\r\n\r\n');
    join(near, connect(Number(port), '127.0.0.1'), '', head);
  });
  const port = await listen(server);
  return { asked, url: new URL(`http://${password ? `ada:${password}@` : ''}127.0.0.1:${port}`) };
}

describe('a proxy of the environment', () => {
  it('is asked by whole addresses for POSTs, and tunnels WebSockets', async () => {
    const port = await iskra();
    const { asked, url } = await forwardProxy();
    const report = await diagnose(port, { proxy: url });
    expect(codes(report)).toEqual([]);
    expect(report).toMatchObject({ exitCode: 0, proxy: url.origin });
    expect(new Set(asked)).toEqual(
      new Set([
        ...['poll', 'send', 'sse'].map((name) => `POST http://127.0.0.1:${port}/realtime/${name}`),
        `CONNECT 127.0.0.1:${port}`,
      ]),
    );
  });

  it('is given its credentials, which nobody else sees', async () => {
    const { url } = await forwardProxy({ password: 'p w' });
    const report = await diagnose(await iskra(), { proxy: url });
    expect(codes(report)).toEqual([]);
    expect(JSON.stringify(report) + print(report, { width: 80, color: false })).not.toMatch(/ada|p%20w/);
  });

  it('says when it wants credentials', async () => {
    const { url } = await forwardProxy({ password: 'p' });
    url.password = 'wrong';
    const report = await diagnose(await iskra(), { proxy: url });
    expect(codes(report)).toEqual(['proxy-auth']);
    expect(report.exitCode).toBe(3);
  });

  it('that tunnels nothing leaves the others to work', async () => {
    const { url } = await forwardProxy({ tunnels: false });
    const report = await diagnose(await iskra(), { proxy: url });
    expect(codes(report)).toEqual(['tunnel-refused']);
    expect(report).toMatchObject({ exitCode: 1, best: 'sse' });
  });

  it('that is not there is told apart from the server', async () => {
    const report = await diagnose(await iskra(), { proxy: new URL('http://127.0.0.1:1') });
    expect(codes(report)).toEqual(['proxy-down']);
    expect(report.exitCode).toBe(3);
  });
});

describe('no server', () => {
  it.each([
    ['nobody listens', 'http://127.0.0.1:1/realtime', 'server-down', 'connection'],
    ['the name is unknown', `http://${'x'.repeat(64)}.invalid/realtime`, 'dns', 'address'],
  ])('%s', async (_name, url, code, where) => {
    const report = await diagnose(0, { url, timeout: 5_000 });
    expect(codes(report)).toEqual([code]);
    expect(report).toMatchObject({ exitCode: 3, state: 'unreachable', best: null });
    expect(report.checks.at(-1)).toMatchObject({ check: where, result: 'fail' });
  });

  it('tells https where http is spoken', async () => {
    const url = `https://127.0.0.1:${await iskra()}/realtime`;
    const report = await diagnose(0, { url });
    expect(codes(report)).toEqual(['tls']);
    expect(check(report, 'TLS')?.detail).toContain('does not speak TLS');
  });

  it.each([
    [404, 'wrong-path'],
    [200, 'not-iskra'],
    [403, 'not-iskra'],
    [502, 'server-down'],
  ])('a box that answers everything with %i', async (status, code) => {
    const report = await diagnose(await box(1, { answer: status }));
    expect(codes(report)).toEqual([code]);
    expect(report.exitCode).toBe(3);
    expect(check(report, 'server')?.detail).toContain('by a box');
  });

  it('gives the path at which there is one', async () => {
    const port = await iskra();
    const report = await diagnose(port, { url: `http://127.0.0.1:${port}/live` });
    expect(codes(report)).toEqual(['wrong-path']);
    expect(check(report, 'server')?.detail).toContain(`there is one at http://127.0.0.1:${port}/realtime`);
  });

  it.each([
    ['a welcome without its payload', 'welcome', 3],
    ['a code of a later version', 'close', 1],
  ])('survives %s', async (_name, tag, exitCode) => {
    const envelope = { delta: 'later', dimension: 2, omega: 1, lambda: 'stop', payload: {} };
    const answer = JSON.stringify([[tag, envelope]]);
    const port = await listen(createServer((_request, response) => void response.end(answer)));
    expect(await diagnose(port)).toMatchObject({ exitCode, best: null });
  });

  it('takes connections and says nothing, which ends', async () => {
    const port = await listen(createServer(() => {}));
    const report = await diagnose(port, { timeout: 300 });
    expect(codes(report)).toEqual(['server-down']);
  });
});

describe('a server that says no', () => {
  const authenticate = (_request: Request, credentials: unknown) =>
    credentials === 'good' ? { subject: 'ada' } : undefined;

  it('to the credentials', async () => {
    const report = await diagnose(await iskra({ authenticate }));
    expect(codes(report)).toEqual(['auth']);
    expect(report).toMatchObject({ exitCode: 1, best: null });
  });

  it('not to those that are given', async () => {
    const report = await diagnose(await iskra({ authenticate }), { auth: 'good' });
    expect(report.exitCode).toBe(0);
  });

  it('to a channel', async () => {
    const contract = defineContract({ channels: { 'room:{id}': {} }, requests: {} });
    const port = await iskra({ contract });
    const report = await diagnose(port, { channel: 'hall:1' });
    expect(codes(report)).toEqual(['channel-refused']);
    expect(check(report, 'channel')?.detail).toContain('not_found');
    expect((await diagnose(port, { channel: 'room:1' })).exitCode).toBe(0);
  });

  it('to a page of another origin', async () => {
    const report = await diagnose(await iskra(), { origin: 'https://app.example' });
    expect(codes(report)).toEqual(['forbidden']);
    expect(report.exitCode).toBe(1);
  });
});

it('ends at once when it is told to', async () => {
  const port = await iskra();
  const stop = new AbortController();
  const asked = { url: `http://127.0.0.1:${port}/realtime`, proxy: undefined, auth: undefined };
  const examined = examine(
    { ...asked, channel: undefined, origin: undefined, timeout: 60_000, idle: 60_000, hold: 60_000 },
    stop.signal,
  );
  setTimeout(() => stop.abort(), 300);
  await examined;
});
