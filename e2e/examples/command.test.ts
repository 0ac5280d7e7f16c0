// The iskra command as it is installed: what it prints, where, and with which exit code it ends.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PlainClient } from './plain-client.js';
import { endAll, iskra, iskraCommand, root, serveBare, serving, start } from '../programs.js';

afterEach(endAll);

async function result(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = iskra(args);
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

describe('iskra', () => {
  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'packages/cli/package.json'), 'utf8')) as {
      version: string;
    };
    expect(await result('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('shows help without colours to a program', async () => {
    const { code, stdout } = await result('--help');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'USAGE iskra serve|config|health|connect|load|monitor|slo|doctor|graceful-test|chaos|contract|completion',
    );
    expect(stdout).not.toContain('\u001b');
  });

  it('answers wrong use with one line and exit code 2', async () => {
    expect(await result('serve', '--prot', '1')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'iskra serve has no option --prot. Is it --port?\n',
    });
  });
});

describe('iskra serve', () => {
  it('says where it is, and writes nothing but JSON lines to standard output', async () => {
    const server = await serveBare();
    expect(server.stderr).toContain(`iskra is ready at ${server.url}`);
    expect(server.stderr).toContain(`${server.url}/realtime`);
    // Something worth a line: a page of another origin.
    const foreign = { headers: { origin: 'https://elsewhere.example' } };
    await fetch(`${server.url}/realtime/poll`, { method: 'POST', ...foreign });
    const [line] = await server.said(/^\{.*"delta":"forbidden".*\}$/m);
    expect(JSON.parse(line)).toMatchObject({ name: 'iskra', delta: 'forbidden', lambda: 'stop' });
    for (const written of server.stdout.trim().split('\n')) expect(() => JSON.parse(written)).not.toThrow();
  });

  it('is as quiet as LOG_LEVEL says', async () => {
    const program = iskra(['serve', '--port', '0', '--host', '127.0.0.1'], { LOG_LEVEL: 'ERROR' });
    const [url] = await program.said(/http:\/\/127\.0\.0\.1:\d+/);
    await fetch(`${url}/realtime/poll`, { method: 'POST', headers: { origin: 'https://elsewhere.example' } });
    program.process.kill('SIGTERM');
    expect((await program.ended).code).toBe(0);
    expect(program.stdout).toBe('');
  });

  it('takes its port and address from the environment', async () => {
    const program = iskra(['serve'], { PORT: '0', HOST: '127.0.0.1' });
    const [url] = await program.said(/http:\/\/127\.0\.0\.1:\d+/);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('has its transports where --path says, and pages come from where --origin says', async () => {
    const server = await serveBare(
      '--path',
      '/live',
      '--origin',
      'https://a.example',
      '--origin',
      'https://b.example',
    );
    const connect = (address: string, origin: string): Promise<PlainClient> =>
      PlainClient.open(server.url + address, 'iskra.1', { origin });
    for (const origin of ['https://a.example', 'https://b.example']) {
      await (await connect('/live/ws', origin)).close();
    }
    await expect(connect('/live/ws', 'https://c.example')).rejects.toThrow('403');
    await expect(connect('/realtime/ws', 'https://a.example')).rejects.toThrow('404');
  });

  it('says what to do when the port is taken', async () => {
    const server = await serveBare();
    const { code, stderr } = await result('serve', '--host', '127.0.0.1', '--port', String(server.port));
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Port ${server.port} is taken: .* with --port 0\\.\n$`));
  });

  it('comes back at once under node --watch, though a client is there', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'iskra-watch-'));
    const file = path.join(folder, 'source.txt');
    writeFileSync(file, '1');
    const serve = ['serve', '--port', '0', '--host', '127.0.0.1'];
    const watching = start(process.execPath, [`--watch-path=${folder}`, iskraCommand, ...serve]);
    try {
      const [, port] = await watching.said(/ready at http:\/\/127\.0\.0\.1:(\d+)/);
      const guest = await PlainClient.open(`http://127.0.0.1:${port}/ws/guest`);
      writeFileSync(file, '2');
      expect((await guest.closed).code).toBe(1012);
      await watching.said(/ready at[^]*ready at/);
    } finally {
      // The watcher ends its server; killed, it would leave it behind.
      watching.process.kill('SIGTERM');
      await watching.ended;
      rmSync(folder, { recursive: true });
    }
  });
});

describe('iskra chaos', () => {
  it('stands before a server, says what meets each request, and ends with 0', async () => {
    const server = await serveBare();
    const box = await serving(
      iskra([
        'chaos',
        '--to',
        server.url,
        '--port',
        '0',
        '--profile',
        'only-get-post,refuse-upgrade',
        '--verbose',
      ]),
    );
    expect(box.stderr).toContain(`before      ${server.url}`);
    expect(box.stderr).toContain('breaks      only-get-post, refuse-upgrade');
    expect((await fetch(`${box.url}/health`)).status).toBe(200);
    expect((await fetch(`${box.url}/health`, { method: 'PUT' })).status).toBe(405);
    await expect(PlainClient.open(`${box.url}/ws/guest`)).rejects.toThrow('403');
    await box.said(/^#1 GET \/health {2}begun$/m);
    await box.said(/^#1 GET \/health {2}ended after \d+ ms, 0 B up, \d+ B down$/m);
    await box.said(/^#2 PUT \/health {2}only-get-post$/m);
    await box.said(/^#3 GET \/ws\/guest {2}refuse-upgrade$/m);
    box.process.kill('SIGINT');
    expect(await box.ended).toEqual({ code: 0, signal: null });
    expect(box.stderr).toContain('requests 3, upgrades 1, only-get-post 1, refuse-upgrade 1');
  });

  it('says the same for programs, an object a line', async () => {
    const server = await serveBare();
    const box = await serving(
      iskra(['chaos', '--to', server.url, '--profile', 'refuse-upgrade', '--verbose', '--json']),
    );
    expect((await fetch(`${box.url}/health`)).status).toBe(200);
    await box.said(/"ended"/);
    box.process.kill('SIGTERM');
    expect(await box.ended).toEqual({ code: 0, signal: null });
    expect(box.stderr).toBe('');
    const told = box.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { what: string });
    expect(told.map(({ what }) => what)).toEqual(['ready', 'begun', 'ended', 'done']);
    expect(told[0]).toMatchObject({ url: box.url, faults: ['refuse-upgrade'] });
    expect(told.at(-1)).toMatchObject({ requests: 1, struck: {} });
    const list = JSON.parse((await result('chaos', '--list', '--json')).stdout) as {
      name: string;
      verdict: unknown;
    }[];
    expect(list).toContainEqual(expect.objectContaining({ name: 'idle', verdict: 'idle-cut' }));
  });

  it('lists what there is', async () => {
    const { code, stdout, stderr } = await result('chaos', '--list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^idle=20s +A connection over which .* \(idle-cut\)$/m);
  });

  it('ends with 2 for a profile that it cannot read, and with 1 for a port that is taken', async () => {
    const server = await serveBare();
    const chaos = ['chaos', '--to', server.url];
    const wrong = await result(...chaos, '--profile', 'bufer');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/^There is no fault "bufer"\. Is it buffer\[=64kB\]\? There are: .*\n$/);
    const taken = await result(...chaos, '--port', String(server.port));
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Port \d+ is taken: /) as string });
  });
});

describe('iskra connect', () => {
  const talk = async (input: string, ...more: string[]) => {
    const server = await serveBare();
    const program = iskra(['connect', server.url, ...more]);
    program.process.stdin!.end(input);
    const { code } = await program.ended;
    return { code, lines: program.stdout.trim().split('\n'), stderr: program.stderr };
  };

  it('subscribes, publishes and prints what comes, in a script', async () => {
    const { code, lines } = await talk(
      'hello\n/publish moved {"x":1}\n/members\n',
      '--channel',
      'room:a',
      '--json',
    );
    expect(code).toBe(0);
    const told = lines.map((line) => JSON.parse(line) as { what: string; [field: string]: unknown });
    expect(told.filter(({ what }) => what === 'entry').map(({ envelope }) => envelope)).toMatchObject([
      { delta: 'said', payload: { text: 'hello' } },
      { delta: 'moved', payload: { x: 1 } },
    ]);
    expect(told.filter(({ what }) => what === 'end').map(({ state }) => state)).toEqual([
      'acknowledged',
      'acknowledged',
    ]);
    expect(told.at(-1)).toMatchObject({ what: 'members', members: [] });
  });

  it('ends with 1 when something was refused, and says what', async () => {
    const { code, lines } = await talk('/request nothing\n');
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe('request: not_found: delta: This server handles no such request.');
  });

  it('listens with many clients, and tells when the last has an entry', async () => {
    const { code, lines } = await talk('hi\n', '--clients', '20', '--channel', 'a', '--for', '2s');
    expect(code).toBe(0);
    expect(lines).toContain('· 20 clients: 20 websocket');
    expect(lines.join('\n')).toMatch(/^· a 1 is with all 20 clients, \d+ ms after the first$/m);
  });

  it('says why nobody is there, and ends with 1', async () => {
    expect(await result('connect', 'http://127.0.0.1:9', '--timeout', '500ms')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/gave no connection within 0.5 s.*iskra doctor http/) as string,
    });
  });
});

