// Compiles every member with `tsc -b`, then makes what a browser loads: the script-tag client and the pages of
// the examples. An entry whose source does not exist is left out.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';
import { at, bin, filesBelow, members } from './files.mjs';
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

const forBrowsers = {
  bundle: true,
  platform: 'browser',
  target: 'es2020',
  sourcemap: true,
  logLevel: 'warning',
};

async function bundleClient() {
  const entry = at('packages/client/src/script.ts');
  if (!existsSync(entry)) return;
  await build({
    ...forBrowsers,
    entryPoints: [entry],
    outfile: at('packages/client/dist/iskra.min.js'),
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
  });
  await squeeze('packages/client/dist/iskra.min.js');
}

/** esbuild bundles, terser minifies: on this bundle it saves another 5 %, and every page pays for every byte. */
async function squeeze(file) {
  const map = JSON.parse(readFileSync(at(`${file}.map`), 'utf8'));
  const { code, map: squeezed } = await minify(readFileSync(at(file), 'utf8'), {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 3 },
    sourceMap: { content: map, url: `${path.basename(file)}.map` },
  });
  writeFileSync(at(file), code);
  writeFileSync(at(`${file}.map`), squeezed);
}

/** examples/<name>/page: scripts are bundled, everything else is copied beside them. */
async function bundlePages() {
  const pages = filesBelow('examples').filter((file) => /^examples\/[^/]+\/page\//.test(file));
  const scripts = pages.filter((file) => file.endsWith('.ts') && !/\.(test|d)\.ts$/.test(file));
  if (scripts.length > 0) {
    await build({
      ...forBrowsers,
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
