// Compiles every member with `tsc -b`, then makes what a browser loads: the script-tag client and the pages of
// the examples. An entry whose source does not exist is left out.

import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { at, bin, filesBelow, members } from './files.mjs';
import { makeScript, SCRIPTS } from './script-bundle.mjs';
import { fail, run } from './terminal.mjs';

async function compile() {
  const args = ['-b', at('tsconfig.json')];
  try {
    await run(bin('tsc'), args);
  } catch {
    // An incremental build can repeat errors of the past, for instance after a change of ambient declarations;
    // only a full one is believed when it says no.
    await run(bin('tsc'), [...args, '--force']);
  }
}

/** Deletes what was compiled from sources that have since been renamed or deleted: it must not be published. */
async function prune() {
  for (const member of members) {
    const sources = existsSync(at(member, 'src')) ? 'src' : '.';
    const dist = at(member, 'dist');
    if (!existsSync(dist)) continue;
    for (const file of await readdir(dist, { recursive: true })) {
      if (!file.endsWith('.d.ts')) continue;
      const name = file.slice(0, -'.d.ts'.length);
      if (existsSync(at(member, sources, `${name}.ts`))) continue;
      for (const ending of ['.d.ts', '.d.ts.map', '.js', '.js.map'])
        rmSync(path.join(dist, name + ending), { force: true });
    }
  }
}

/**
 * The script tags: the core and the whole client, whose maps lie beside them, and nothing in them points there (that too would
 * be bytes); and the whole client with the devtools, whose names stay: they meet inside of it.
 */
async function bundleClient() {
  await build({
    ...{ bundle: true, platform: 'browser', target: 'es2022', format: 'iife', minify: true },
    entryPoints: [at('packages/client/src/script-devtools.ts')],
    outfile: at('packages/client/dist/iskra.devtools.js'),
    ...{ sourcemap: true, logLevel: 'warning' },
  });
  for (const script of SCRIPTS) {
    const file = at('packages/client/dist', script.file);
    const { code, map } = await makeScript(script);
    writeFileSync(file, code);
    writeFileSync(`${file}.map`, map);
  }
}

/** examples/<name>/page: scripts are bundled, everything else is copied beside them. */
async function bundlePages() {
  const pages = filesBelow('examples').filter((file) => /^examples\/[^/]+\/page\//.test(file));
  const scripts = pages.filter((file) => file.endsWith('.ts') && !/\.(test|d)\.ts$/.test(file));
  if (scripts.length > 0) {
    await build({
      bundle: true,
      platform: 'browser',
      target: 'es2020',
      sourcemap: true,
      logLevel: 'warning',
      entryPoints: scripts.map((file) => at(file)),
      outbase: at('examples'),
      outdir: at('examples/dist'),
      format: 'esm',
    });
  }
  for (const file of pages.filter((file) => !file.endsWith('.ts'))) {
    copy(file, file.replace('examples/', 'examples/dist/'));
  }
}

function copy(from, to) {
  if (!existsSync(at(from))) return;
  mkdirSync(path.dirname(at(to)), { recursive: true });
  copyFileSync(at(from), at(to));
}

try {
  await compile();
  await prune();
  await bundleClient();
  await bundlePages();
  copy('PROTOCOL.md', 'packages/protocol/PROTOCOL.md');
} catch (error) {
  fail(error);
}
