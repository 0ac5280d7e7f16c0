// Checks the packages as they would be published: packs each one, asks publint whether its package.json keeps its promises
// and attw whether its types arrive, and then does what a user does: installs them all in an empty project, outside of
// the workspace, and uses every entry there.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { at, bin } from './files.mjs';
import { createConsumer } from './published/consumer.mjs';
import { wrongIn } from './published/contents.mjs';
import { tryTemplates } from './published/templates.mjs';
import { runPnpm } from './setup.mjs';
import { Explained, fail, run, step } from './terminal.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'iskra-pack-'));

/** Both tools on one tarball. The script-tag bundles are loaded by browsers and have no types to find. */
async function ask(tarball) {
  await run(bin('publint'), ['run', tarball, '--strict']);
  await run(bin('attw'), [
    tarball,
    '--profile',
    'esm-only',
    '--no-color',
    '--exclude-entrypoints',
    'script',
    'script-full',
    'script-devtools',
  ]);
}

async function pack() {
  const tarballs = path.join(folder, 'tarballs');
  await runPnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', tarballs], {
    cwd: at('.'),
  });
  return readdirSync(tarballs)
    .sort()
    .map((name) => path.join(tarballs, name));
}

try {
  const tarballs = await step('pack', pack);
  await step('publint and attw', () => Promise.all(tarballs.map(ask)));
  const consumer = await step('install the tarballs', () =>
    createConsumer(path.join(folder, 'consumer'), tarballs),
  );
  const wrong = consumer.installed.flatMap(wrongIn);
  if (wrong.length > 0)
    throw new Explained(`What would be published is not as it should be:\n  ${wrong.join('\n  ')}`);
  await step(`import ${consumer.entries.length} entries`, consumer.importAll);
  await step('types, two ways', consumer.compile);
  await step(`bundle ${consumer.forBrowsers.length} entries`, consumer.bundle);
  await step('the command', consumer.command);
  await step('examples, copied out', () => tryTemplates(consumer));
} catch (error) {
  fail(error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
