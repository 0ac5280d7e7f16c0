// What is in deploy/, as the programs see it that read it.

import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileOf, nginxFile } from './front.js';

const folder = mkdtempSync(path.join(tmpdir(), 'iskra-deploy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  code: number;
  said: string;
}

const run = (command: string, ...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(command, args, { timeout: 50_000 }, (error, out, complaints) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, said: out + complaints }),
    );
  });
const isThere = async (...command: [string, ...string[]]): Promise<boolean> =>
  (await run(...command)).code === 0;

/** The plugin of the docker command, or the program that it was before. No engine is asked. */
const compose: [string, ...string[]] | undefined = (await isThere('docker', 'compose', 'version'))
  ? ['docker', 'compose']
  : (await isThere('docker-compose', 'version'))
    ? ['docker-compose']
    : undefined;

const NO_COMPOSE = 'needs docker with compose, or docker-compose';

describe('compose.yaml', () => {
  const place = path.join(folder, 'compose', 'deploy');

  /** What compose makes of it, with these settings beside those of .env.example. */
  async function config(settings: string): Promise<Ran> {
    mkdirSync(place, { recursive: true });
    copyFileSync(fileOf('compose.yaml'), path.join(place, 'compose.yaml'));
    writeFileSync(path.join(place, '.env'), `${readFileSync(fileOf('.env.example'), 'utf8')}\n${settings}`);
    const [command, ...args] = compose!;
    return run(
      command,
      ...args,
      '--project-directory',
      place,
      '-f',
      path.join(place, 'compose.yaml'),
      'config',
    );
  }
  const filled = 'SECRET=a secret\nGRAFANA_PASSWORD=a password\n';

  it('is understood', async ({ skip }) => {
    skip(compose === undefined, NO_COMPOSE);
    const { code, said } = await config(filled);
    expect(code, said).toBe(0);
    for (const node of ['iskra-1', 'iskra-2', 'iskra-3']) expect(said).toContain(`  ${node}:`);
    expect(said.match(/SECRET: a secret/g)).toHaveLength(3);
    // Grafana's is told to Grafana alone.
    expect(said.match(/a password/g)).toHaveLength(1);
  });

  it.for(['SECRET', 'GRAFANA_PASSWORD'])('does not start without %s, and says so', async (name, { skip }) => {
    skip(compose === undefined, NO_COMPOSE);
    const { code, said } = await config(filled.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=`));
    expect(code).not.toBe(0);
    expect(said).toContain('write it into .env');
  });

  it('gives nodes longer than they give their clients, and mounts what is there', () => {
    const text = readFileSync(fileOf('compose.yaml'), 'utf8');
    const [, minutes] = /stop_grace_period: (\d+)m/.exec(text)!;
    const [, seconds] = /^SHUTDOWN_TIMEOUT=(\d+)$/m.exec(readFileSync(fileOf('.env.example'), 'utf8'))!;
    expect(Number(minutes) * 60).toBeGreaterThan(Number(seconds));
    const mounted = [...text.matchAll(/\.\/([\w./-]+):\/\S+:ro/g)].map(([, file]) => file!);
    expect(mounted).toHaveLength(5);
    for (const file of mounted) expect(existsSync(fileOf(file)), file).toBe(true);
  });
});

describe('the proxies', () => {
  it('HAProxy reads its file without a warning', async () => {
    const { code, said } = await run('haproxy', '-c', '-f', fileOf('haproxy.cfg'));
    expect(said).toMatch(/^Configuration file is valid\s*$/);
    expect(code).toBe(0);
  });

  it('HAProxy starts where the names of nodes are not known yet', async () => {
    const { code, said } = await run(
      'env',
      'ISKRA_1=iskra-1.invalid:8000',
      'haproxy',
      '-c',
      '-f',
      fileOf('haproxy.cfg'),
    );
    expect(said).toContain('Configuration file is valid');
    expect(code).toBe(0);
  });

  it('nginx reads its file', async () => {
    const file = path.join(folder, 'nginx.conf');
    writeFileSync(file, nginxFile({ port: 8080, nodes: [8001, 8002, 8003], folder }));
    const { code, said } = await run('nginx', '-t', '-e', 'stderr', '-g', `pid ${folder}/pid;`, '-c', file);
    expect(said).toContain('syntax is ok');
    expect(said).not.toContain('[warn]');
    expect(code, said).toBe(0);
  });
});

describe('iskra@.service', () => {
  const unit = path.join(folder, 'iskra@8001.service');

  /** With programs that are there: what is missing is no fault of the file. */
  function write(): void {
    const text = readFileSync(fileOf('iskra@.service'), 'utf8');
    writeFileSync(unit, text.replace('/usr/bin/node ', `${process.execPath} `));
    copyFileSync(fileOf('iskra.target'), path.join(folder, 'iskra.target'));
  }

  it('is understood, and locked up', async ({ skip }) => {
    skip(!(await isThere('systemd-analyze', '--version')), 'needs systemd');
    write();
    const target = path.join(folder, 'iskra.target');
    const { code, said } = await run('systemd-analyze', 'verify', '--man=no', unit, target);
    // It also tells of the machine's own units.
    expect(said.split('\n').filter((line) => line.includes('iskra'))).toEqual([]);
    expect(code, said).toBe(0);
    // Tenths: 0 is locked up, 100 is wide open. Without all this it has 92.
    const security = await run('systemd-analyze', 'security', '--offline=true', '--threshold=20', unit);
    expect(security.code, security.said).toBe(0);
  });

  it('waits longer for the end than clients are given', () => {
    const [, wait] = /^TimeoutStopSec=(\d+)$/m.exec(readFileSync(fileOf('iskra@.service'), 'utf8'))!;
    const [, given] = /^SHUTDOWN_TIMEOUT=(\d+)$/m.exec(readFileSync(fileOf('.env.example'), 'utf8'))!;
    expect(Number(wait)).toBeGreaterThan(Number(given));
  });
});
