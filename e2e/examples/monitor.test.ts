// `iskra monitor` against real servers: on a terminal, where nobody sees a screen, and when nodes come and go.

import { afterEach, describe, expect, it } from 'vitest';
import { PlainClient } from './plain-client.js';
import { freePort } from '../ports.js';
import { endAll, iskra, iskraCommand, PYTHON, serveBare, serving, start } from '../programs.js';
import type { Program } from '../programs.js';

afterEach(endAll);

interface Seen {
  ready: number;
  nodes: { url: string; state: string; why: string | null }[];
  all: {
    connections: number;
    received: number | null;
    byTransport: Record<string, number>;
    refusals: object;
  } | null;
}

const objectsOf = ({ stdout }: Program): Seen[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Seen);

/** On a terminal of its own, whose keys are what is written to it. */
const onTerminal = (args: readonly string[], env: Record<string, string> = {}): Program =>
  start(
    PYTHON,
    ['-c', 'import pty,sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)', process.execPath, iskraCommand, ...args],
    { TERM: 'xterm-256color', ...env },
  );

describe('iskra monitor', () => {
  it('prints an object for each look, with rates from the second one on', async () => {
    const server = await serveBare();
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    await guest.next();
    const program = iskra(['monitor', server.url, '--json', '--count', '3', '--every', '300ms']);
    await program.said(/\n/);
    await guest.ask('counted');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    const seen = objectsOf(program);
    expect(seen.map(({ ready, all }) => [ready, all?.connections, all?.byTransport['plain']])).toEqual([
      [1, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(seen[0]?.all?.received).toBeNull();
    expect(seen.slice(1).some(({ all }) => all!.received! > 0)).toBe(true);
  });

  it('goes on while a node is away, and ends with 1 when one was not ready at the last look', async () => {
    const [first, port] = [await serveBare(), await freePort()];
    const second = `http://127.0.0.1:${port}`;
    const program = iskra(['monitor', first.url, second, '--json', '--every', '200ms']);
    await program.said(/"state":"down"/);
    const late = await serving(iskra(['serve', '--host', '127.0.0.1', '--port', `${port}`]));
    await program.said(/"ready":2/);
    late.process.kill('SIGKILL');
    await program.said(/"ready":2[^]*"ready":1/);
    program.process.kill('SIGINT');
    expect(await program.ended).toEqual({ code: 1, signal: null });
    const last = objectsOf(program).at(-1)!;
    expect(last.nodes.map(({ state }) => state)).toEqual(['ready', 'down']);
    expect(last.nodes[1]?.why).toMatch(/^(refused the connection|gave no answer|did not answer)/);
  });

  it('says that a node drains, and how many are left', async () => {
    const server = await serveBare();
    const guest = await PlainClient.open(`${server.url}/ws/guest`);
    server.process.kill('SIGTERM');
    await server.said(/shutting down/);
    const program = iskra(['monitor', server.url, '--count', '1']);
    expect(await program.ended).toMatchObject({ code: 1 });
    expect(program.stdout).toMatch(/ 0 of 1 ready · 1 connections .* draining \(1 left\)\n$/);
    await guest.close();
  });

  it('prints a line a look into a pipe, without colours', async () => {
    const { url } = await serveBare();
    const program = iskra(['monitor', url, '--count', '2', '--every', '100ms'], { NO_COLOR: '' });
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(program.stdout).toMatch(/^(\d\d:\d\d:\d\d 1 of 1 ready · 0 connections · in \S+\/s · .*\n){2}$/);
    expect(program.stdout).not.toContain('\u001b');
  });

  it.each([
    ['q', 'q'],
    ['Ctrl-C', '\u0003'],
  ])('draws on a terminal until %s, and leaves it as it was', async (_name, key) => {
    const { url } = await serveBare();
    const program = onTerminal(['monitor', url, '--every', '100ms'], { NO_COLOR: '' });
    await program.said(/iskra monitor[^]*iskra monitor/);
    program.process.stdin!.write(key);
    expect(await program.ended).toMatchObject({ code: 0 });
    const text = program.stdout;
    expect(text.indexOf('\u001b[?1049h\u001b[?25l')).toBeLessThan(text.indexOf('iskra monitor'));
    expect(text.lastIndexOf('\u001b[?25h\u001b[?1049l')).toBeGreaterThan(text.lastIndexOf('iskra monitor'));
    expect(text).toContain('\u001b[32mready');
    expect(text).toContain(url.replace('http://', ''));
    // Never an empty screen in between: nothing is cleared before it is written anew.
    expect(text).not.toContain('\u001b[2J');
  });

  it('has no colours where NO_COLOR is set', async () => {
    const { url } = await serveBare();
    const program = onTerminal(['monitor', url, '--count', '1'], { NO_COLOR: '1' });
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(program.stdout).toContain('iskra monitor');
    expect(program.stdout).not.toMatch(/\u001b\[[\d;]*m/);
  });
});
