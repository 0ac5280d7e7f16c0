/** Where bin/iskra.js enters. */
import { run } from './command.js';

const code = await run(process.argv.slice(2));
// Not `process.exit`: what was printed must leave first, and a server goes on.
if (code !== undefined) process.exitCode = code;