describe('iskra load', () => {
  it('has clients of all transports speak with each other, and loses nothing', async () => {
    const server = await serveBare();
    const { code, stdout } = await result(
      ...['load', server.url, '--clients', '20', '--rate', '100', '--duration', '2s', '--json'],
    );
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ profile: 'mixed', ok: true, clients: 20, away: 0, lost: 0, doubled: 0, failed: {} },
      connected: { websocket: 5, sse: 5, 'long-poll': 5, polling: 5 },
      memory: { before: expect.any(Number) as number, verdict: 'unknown' },
      cpu: expect.any(Number) as number,
    });
    expect(code).toBe(0);
  });

  it('says that nobody came, and ends with 1', async () => {
    expect(await result('load', 'http://127.0.0.1:9', '--clients', '2', '--timeout', '300ms')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('0 of 2 came within 0.3 s') as string,
    });
  });
});

/** Of a process that ended nobody may have asked yet, which is no life. */
const lives = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe('what is stopped before its end', () => {
  it.each([['slo'], ['graceful-test']])('%s ends with 130, and takes its servers with it', async (name) => {
    const program = iskra([name]);
    // Its server is a child of it, which nobody else would end.
    const children = () =>
      readFileSync(`/proc/${program.process.pid}/task/${program.process.pid}/children`, 'utf8');
    await expect.poll(() => children().trim(), { timeout: 10_000 }).not.toBe('');
    const server = Number(children().trim().split(' ')[0]);
    program.process.kill('SIGINT');
    expect(await program.ended).toEqual({ code: 130, signal: null });
    expect(program.stderr).toBe(`iskra ${name} was stopped before its end\n`);
    await expect.poll(() => lives(server)).toBe(false);
  });

  it('load reports what it saw so far, and ends with 130', async () => {
    const { url } = await serveBare();
    const program = iskra(['load', url, '--clients', '4', '--rate', '50', '--duration', '1m', '--json']);
    await expect
      .poll(async () => (await (await fetch(`${url}/metrics`)).text()).match(/published_total (\d+)/)?.[1], {
        timeout: 20_000,
      })
      .not.toBe('0');
    program.process.kill('SIGINT');
    expect(await program.ended).toEqual({ code: 130, signal: null });
    expect(JSON.parse(program.stdout)).toMatchObject({ ...{ ok: true, stopped: true, lost: 0, clients: 4 } });
  });
});

