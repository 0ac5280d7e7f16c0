/** Real processes: starting them, reading what they say, and ending every one of them. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
/** Debian's own, where python3-websockets is; another python3 may come first on PATH. */
export const PYTHON = '/usr/bin/python3';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Program {
  readonly process: ChildProcess;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when its output, of both kinds, has this in it; rejects when it ends without. */
  said(what: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Exit>;
}

export interface Serving extends Program {
  readonly url: string;
  readonly port: number;
}

/** Longer than anything here takes on a busy machine. */
const PATIENCE = 40_000;
/** What would change how programs of ours behave. */
const OURS = [
  'PORT',
  'HOST',
  'LOG_LEVEL',
  'ISKRA_URL',
  'SHUTDOWN_TIMEOUT',
  'SHUTDOWN_NOTICE',
  'REDIS_URL',
  'SECRET',
  'ORIGINS',
  'TRUSTED_PROXIES',
  'ISKRA_CONFIG',
  'NODE_NAME',
  'METRICS',
  'SECRET_FILE',
  'REDIS_URL_FILE',
  'TLS_CERT',
  'TLS_KEY',
];
const running = new Set<ChildProcess>();

/** For `afterEach`: nothing that a test started outlives it. */
export async function endAll(): Promise<void> {
  const left = [...running];
  await Promise.all(
    left.map((child) => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      return gone;
    }),
  );
}

export function start(command: string, args: readonly string[], env: Record<string, string> = {}): Program {
  const inherited = { ...process.env };
  for (const name of OURS) delete inherited[name];
  const child = spawn(command, args, {
    cwd: root,
    env: { ...inherited, PYTHONUNBUFFERED: '1', NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    tell();
  });
  let exit: Exit | undefined;
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => running.delete(child));
    // Not `exit`: what it wrote last may still be on its way.
    child.once('close', (code, signal) => {
      resolve((exit = { code, signal }));
      tell();
    });
  });
  const name = [path.basename(command), ...args].join(' ');

  return {
    process: child,
    ended,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    said(what) {
      return new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          waiting.delete(look);
          clearTimeout(timer);
          act();
        };
        const give = (why: string) => () =>
          reject(new Error(`${name} ${why} ${what}; it said:\n${stdout}\n${stderr}`));
        const look = (): void => {
          const found = what.exec(stdout) ?? what.exec(stderr);
          if (found !== null) settle(() => resolve(found));
          else if (exit !== undefined) settle(give(`ended with ${JSON.stringify(exit)} without`));
        };
        const timer = setTimeout(() => settle(give('went on without')), PATIENCE);
        waiting.add(look);
        look();
      });
    },
  };
}

const cli = createRequire(import.meta.url).resolve('@iskra/cli/package.json');
const { bin } = JSON.parse(readFileSync(cli, 'utf8')) as { bin: { iskra: string } };
const command = path.join(path.dirname(cli), bin.iskra);

/** The `iskra` command as its package publishes it. */
export const iskra = (args: readonly string[], env?: Record<string, string>): Program =>
  start(process.execPath, [command, ...args], env);

export { command as iskraCommand };

/** A program of these tests, as it was compiled: `rolling/serve-redis`. */
export const compiled = (program: string): string =>
  // The same from the source of a test and from what was compiled.
  fileURLToPath(import.meta.url.replace(/^(.*\/e2e)\/.*$/, `$1/dist/${program}.js`));

export async function serving(program: Program): Promise<Serving> {
  const [url, port] = await program.said(/http:\/\/127\.0\.0\.1:(\d+)/);
  // Object.create: the outputs are getters, and must stay live.
  return Object.assign(Object.create(program) as Program, { url, port: Number(port) });
}

/** A bare server. */
export const serveBare = (...args: string[]): Promise<Serving> =>
  serving(iskra(['serve', '--host', '127.0.0.1', '--port', '0', ...args]));

/** The demo that `npm start` starts. */
export const serveRoom = (): Promise<Serving> =>
  serving(start(process.execPath, ['examples/dist/room/server.js'], { PORT: '0', HOST: '127.0.0.1' }));
