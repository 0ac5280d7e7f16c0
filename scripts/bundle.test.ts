// Follows everything that a browser would load for the client, and fails on what must never get there. The walls
// look at each import; this looks at where all of them together lead.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const protocol = path.join(root, 'packages/protocol/src');
const entries = [
  'index.ts',
  'script.ts',
  'auth.ts',
  'doctor.ts',
  'devtools.ts',
  'react.ts',
  'vue.ts',
  'svelte.ts',
]
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

/** What is shipped of an application that is built for production, with whatever it downloads later. */
async function shipped(application: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: application, resolveDir: path.join(root, 'packages/client/src'), loader: 'ts' },
    bundle: true,
    splitting: true,
    outdir: 'nowhere',
    platform: 'browser',
    format: 'esm',
    minify: true,
    define: { 'import.meta.env.DEV': 'false' },
    write: false,
    metafile: true,
    logLevel: 'silent',
    alias: {
      '@iskra/client/devtools': path.join(root, 'packages/client/src/devtools.ts'),
      '@iskra/client': path.join(root, 'packages/client/src/index.ts'),
      '@iskra/protocol/wire': path.join(protocol, 'wire.ts'),
    },
  });
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
}

describe('the devtools', () => {
  const CONNECT = `import { connect } from '@iskra/client'; const client = connect('/realtime');`;
  const LATER = `void import('@iskra/client/devtools').then(({ devtools }) => devtools(client));`;
  const ofDevtools = (files: string[]): string[] => files.filter((file) => file.includes('devtools'));

  it.each([
    ['does not import them', CONNECT],
    [
      'imports and uses them while it is developed',
      `import { devtools } from '@iskra/client/devtools'; ${CONNECT} if (import.meta.env.DEV) devtools(client);`,
    ],
    ['imports them later, while it is developed', `${CONNECT} if (import.meta.env.DEV) ${LATER}`],
  ])('are not in production of an application that %s', async (_, application) => {
    const files = await shipped(application);
    expect(files).toContain('packages/client/src/connect.ts');
    expect(ofDevtools(files)).toEqual([]);
  });

  it('are where they are asked for', async () => {
    expect(ofDevtools(await shipped(`${CONNECT} ${LATER}`))).toContain(
      'packages/client/src/devtools/panel.ts',
    );
  });
});
