// `iskra serve` with a file, with a certificate, and while it is watched; `iskra config` as it is installed.

import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { connect } from '@iskra/client';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { makeCertificates } from '../doctor/certificates.js';
import { endAll, iskraCommand, root, start } from '../programs.js';
import type { Program } from '../programs.js';
import { PlainClient } from './plain-client.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'iskra-config-'))));
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string): string => path.join(folder, name);
const write = (name: string, text: string): void => writeFileSync(file(name), text);
/** As editors do it: another file takes the place of the one that was there. */
const replace = (name: string, text: string): void => {
  write(`${name}.new`, text);
  renameSync(file(`${name}.new`), file(name));
};

/** The command, started in the folder. */
const here = (args: readonly string[], env: Record<string, string> = {}): Program =>
  start('sh', ['-c', 'cd "$0" && exec "$@"', folder, process.execPath, iskraCommand, ...args], env);
const result = async (program: Program) => {
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
};
const OPEN = ['--host', '127.0.0.1', '--port', '0'];

describe('iskra config', () => {
  it('tells what counts and where it is from, and ends with 0', async () => {
    write('iskra.yaml', 'port: 1\nlog: { level: debug }\nsecretFile: secret\n');
    write('secret', 'hunter2\n');
    const { code, stdout, stderr } = await result(
      here(['config', 'check', '--port', '2'], { LOG_LEVEL: 'warn' }),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^port +2 +--port$/m);
    expect(stdout).toMatch(/^log\.level +warn +LOG_LEVEL$/m);
    expect(stdout).toMatch(/^secret +••• +iskra\.yaml:3 /m);
    expect(stdout).not.toContain('hunter2');
    expect(stdout).not.toContain('\u001b');
  });

  it('tells every mistake at once, and ends with 1', async () => {
    write('iskra.yaml', 'prot: 1\n');
    const checked = await result(here(['config', 'check', '--json'], { LOG_LEVEL: 'loud' }));
    expect(checked.code).toBe(1);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      ok: false,
      mistakes: [
        { key: 'prot', source: 'iskra.yaml:1', cure: 'is it port?' },
        { key: 'log.level', source: 'LOG_LEVEL', what: 'is "loud"' },
      ],
    });
    const served = await result(here(['serve', ...OPEN], { LOG_LEVEL: 'loud' }));
    expect(served).toMatchObject({ code: 2, stdout: '' });
    expect(served.stderr).toMatch(
      /^There are 2 mistakes in the configuration:\n {2}iskra\.yaml:1: prot .*\n {2}LOG_LEVEL .*\n$/,
    );
  });

  it('ends with 2 for wrong use', async () => {
    expect(await result(here(['config', 'chek']))).toMatchObject({
      code: 2,
      stderr: 'iskra config does not know "chek". Is it check?\n',
    });
    expect(await result(here(['config', 'check', '--prot', '1']))).toMatchObject({
      code: 2,
      stderr: 'iskra config has no option --prot. Is it --port?\n',
    });
  });

  it('prints the schema that the package has', async () => {
    const { code, stdout } = await result(here(['config', 'schema']));
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(path.join(root, 'packages/cli/iskra.schema.json'), 'utf8'));
  });
});

describe('iskra serve', () => {
  it('is what its file says, unless the environment or a flag says otherwise', async () => {
    write(
      'iskra.json',
      JSON.stringify({ host: '127.0.0.1', port: 1, nodeName: 'from-file', path: '/live', metrics: false }),
    );
    const server = here(['serve', '--port', '0'], { NODE_NAME: 'from-environment' });
    const [url] = await server.said(/http:\/\/127\.0\.0\.1:\d+/);
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ node: 'from-environment' });
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    const client = connect(`${url}/live`);
    await client.channel('room:a').publish('said', 'hello').settled;
    await client.close();
  });

  it('keeps to a limit of its file', async () => {
    write('iskra.yaml', 'limits: { connectionsPerAddress: 1 }\n');
    const [url] = await here(['serve', ...OPEN]).said(/http:\/\/127\.0\.0\.1:\d+/);
    const first = await PlainClient.open(`${url}/ws/a`);
    await expect(PlainClient.open(`${url}/ws/b`)).rejects.toThrow('503');
    await first.close();
  });

  it('starts again when its file changes, and goes on when the change is a mistake', async () => {
    write('iskra.yaml', 'nodeName: one\n');
    const server = here(['serve', ...OPEN, '--watch']);
    const [url] = await server.said(/http:\/\/127\.0\.0\.1:\d+/);
    const nodeAt = async (at: string) =>
      ((await (await fetch(`${at}/health`)).json()) as { node: string }).node;
    expect(await nodeAt(url)).toBe('one');

    replace('iskra.yaml', 'nodName: two\n');
    await server.said(/nodName is no setting; is it nodeName\?\niskra goes on as it was/);
    const guest = await PlainClient.open(`${url}/ws/guest`);

    replace('iskra.yaml', 'nodeName: two\n');
    expect((await guest.closed).code).toBe(1012);
    const [, again] = await server.said(/ready at[^]*ready at (\S+)/);
    expect(await nodeAt(again!)).toBe('two');
    server.process.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
    expect(server.stderr.match(/shutting down/g)).toHaveLength(1);
  });

  it('starts again when something below a folder changes, and knows a folder that is not there', async () => {
    const server = here(['serve', ...OPEN, '--watch-path', '.']);
    await server.said(/ready at/);
    write('anything', '1');
    await server.said(/ready at[^]*ready at/);
    expect(await result(here(['serve', '--watch-path', 'gone']))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--watch-path is "gone", which is not there') as string,
    });
  });
});

