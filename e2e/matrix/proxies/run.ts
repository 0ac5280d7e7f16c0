/**
 * Runs a real proxy: a child of ours in the foreground, with a folder of its own for all that it writes, on a free port
 * of 127.0.0.1. It ends by its pid, at the latest with this process.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pause } from '../speak.js';

/** Where a proxy stands. */
export interface Place {
  readonly folder: string;
  readonly port: number;
  /** Ports of the server behind it: two ways to the same. */
  readonly targets: readonly [number, number];
}

/** How a proxy is run. */
export interface Recipe {
  readonly command: string;
  readonly arguments: (place: Place) => readonly string[];
  /** What its folder has in it, by name. */
  readonly files: (place: Place) => Readonly<Record<string, string>>;
  /** It is asked as a proxy, and does not stand in the place of the server. */
  readonly forward?: boolean;
}

export interface Running {
  readonly port: number;
  close(): Promise<void>;
}

/** For a proxy to listen, ms: the slowest compiles its configuration first, on a machine that may be busy. */
const PATIENCE = 30_000;
/** For it to end when it is asked, ms. */
const GRACE = 1_000;
/** Somebody else may take a free port before it does. */
const TRIES = 3;

/** With the folder of each. */
const running = new Map<ChildProcess, string>();
process.on('exit', () => {
  for (const [child, folder] of running) {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
});

export async function runProxy(recipe: Recipe, targets: Place['targets']): Promise<Running> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(recipe, targets);
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

async function start(recipe: Recipe, targets: Place['targets']): Promise<Running> {
  const folder = mkdtempSync(path.join(tmpdir(), 'iskra-matrix-'));
  // Most of them put down their rights, and write there still.
  chmodSync(folder, 0o777);
  const place: Place = { folder, port: await freePort(), targets };
  for (const [name, text] of Object.entries(recipe.files(place)))
    writeFileSync(path.join(folder, name), text);

  const child = spawn(recipe.command, recipe.arguments(place), {
    cwd: folder,
    // Debian keeps some of them where only root looks.
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/local/sbin:/usr/sbin` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.set(child, folder);
  let said = '';
  const listen = (text: string): void => void (said = (said + text).slice(-2_000));
  child.stdout.setEncoding('utf8').on('data', listen);
  child.stderr.setEncoding('utf8').on('data', listen);
  let ended = false;
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      ended = true;
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
      resolve();
    };
    child.once('close', end);
    child.once('error', (error) => {
      listen(String(error));
      end();
    });
  });

  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE);
    await gone;
    clearTimeout(timer);
  };
  const until = performance.now() + PATIENCE;
  while (!(await listens(place.port))) {
    if (ended || performance.now() > until) {
      await close();
      throw new Error(
        `${recipe.command} ${ended ? 'ended' : 'does not listen'}. Is its Debian package there, and its configuration right?\n${said}`,
      );
    }
    await pause(25);
  }
  return { port: place.port, close };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (there: boolean): void => {
      socket.destroy();
      resolve(there);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}
