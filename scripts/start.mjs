// `npm start`: set up what is missing, then become the demo. The demo runs in this very process, so signals reach
// it directly, its exit code is ours, and nothing is left behind when someone kills us. (For the same reason the
// scripts in package.json say `exec`: the shell that npm starts would otherwise die alone and leave us running.)

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { at } from './files.mjs';
import { setUp } from './setup.mjs';
import { fail } from './terminal.mjs';

const demo = at('examples/dist/room/server.js');

await setUp().catch(fail);
if (!existsSync(demo)) {
  console.error('There is no demo to start: examples/room/server.ts is missing. Everything else is set up.');
  process.exit(1);
}
process.env.PORT ??= '8000';
process.argv[1] = demo;
await import(pathToFileURL(demo).href);
