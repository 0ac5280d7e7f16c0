// `npm run bench`: always against a fresh build, with the arguments passed on.

import { at } from './files.mjs';
import { setUp } from './setup.mjs';
import { fail, run } from './terminal.mjs';

await setUp().catch(fail);
await run(process.execPath, [at('bench/dist/main.js'), ...process.argv.slice(2)], { show: true }).catch(fail);