describe('a certificate', () => {
  const old = makeCertificates('IP:127.0.0.1,DNS:localhost');
  const renewed = makeCertificates('IP:127.0.0.1,DNS:localhost');
  afterAll(() => {
    old.remove();
    renewed.remove();
  });

  /** What a client that trusts one authority gets. */
  const ask = (url: string, { authority }: { authority: string }): Promise<number | string> =>
    new Promise((resolve) => {
      const options = { ca: readFileSync(authority), agent: false, headers: { connection: 'close' } };
      get(url, options, (answer) => {
        answer.resume();
        resolve((answer.socket as TLSSocket).authorized ? answer.statusCode! : 'not trusted');
      }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  const put = (from: { chain: string; key: string }): void => {
    copyFileSync(from.chain, file('chain.pem'));
    copyFileSync(from.key, file('key.pem'));
  };
  const serveTls = async (): Promise<Program & { url: string }> => {
    put(old);
    const server = here(['serve', ...OPEN], { TLS_CERT: 'chain.pem', TLS_KEY: 'key.pem' });
    const [url] = await server.said(/https:\/\/127\.0\.0\.1:\d+/);
    await server.said(/certificate good until \d{4}-/);
    return Object.assign(Object.create(server) as Program, { url });
  };

  it('carries all four transports, wss among them, and plain clients', async () => {
    const { url } = await serveTls();
    expect(await ask(`${url}/health`, old)).toBe(200);
    expect(await ask(`${url}/health`, renewed)).not.toBe(200);
    const plain = await PlainClient.open(`${url.replace('https', 'wss')}/ws/you`, undefined, {
      ca: readFileSync(old.authority),
    });
    expect(await plain.next()).toContain('Welcome, you');
    await plain.close();
    // A process trusts an authority of its own from its start.
    const code = `
      import { connect } from '@iskra/client';
      for (const transport of ['websocket', 'sse', 'long-poll', 'polling']) {
        const client = connect('${url}/realtime', { transports: [transport] });
        const channel = client.channel('room:' + transport);
        const heard = new Promise((resolve) => channel.on('said', resolve));
        await channel.subscribe();
        await channel.publish('said', 'hello').settled;
        console.log(client.explain().transport ?? transport, await heard);
        await client.close();
      }`;
    const client = start(
      'sh',
      // Where the packages are found.
      ['-c', 'cd e2e && exec "$0" --input-type=module --eval "$1"', process.execPath, code],
      { NODE_EXTRA_CA_CERTS: old.authority },
    );
    await client.ended;
    expect(client.stdout, client.stderr).toBe('websocket hello\nsse hello\nlong-poll hello\npolling hello\n');
  });

  it('is renewed without a restart, and who is there stays', async () => {
    const server = await serveTls();
    const ca = readFileSync(old.authority);
    const there = new WebSocket(`${server.url.replace('https', 'wss')}/ws/there`, { ca });
    await new Promise((resolve) => there.once('message', resolve));

    put(renewed);
    await server.said(/iskra has a new certificate, good until \d{4}-/);
    expect(await ask(`${server.url}/health`, renewed)).toBe(200);
    expect(await ask(`${server.url}/health`, old)).not.toBe(200);
    there.send('still here');
    const [answer] = await new Promise<[Buffer]>((resolve) =>
      there.once('message', (data) => resolve([data as Buffer])),
    );
    expect(String(answer)).toBe('Server received: still here');
    there.close();
  });

  it('stays when what comes in its place is none', async () => {
    const server = await serveTls();
    copyFileSync(renewed.chain, file('chain.pem'));
    await server.said(
      /goes on with the certificate that it has: .*key\.pem is not the key of the first certificate/,
    );
    expect(await ask(`${server.url}/health`, old)).toBe(200);
  });

  it('is refused with its reason before anything listens', async () => {
    put(old);
    copyFileSync(renewed.key, file('key.pem'));
    const env = { TLS_CERT: 'chain.pem', TLS_KEY: 'key.pem' };
    const { code, stderr } = await result(here(['serve', ...OPEN], env));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^TLS_KEY is \S*key\.pem, which is not the key of the first certificate .*\n$/);
  });
});
