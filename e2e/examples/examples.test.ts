// Every example does what it says, as a newcomer runs it, against both servers that a newcomer has.

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { endAll, PYTHON, root, serveBare, serveRoom, start } from '../programs.js';
import type { Program, Serving } from '../programs.js';

const python = (name: string, ...args: string[]): Program =>
  start(PYTHON, [`examples/python/${name}.py`, ...args]);
const node = (name: string, ...args: string[]): Program =>
  start(process.execPath, [`examples/node/${name}.mjs`, ...args]);
const bash = (name: string, ...args: string[]): Program =>
  start('bash', [`examples/curl/${name}.sh`, ...args]);

/** Its last line and exit code, which every example promises. */
async function finish(program: Program): Promise<{ code: number | null; last: string; lines: string[] }> {
  const { code } = await program.ended;
  const lines = program.stdout.trimEnd().split('\n');
  if (code !== 0) lines.push(...program.stderr.trimEnd().split('\n'));
  return { code, last: lines.at(-1) ?? '', lines };
}

describe.each([
  { kind: 'a bare iskra serve', serve: () => serveBare(), knowsTime: false },
  { kind: 'the room of npm start', serve: serveRoom, knowsTime: true },
])('against $kind', ({ serve, knowsTime }) => {
  let server: Serving;
  let browser: Browser;

  beforeAll(async () => {
    server = await serve();
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: (
        '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
        '--disable-component-update --disable-sync'
      ).split(' '),
    });
  });
  afterAll(async () => {
    await browser?.close();
    await endAll();
  });

  it('python/simple.py is greeted and answered', async () => {
    const { code, last, lines } = await finish(python('simple', server.url));
    expect(lines).toContainEqual(expect.stringMatching(/^< .*python-simple/));
    expect(lines).toContain('> Привіт, сервере!');
    expect(lines).toContainEqual(expect.stringMatching(/^< .*Привіт, сервере!$/));
    expect({ code, last }).toEqual({ code: 0, last: 'done: said one thing, and it came back whole' });
  });

  it('python/robust.py has all of its messages answered', async () => {
    const run = python('robust', server.url, '--messages', '3', '--interval', '0');
    const { code, last, lines } = await finish(run);
    expect(lines.filter((line) => line.includes('Привіт, сервере!'))).toHaveLength(3);
    expect({ code, last }).toEqual({ code: 0, last: 'done: 3 messages, all answered' });
  });

  it('python/session.py survives the cut of its own connection', async () => {
    const { code, last, lines } = await finish(python('session', server.url));
    expect(lines).toContain('= connection 1 of the session');
    expect(lines).toContain('! the connection is cut, with a message under way');
    expect(lines).toContain('= connection 2 of the session');
    const done = 'done: 3 messages over 2 connections, each heard once and in order';
    expect({ code, last }).toEqual({ code: 0, last: done });
  });

  it('node/plain.mjs is greeted and answered', async () => {
    const { code, last, lines } = await finish(node('plain', server.url));
    expect(lines).toContainEqual(expect.stringMatching(/^< .*node-plain/));
    expect(lines).toContainEqual(expect.stringMatching(/^< .*Привіт, сервере!$/));
    expect({ code, last }).toEqual({ code: 0, last: 'done: said one thing, and it came back whole' });
  });

  it('node/client.mjs subscribes with history, publishes, asks and tells its status', async () => {
    // So that there is a history.
    await python('session', server.url).ended;
    const { code, last, lines } = await finish(node('client', server.url));
    expect(lines).toContain('= connected over websocket');
    expect(lines).toContain('= subscribed to room:lobby');
    expect(lines).toContainEqual(expect.stringMatching(/^< +\d+ {2}python: Привіт 3/));
    expect(lines).toContainEqual(expect.stringMatching(/^< +\d+ {2}node-\d+: Привіт з Node!$/));
    expect(lines).toContainEqual(
      expect.stringMatching(
        knowsTime ? /^= the server's time is \d{4}-/ : /^= this server answers no request called "time"/,
      ),
    );
    expect(lines).toContain('= closed');
    expect({ code, last }).toEqual({ code: 0, last: 'done: subscribed, spoke, heard it and asked' });
  });

  it('curl/sse.sh hears on the stream what it said by POST', async () => {
    const { code, last, lines } = await finish(bash('sse', server.url, '2'));
    expect(lines[0]).toMatch(/^< data: \[\["welcome",/);
    expect({ code, last }).toEqual({ code: 0, last: 'done: 2 said by POST, 2 heard on the stream' });
  });

  it('curl/poll.sh hears by polling what it said by POST, once and in order', async () => {
    const { code, last, lines } = await finish(bash('poll', server.url, '3'));
    const heard = lines.filter((line) => line.startsWith('< ')).slice(-3);
    expect(heard.map((line) => /, (\d) of 3/.exec(line)?.[1])).toEqual(['1', '2', '3']);
    expect({ code, last }).toEqual({ code: 0, last: 'done: 3 said by POST, 3 heard by polling' });
  });

  it.each(['/health', ...(knowsTime ? ['/'] : [])])(
    'browser/console.js runs in the console of %s',
    async (page) => {
      const tab = await browser.newPage();
      const lines: string[] = [];
      tab.on('console', (message) => lines.push(message.text()));
      await tab.goto(server.url + page, { waitUntil: 'domcontentloaded' });
      const end = tab.waitForEvent('console', (message) => /^(done|failed):/.test(message.text()));
      await tab.evaluate(readFileSync(path.join(root, 'examples/browser/console.js'), 'utf8'));
      expect((await end).text()).toBe('done: one text over WebSocket, one envelope over a stream of events');
      expect(lines).toContainEqual(expect.stringMatching(/^< .*console/));
      expect(lines).toContainEqual(expect.stringMatching(/^< .*Привіт, сервере!$/));
      expect(lines).toContainEqual(expect.stringMatching(/^= welcome; the session is \S+$/));
      expect(lines).toContainEqual(expect.stringMatching(/^< room:lobby \d+ said Привіт з консолі/));
      await tab.close();
    },
  );
});

