// `npm run release`, for the workflow of the same name: publishes every package whose version is not on the registry yet.
// Whoever installs one can trace it to the commit and the workflow that made it, so it is published from the repository
// that its manifest names, or not at all.

import { readFileSync } from 'node:fs';
import { at } from './files.mjs';
import { runPnpm, setUp } from './setup.mjs';
import { Explained, fail } from './terminal.mjs';

const { repository } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
const named = /github\.com\/(.+)\.git$/.exec(repository.url)?.[1];

try {
  const here = process.env.GITHUB_REPOSITORY;
  if (here !== named) {
    throw new Explained(
      `The manifests name the repository ${named}, and this is ${here ?? 'no workflow of GitHub'}. A registry that proves where a ` +
        'package is from would refuse it. Publish by the workflow "release"; for another repository, write its address into the ' +
        '`repository`, `homepage` and `bugs` of package.json and packages/*/package.json first.',
    );
  }
  await setUp();
  // pnpm is on the path of what it runs: changesets publishes with it.
  await runPnpm(['exec', 'changeset', 'publish'], { cwd: at('.'), show: true });
} catch (error) {
  fail(error);
}
