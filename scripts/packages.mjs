// Checks the packages as they would be published: packs each one, then asks publint whether its package.json
// keeps its promises and attw whether its types arrive.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { at, bin } from './files.mjs';
import { runPnpm } from './setup.mjs';
import { fail, run } from './terminal.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'iskra-pack-'));

/** Both tools on one tarball. The script-tag bundle is loaded by browsers and has no types to find. */
async function check(tarball) {
  const file = path.join(folder, tarball);
  await run(bin('publint'), ['run', file, '--strict']);
  await run(bin('attw'), [
    file,
    '--profile',
    'esm-only',
    '--no-color',
    '--exclude-entrypoints',
    'script',
    'script-full',
    'script-devtools',
  ]);
  console.log(`  ${tarball}`);
}

try {
  await runPnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder], {
    cwd: at('.'),
  });
  for (const tarball of readdirSync(folder).sort()) await check(tarball);
} catch (error) {
  fail(error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
