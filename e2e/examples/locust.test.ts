// The Locust file against a real server. Locust itself is not here: a stand-in has the few names that the file uses, so what
// is proven is what the users say and hear, and what they tell Locust of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAll, PYTHON, serveBare, start } from '../programs.js';
import type { Serving } from '../programs.js';

interface Told {
  /** By kind and name of a request. */
  told: Record<string, { count: number; failures: string[] }>;
  /** What a user ended with that it should have told. */
  broken: string[];
}

let server: Serving;

beforeAll(async () => {
  server = await serveBare('--shutdown-timeout', '0');
});
afterAll(endAll);

const locust = (seconds: number, ...names: string[]) =>
  start(
    PYTHON,
    [
      ...['-m', 'locust', '-f', 'examples/locust/locustfile.py', '--host', server.url, '--headless'],
      ...['-u', '12', '-r', '40', '-t', `${seconds}s`, ...names],
    ],
    { PYTHONPATH: 'e2e/examples/locust-stub', PYTHONDONTWRITEBYTECODE: '1' },
  );

async function play(seconds: number, ...names: string[]): Promise<Told> {
  const program = locust(seconds, ...names);
  const { code } = await program.ended;
  expect(program.stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(program.stdout) as Told;
}

const countOf = ({ told }: Told, row: string): number => told[row]?.count ?? 0;
const failuresOf = ({ told }: Told): string[] => Object.values(told).flatMap(({ failures }) => failures);

describe('the Locust file', () => {
  it('compiles', async () => {
    const script = 'import ast,sys; ast.parse(open("examples/locust/locustfile.py").read())';
    expect(await start(PYTHON, ['-c', script]).ended).toMatchObject({ code: 0 });
  });

  it('has users of both kinds speak and hear each other, without a failure', async () => {
    const seen = await play(4);
    expect([seen.broken, failuresOf(seen)]).toEqual([[], []]);
    expect([countOf(seen, 'POST open'), countOf(seen, 'WS connect')]).toEqual([9, 3]);
    expect(countOf(seen, 'POST bye')).toBe(9);
    expect(countOf(seen, 'POST poll')).toBeGreaterThan(9);
    expect(countOf(seen, 'WS echo')).toBeGreaterThan(3);
    // Each hears itself at least, but for what it said with its last poll.
    expect(countOf(seen, 'ISKRA deliver')).toBeGreaterThan(countOf(seen, 'POST poll') - 10);
  });

  it('plays the users that are named', async () => {
    const seen = await play(2, 'PlainUser');
    expect(Object.keys(seen.told).sort()).toEqual(['WS close', 'WS connect', 'WS echo']);
  });

  it('tells a server that is gone as failures, and goes on', async () => {
    const program = locust(6);
    await expect
      .poll(
        async () => (await (await fetch(`${server.url}/metrics`)).text()).match(/published_total (\d+)/)?.[1],
      )
      .not.toBe('0');
    server.process.kill('SIGTERM');
    await program.ended;
    const seen = JSON.parse(program.stdout) as Told;
    expect(seen.broken).toEqual([]);
    expect(failuresOf(seen).join('\n')).toMatch(/ConnectionRefusedError|RemoteDisconnected/);
  });
});
