// The ways of `iskra doctor` that need something real: TLS with a certificate that is trusted, or not, and a proxy of the environment.

import { ADVICE } from '@iskra/client/doctor';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { endAll, iskra } from '../programs.js';
import { makeCertificates } from './certificates.js';
import type { Certificates } from './certificates.js';
import { codes, diagnose } from './examination.js';
import { startForwardProxy } from './forward.js';
import type { ForwardProxy } from './forward.js';
import { KINDS, Proxy } from './proxies.js';
import type { ProxyName } from './proxies.js';

let server: Serving;
/** For this host, and for another. */
let good: Certificates;
let foreign: Certificates;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await serve(createRealtime({ logger: false }), { port: 0, hostname: '127.0.0.1' });
  good = makeCertificates('IP:127.0.0.1');
  foreign = makeCertificates('DNS:other.example');
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await endAll();
  for (const certificates of [good, foreign]) certificates.remove();
  await server.close();
});

/** As the advice has it, with files that are here. */
const linesFor = (name: ProxyName, { chain, key, both }: Certificates): string =>
  ADVICE.tls
    .lines![name].replace('/etc/ssl/fullchain.pem', chain)
    .replace('/etc/ssl/private.pem', key)
    .replace('/etc/haproxy/fullchain-and-key.pem', both);

const trusting = ({ authority }: Certificates) => ({ NODE_EXTRA_CA_CERTS: authority });

/** A proxy that speaks TLS; the answer is its address. */
async function secure(name: ProxyName, certificates: Certificates): Promise<{ proxy: Proxy; url: string }> {
  const proxy = new Proxy(name, KINDS[name].good(`127.0.0.1:${server.port}`));
  ends.push(() => proxy.stop());
  proxy.follow(linesFor(name, certificates));
  await proxy.start();
  return { proxy, url: proxy.url.replace('http:', 'https:') };
}

describe.each(Object.keys(KINDS) as ProxyName[])('https by %s', (name) => {
  it('with a certificate of nobody that is trusted ends with 3, and passes where its authority is', async () => {
    const { url } = await secure(name, good);
    const report = await diagnose(url);
    expect(codes(report)).toEqual(['tls']);
    expect(report).toMatchObject({ exitCode: 3, state: 'unreachable' });
    expect(report.checks.at(-1)).toMatchObject({ check: 'TLS', result: 'fail' });
    expect(report.checks.at(-1)?.detail).toMatch(/A private authority.*not trusted here/);

    const trusted = await diagnose(url, { env: trusting(good) });
    expect(trusted).toMatchObject({ findings: [], exitCode: 0, best: 'websocket' });
    expect(trusted.checks.find(({ check }) => check === 'TLS')?.detail).toMatch(
      /^TLSv1\.[23], certificate by A private authority$/,
    );
  });

  it('with a certificate for another name is cured by the lines', async () => {
    const { proxy, url } = await secure(name, foreign);
    const report = await diagnose(url, { env: trusting(foreign) });
    expect(codes(report)).toEqual(['tls']);
    expect(report.checks.at(-1)?.detail).toContain('for other names (DNS:other.example)');
    proxy.follow(linesFor(name, good));
    await proxy.start();
    expect(await diagnose(url, { env: trusting(good) })).toMatchObject({ findings: [], exitCode: 0 });
  });
});

describe('tinyproxy', () => {
  async function forward(...lines: string[]): Promise<ForwardProxy> {
    const proxy = await startForwardProxy(...lines);
    ends.push(() => proxy.stop());
    return proxy;
  }

  it('passes http on, and tunnels WebSockets', async () => {
    const proxy = await forward();
    const report = await diagnose(server.url, { env: { HTTP_PROXY: proxy.url } });
    expect(report).toMatchObject({ findings: [], exitCode: 0, proxy: proxy.url, best: 'websocket' });
    expect(new Set(proxy.asked)).toEqual(
      new Set([
        ...['poll', 'send', 'sse'].map((path) => `POST ${server.url}/realtime/${path} HTTP/1.1`),
        `CONNECT 127.0.0.1:${server.port} HTTP/1.1`,
      ]),
    );
  });

  it('tunnels https, and nothing else is asked of it', async () => {
    const proxy = await forward();
    const { url } = await secure('nginx', good);
    const report = await diagnose(url, { env: { HTTPS_PROXY: proxy.url, ...trusting(good) } });
    expect(report).toMatchObject({ findings: [], exitCode: 0, proxy: proxy.url, best: 'websocket' });
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${new URL(url).host} HTTP/1.1`]));
  });

  it('as it comes tunnels to the port of https only, which leaves the stream', async () => {
    const proxy = await forward('ConnectPort 443', 'ConnectPort 563');
    const report = await diagnose(server.url, { env: { http_proxy: proxy.url } });
    expect(codes(report)).toEqual(['tunnel-refused']);
    expect(report).toMatchObject({ exitCode: 1, state: 'hindered', best: 'sse' });
  });

  it('wants credentials, and is given them', async () => {
    const proxy = await forward('BasicAuth ada secret');
    const refused = await diagnose(server.url, { env: { HTTP_PROXY: proxy.url } });
    expect(codes(refused)).toEqual(['proxy-auth']);
    expect(refused.exitCode).toBe(3);
    const withCredentials = proxy.url.replace('//', '//ada:secret@');
    const report = await diagnose(server.url, { env: { HTTP_PROXY: withCredentials } });
    expect(report).toMatchObject({ findings: [], exitCode: 0, proxy: proxy.url });
    expect(JSON.stringify(report)).not.toContain('secret');
  });

  it('is left aside where NO_PROXY names the host', async () => {
    const proxy = await forward();
    const env = { HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.0/8' };
    expect(await diagnose(server.url, { env })).toMatchObject({ findings: [], proxy: null });
    expect(proxy.asked).toEqual([]);
  });

  it('that is not there is told apart from the server', async () => {
    const proxy = await forward();
    await proxy.stop();
    ends.pop();
    const report = await diagnose(server.url, { env: { HTTP_PROXY: proxy.url } });
    expect(codes(report)).toEqual(['proxy-down']);
    expect(report.exitCode).toBe(3);
  });

  it('whose address cannot be read is a wrong use', async () => {
    const program = iskra(['doctor', server.url], { HTTP_PROXY: 'ftp://127.0.0.1' });
    expect(await program.ended).toMatchObject({ code: 2 });
    expect(program.stderr).toMatch(/^HTTP_PROXY is no address of an HTTP proxy; .*\n$/);
  });
});
