// `npm run frames`: always against a fresh build, with the arguments passed on.

import { at } from './files.mjs';
import { setUp } from './setup.mjs';
import { installSystemPackages } from './system.mjs';
import { fail, run } from './terminal.mjs';

await setUp().catch(fail);
await installSystemPackages().catch(fail);
await run(process.execPath, [at('e2e/dist/bindings/frames/main.js'), ...process.argv.slice(2)], {
  show: true,
}).catch(fail);
