/** tinyproxy as the proxy that somebody's environment names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { start } from '../programs.js';
import { freePort } from '../ports.js';
import { listening } from './proxies.js';

export interface ForwardProxy {
  /** Without credentials. */
  readonly url: string;
  /** What it was asked for, as in `CONNECT 127.0.0.1:443 HTTP/1.1`. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** @param lines of its configuration, beside what it needs to run. */
export async function startForwardProxy(...lines: string[]): Promise<ForwardProxy> {
  const folder = mkdtempSync(path.join(tmpdir(), 'iskra-forward-'));
  const port = await freePort();
  const file = path.join(folder, 'tinyproxy.conf');
  const own = [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 600', 'MaxClients 100', 'LogLevel Connect'];
  writeFileSync(file, `${[...own, `PidFile "${folder}/pid"`, ...lines].join('\n')}\n`);
  const program = start('tinyproxy', ['-d', '-c', file]);
  await listening(port, program);
  return {
    url: `http://127.0.0.1:${port}`,
    get asked() {
      return [...program.stdout.matchAll(/Request \(file descriptor \d+\): (.*)$/gm)].map(
        ([, line = '']) => line,
      );
    },
    async stop() {
      program.process.kill('SIGKILL');
      await program.ended;
      rmSync(folder, { recursive: true });
    },
  };
}
