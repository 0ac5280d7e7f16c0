/** An `iskra serve` of its own process, for commands that need a server to look at. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Failure } from './usage.js';

interface Line {
  delta?: string;
}

export interface Server {
  readonly process: ChildProcess;
  readonly url: string;
  /** From the start of the process until it said that it is ready, ms. */
  readonly ready: number;
  /** Its log. */
  readonly lines: readonly Line[];
  /** With its exit code. */
  readonly ended: Promise<number | null>;
  /** Resolves when a line of this delta is in the log, rejects with a {@link Failure} when there is none within so many ms. */
  said(delta: string, within: number): Promise<void>;
  has(delta: string): boolean;
  deltas(): string[];
}

/** On a free port of this machine, with these flags. Rejects with a {@link Failure} when it does not start. */
export async function startServer(...flags: readonly string[]): Promise<Server> {
  const command = fileURLToPath(new URL('../bin/iskra.js', import.meta.url));
  // What lies in this folder is for other servers.
  const own = ['serve', '--no-config', '--port', '0', '--host', '127.0.0.1', '--log-level', 'info'];
  const began = performance.now();
  const child = spawn(process.execPath, [command, ...own, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  // Nobody else would end it.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(([code]) => {
    process.off('exit', kill);
    return code as number | null;
  });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  let told = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      const [, found] = /ready at (http\S+)/.exec(told) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Failure(`iskra serve did not start: ${told.trim()}`)));
  });
  const ready = performance.now() - began;
  const has = (delta: string): boolean => lines.some((line) => line.delta === delta);
  return {
    ...{ process: child, url, ready, lines, ended, has },
    async said(delta, within) {
      const end = performance.now() + within;
      while (!has(delta)) {
        if (performance.now() > end)
          throw new Failure(`the log of iskra serve has no ${delta} within ${within / 1_000} s`);
        await pause(10);
      }
    },
    deltas: () => lines.flatMap(({ delta }) => delta ?? []),
  };
}
