/** Runtimes beside Node that programs of the tests run on: the binaries that their packages bring, where there are some for this machine. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Runtime } from './child.js';
import type { ServeProgram } from './rig.js';

export interface OtherRuntime extends Runtime {
  readonly program: ServeProgram;
}

/** Undefined where there is none for this machine. */
export const bun = runtime('@oven/bun-linux-x64', 'bin/bun', {
  program: 'serve-bun',
  execArgv: [],
});
/** Undefined where there is none for this machine. */
export const deno = runtime('@deno/linux-x64-glibc', 'deno', {
  program: 'serve-deno',
  execArgv: ['run', '--allow-all', '--no-lock'],
});

function runtime(
  name: string,
  binary: string,
  how: Omit<OtherRuntime, 'execPath'>,
): OtherRuntime | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return { ...how, execPath: path.join(path.dirname(manifest), binary) };
  } catch {
    return undefined;
  }
}