describe('iskra graceful-test', () => {
  it('ends servers with clients on them, and finds all in order', async () => {
    const { code, stdout } = await result('graceful-test', '--clients', '3', '--timeout', '1s', '--json');
    const { ok, rehearsals } = JSON.parse(stdout) as { ok: boolean; rehearsals: { checks: unknown[] }[] };
    expect([code, ok, rehearsals.length]).toEqual([0, true, 3]);
    for (const { checks } of rehearsals) expect(checks.length).toBeGreaterThan(3);
  });
});

describe('iskra slo', () => {
  it('starts a server, and finds that it keeps every service level', async () => {
    const { code, stdout, stderr } = await result('slo', '--duration', '2s', '--json');
    const { levels } = JSON.parse(stdout) as { levels: { name: string; state: string; saw: string }[] };
    expect(levels).toHaveLength(9);
    // How fast it is says more of this machine.
    const told = levels
      .filter(({ name }) => !/connection|start|CPU/.test(name))
      .map(({ state, saw }) => `${state} ${saw}`);
    expect(told.join(', '), stderr).not.toMatch(/missed|unmeasured/);
    expect([0, 1]).toContain(code);
  });
});

describe('iskra health', () => {
  it('ends with 0 for a server that is well, in a line or in JSON', async () => {
    const { url } = await serveBare();
    const { code, stdout, stderr } = await result('health', url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^healthy: ${url}/health, 0 connections, \\d+ ms\n$`));

    const json = await result('health', '--json', url);
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: true,
      state: 'healthy',
      health: { status: 'healthy', active_connections: 0, shutdown_in_progress: false },
    });
  });

  it('ends with 1 while a server shuts down, and when it is gone', async () => {
    const server = await serveBare();
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    await guest.next();
    server.process.kill('SIGTERM');
    await server.said(/Shutting down/);
    expect(await result('health', server.url)).toEqual({
      code: 1,
      stdout: `shutting down: ${server.url}/health, 1 connection left\n`,
      stderr: '',
    });
    await guest.close();
    await server.ended;
    const { code, stdout } = await result('health', server.url);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^unreachable: .*\n$/) });
  });

  it('ends with 1 for an answer that is no JSON', async () => {
    const { url } = await serveBare();
    const { code, stdout } = await result('health', `${url}/nowhere`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^not understood: .* 404 /) });
  });
});

describe('iskra doctor', () => {
  it('ends with 0 where everything passes, and says so without colours to a program', async () => {
    const { url } = await serveBare();
    const { code, stdout, stderr } = await result('doctor', url, '--quick');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^websocket +pass/m);
    expect(stdout).toContain('The best transport that this path allows is websocket');
    expect(stdout).not.toContain('\u001b');
  });

  it('ends with 1 where something stands in the way, and says what cures it', async () => {
    const { url } = await serveBare();
    const box = await serving(iskra(['chaos', '--to', url, '--port', '0', '--profile', 'strip-upgrade']));
    const { code, stdout, stderr } = await result('doctor', box.url, '--quick');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^1\. The upgrade to WebSocket is refused \(ws-refused: websocket\)\.$/m);
    expect(stdout).toMatch(/^ {3}nginx {4}proxy_http_version 1\.1;$/m);
    expect(stdout).toMatch(/^The best transport that this path allows is sse; /m);
  });

  it('ends with 2 for wrong use', async () => {
    const { code, stdout, stderr } = await result('doctor', 'http://127.0.0.1:1', '--idle', '70');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^--idle is "70"; it must be a time such as .*\n$/);
  });

  it('ends with 3 where there is no server, with one JSON document', async () => {
    const { code, stdout, stderr } = await result('doctor', 'http://127.0.0.1:1', '--json');
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ format: 1, state: 'unreachable', exitCode: 3, best: null });
  });

  it('ends with 130 when it is interrupted', async () => {
    const { url } = await serveBare();
    const program = iskra(['doctor', url]);
    // It has begun once the server has somebody.
    await expect
      .poll(async () => (await result('health', '--json', url)).stdout, { timeout: 10_000 })
      .not.toContain('"active_connections":0');
    program.process.kill('SIGINT');
    expect(await program.ended).toMatchObject({ code: 130 });
    expect(program.stdout).toBe('');
  });
});
