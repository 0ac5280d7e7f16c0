// Follows everything that a browser would load for the client, and fails on what must never get there. The walls
// look at each import; this looks at where all of them together lead.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const protocol = path.join(root, 'packages/protocol/src');
const entries = ['index.ts', 'script.ts', 'doctor.ts', 'offline.ts', 'react.ts', 'vue.ts', 'svelte.ts']
  .map((name) => path.join(root, 'packages/client/src', name))
  .filter((entry) => existsSync(entry));

/** Every file and every unresolved name that the entry leads to. */
async function reach(entry: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
    external: ['node:*', 'ws', 'hono', '@hono/*', 'react', 'vue', 'svelte'],
    alias: {
      '@iskra/protocol/wire': path.join(protocol, 'wire.ts'),
      '@iskra/protocol': path.join(protocol, 'index.ts'),
    },
  });
  return Object.entries(metafile.inputs).flatMap(([file, { imports }]) => [
    file,
    ...imports.map((each) => each.path),
  ]);
}

describe('what a browser loads', () => {
  it.each(entries)('%s leads to no node:, ws, zod, hono or server', async (entry) => {
    const forbidden =
      /^node:|^(ws|hono|@hono\/.*)$|node_modules\/(ws|zod|hono|@hono)\/|packages\/(server|cli)\//;
    expect((await reach(entry)).filter((name) => forbidden.test(name))).toEqual([]);
  });
});
