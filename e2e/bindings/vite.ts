/** Vite as the examples use it: a build, and a server of what was built that hands the rest to the room. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from '../ports.js';
import { root, serving, start } from '../programs.js';
import type { Serving } from '../programs.js';

export type Example = 'react' | 'vue' | 'svelte';

// Of the examples: that is the one that they are made with.
const manifest = createRequire(pathToFileURL(path.join(root, 'examples/package.json'))).resolve(
  'vite/package.json',
);
const VITE = path.join(path.dirname(manifest), 'bin/vite.js');

const vite = (verb: string, example: Example, more: string[], env: Record<string, string>) =>
  start(
    process.execPath,
    [VITE, verb, `examples/${example}`, '-c', `examples/${example}/vite.config.mjs`, ...more],
    env,
  );

/** Builds as for development: with the checks of the framework, and twice of what StrictMode does twice. */
export async function buildExample(example: Example): Promise<void> {
  const program = vite('build', example, ['--mode', 'development'], { NODE_ENV: 'development' });
  const { code } = await program.ended;
  if (code !== 0)
    throw new Error(`vite build ${example} ended with ${code}:\n${program.stdout}${program.stderr}`);
}

/** Serves what was built; sessions go to the room at that address. */
export async function serveExample(example: Example, room: string): Promise<Serving> {
  const port = String(await freePort());
  return serving(
    vite('preview', example, ['--host', '127.0.0.1', '--port', port, '--strictPort'], { ISKRA_URL: room }),
  );
}
