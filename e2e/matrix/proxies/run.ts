/**
 * Runs a real proxy: a child of ours in the foreground, with a folder of its own for all that it writes, on a free port
 * of 127.0.0.1. It ends by its pid, also when this process is killed.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, listens } from '../../ports.js';
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
/** Somebody else may take a free port before it does. */
const TRIES = 3;

/**
 * Holds the proxy for as long as somebody holds its input: the end of that, by whatever cause, ends the proxy, at once if
 * it does not obey within a second, and takes its folder away.
 */
const LEASH = `
exec 3<&0
"$@" 3<&- </dev/null &
proxy=$!
exec >/dev/null 2>&1
{ read -r _ <&3; kill "$proxy"; sleep 1; kill -9 "$proxy"; } &
watch=$!
wait "$proxy"
kill "$watch"
rm -rf -- "$0"
`;

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

  const child = spawn('sh', ['-c', LEASH, folder, recipe.command, ...recipe.arguments(place)], {
    cwd: tmpdir(),
    // Debian keeps some of them where only root looks.
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/local/sbin:/usr/sbin` },
  });
  let said = '';
  const listen = (text: string): void => void (said = (said + text).slice(-2_000));
  child.stdout.setEncoding('utf8').on('data', listen);
  child.stderr.setEncoding('utf8').on('data', listen);
  let ended = false;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      ended = true;
      resolve();
    });
  });
  const close = (): Promise<void> => {
    child.stdin.end();
    return gone;
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
