// `npm run folder -- <path>`: the iskra command in a folder of its own, with the versions of the lockfile and nothing that only
// development needs. It can be copied to where there is nothing but Node: an image, another machine.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { at } from './files.mjs';
import { runPnpm, setUp } from './setup.mjs';
import { Explained, fail, step } from './terminal.mjs';

async function makeFolder(given) {
  if (given === undefined) {
    throw new Explained('Where is the folder to be? Say so, as in `npm run folder -- /opt/iskra`.');
  }
  const folder = path.resolve(given);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new Explained(`${folder} has something in it already; give a new folder, or empty it first.`);
  }
  await setUp();
  await step(`iskra in ${folder}`, () =>
    runPnpm(
      // Packages of the workspace are copied, not linked; hoisted, so that a server of the user's finds all of them.
      [
        '--config.inject-workspace-packages=true',
        '--config.node-linker=hoisted',
        ...['--filter', '@iskra/cli', 'deploy', '--prod', folder],
      ],
      { cwd: at('.'), env: { CI: '1' } },
    ),
  );
}

await makeFolder(process.argv[2]).catch(fail);
