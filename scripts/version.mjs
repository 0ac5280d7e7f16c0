// `npm run release:version`: what the changesets say becomes versions and changelogs, the client knows its own, and the examples that
// are made to be copied ask for the new versions.

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { at, packages } from './files.mjs';
import { runPnpm } from './setup.mjs';
import { fail } from './terminal.mjs';

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

try {
  await runPnpm(['exec', 'changeset', 'version'], { cwd: at('.') });
  const versions = new Map(
    packages.map((folder) => read(at(folder, 'package.json'))).map((one) => [one.name, one.version]),
  );
  writeFileSync(
    at('packages/client/src/release.ts'),
    readFileSync(at('packages/client/src/release.ts'), 'utf8').replace(
      /'[^']*';/,
      `'${versions.get('@iskra/client')}';`,
    ),
  );
  for (const name of readdirSync(at('examples'))) {
    const file = at('examples', name, 'package.json');
    if (!existsSync(file)) continue;
    const manifest = read(file);
    for (const wanted of Object.keys(manifest.dependencies))
      if (versions.has(wanted)) manifest.dependencies[wanted] = `^${versions.get(wanted)}`;
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  }
} catch (error) {
  fail(error);
}
