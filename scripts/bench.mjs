// `npm run bench`: always against a fresh build, with the arguments passed on.

import { at } from './files.mjs';
import { setUp } from './setup.mjs';
import { installRedis } from './system.mjs';
import { fail, run } from './terminal.mjs';

await setUp().catch(fail);
// Without it the rows of two nodes say so, and all others run.
await installRedis().catch((error) => console.error(error.message));
await run(process.execPath, [at('bench/dist/main.js'), ...process.argv.slice(2)], { show: true }).catch(fail);