describe('without a server', () => {
  afterEach(endAll);

  /** An address at which nothing listens: it was free a moment ago. */
  async function nowhere(): Promise<string> {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return `http://127.0.0.1:${port}`;
  }

  it.each([
    ['python/simple.py', (url: string) => python('simple', url)],
    ['python/session.py', (url: string) => python('session', url)],
    ['python/robust.py', (url: string) => python('robust', url, '--attempts', '2', '--backoff', '0.01')],
    ['node/plain.mjs', (url: string) => node('plain', url)],
    ['curl/sse.sh', (url: string) => bash('sse', url)],
    ['curl/poll.sh', (url: string) => bash('poll', url)],
  ])('%s says what failed, where, and ends with exit code 1', async (_name, run) => {
    const url = await nowhere();
    const program = run(url);
    const { code, last } = await finish(program);
    expect({ code, last }).toEqual({ code: 1, last: expect.stringMatching(/^failed: /) });
    expect(last).toContain(url);
    expect(program.stderr).not.toContain('Traceback');
  });
});

describe('python/robust.py', () => {
  afterEach(endAll);

  it.each(['SIGKILL', 'SIGTERM'] as const)('goes on where it was after a restart by %s', async (signal) => {
    const first = await serveBare('--shutdown-timeout', '0');
    const many = ['--messages', '20', '--interval', '0.1', '--backoff', '0.2', '--backoff-max', '1'];
    const run = python('robust', first.url, ...many, '--attempts', '50');
    await run.said(/\(2 of 20\)/);
    first.process.kill(signal);
    await first.ended;
    await run.said(/trying again in/);
    const second = await serveBare('--port', String(first.port));
    const { code, last, lines } = await finish(run);
    expect({ code, last }).toEqual({ code: 0, last: 'done: 20 messages, all answered' });
    expect(lines.filter((line) => line.includes('python-robust'))).toHaveLength(2);
    // Each answer once, in order; one may come twice, for its first answer can be lost with the server.
    const numbers = lines.flatMap((line) => /\((\d+) of 20\)/.exec(line)?.[1] ?? []).map(Number);
    expect([...new Set(numbers)]).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(numbers.length).toBeLessThanOrEqual(21);
    expect(second.url).toBe(first.url);
  });

  it('does not take an accepted connection for success', async () => {
    const fickle = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => fickle.once('listening', resolve));
    let accepted = 0;
    fickle.on('connection', (socket) => {
      accepted++;
      socket.send('welcome');
      socket.close(1011);
    });
    const { port } = fickle.address() as AddressInfo;
    const run = python('robust', `http://127.0.0.1:${port}`, '--attempts', '4', '--backoff', '0.01');
    const { code, last } = await finish(run);
    fickle.close();
    expect({ code, last }).toEqual({ code: 1, last: expect.stringContaining('gave up after 4 failures') });
    expect(accepted).toBe(4);
  });

  it('does not wait for ever for a server that says nothing', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    const run = python(
      'robust',
      `http://127.0.0.1:${port}`,
      '--attempts',
      '2',
      '--timeout',
      '0.3',
      '--backoff',
      '0.01',
    );
    const { code, last } = await finish(run);
    silent.close();
    expect({ code, last }).toEqual({ code: 1, last: expect.stringContaining('gave up after 2 failures') });
  });

  it('closes its connection on Ctrl-C', async () => {
    const server = await serveBare();
    const run = python('robust', server.url, '--messages', '1000', '--interval', '30');
    await run.said(/\(1 of 1000\)/);
    run.process.kill('SIGINT');
    const { code, lines } = await finish(run);
    expect(code).toBe(130);
    expect(lines).toContain('stopped: the connection is closed');
    expect(run.stderr).toBe('');
    await expect
      .poll(async () => (await fetch(`${server.url}/health`)).json())
      .toMatchObject({ active_connections: 0 });
  });
});

describe('every example', () => {
  const files = [
    'python/simple.py',
    'python/robust.py',
    'python/session.py',
    'node/plain.mjs',
    'node/client.mjs',
    'curl/sse.sh',
    'curl/poll.sh',
  ];
  const text = (file: string): string => readFileSync(path.join(root, 'examples', file), 'utf8');

  it.each(files)('%s begins with its command, and the README has it', (file) => {
    const [command] =
      new RegExp(`(python3|node|bash) examples/${file} http://localhost:8000`).exec(text(file)) ?? [];
    expect(command).toBeDefined();
    expect(text('README.md')).toContain(command);
    expect(text(file).indexOf(String(command))).toBeLessThan(2_000);
  });

  it('python/session.py shows that the protocol is small', () => {
    expect(text('python/session.py').trimEnd().split('\n').length).toBeLessThan(120);
  });
});
