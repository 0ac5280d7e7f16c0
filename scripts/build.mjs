// Compiles every member with `tsc -b`, then makes what a browser loads: the script-tag client and the pages of
// the examples. An entry whose source does not exist is left out.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';
import { at, bin, filesBelow, members } from './files.mjs';
import { publicNames, withShortNames } from './public-names.mjs';
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

/** The script tags: the core, the whole client, and that with the devtools, whose names stay: they meet inside of it. */
async function bundleClient() {
  await build({
    ...forBrowsers,
    entryPoints: [at('packages/client/src/script-devtools.ts')],
    outfile: at('packages/client/dist/iskra.devtools.js'),
    format: 'iife',
    target: 'es2022',
    minify: true,
  });
  await bundleScript('script', 'iskra.min.js', ['client']);
  await bundleScript('script-full', 'iskra.full.min.js', [
    'client',
    'connect',
    'explain',
    'insight',
    'last',
    'members',
    'quality',
  ]);
}

/** `told`: the declarations that say what the object is that `connect` gives. */
async function bundleScript(source, name, told) {
  const file = at('packages/client/dist', name);
  await build({
    ...forBrowsers,
    entryPoints: [at(`packages/client/src/${source}.ts`)],
    outfile: file,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    // Names are looked for in code, not in comments.
    minifyWhitespace: true,
  });
  await squeeze(file, told);
}

/**
 * esbuild bundles, terser minifies: every page pays for every byte. Properties that only the client itself knows lose
 * their names; one word for all variables compresses better than two. The map lies beside it, and nothing points
 * there: that too would be bytes.
 */
async function squeeze(file, told) {
  const bundle = readFileSync(file, 'utf8')
    .replace(/\/\/# sourceMappingURL=.*/, '')
    .replace(/\bconst(?=[\s{[])/g, 'let');
  const code = withShortNames(bundle, told);
  const { code: squeezed, map } = await minify(code, {
    ecma: 2020,
    module: true,
    compress: { passes: 10, inline: 1, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
    mangle: { properties: { keep_quoted: true, reserved: publicNames(code, told) } },
    sourceMap: { content: JSON.parse(readFileSync(`${file}.map`, 'utf8')) },
  });
  writeFileSync(file, squeezed);
  writeFileSync(`${file}.map`, map);
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
