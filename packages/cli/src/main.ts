/** Where bin/iskra.js enters. */
import { run } from './command.js';

// Who reads no further, as `head` does, has what it wanted.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(0);
});

const code = await run(process.argv.slice(2));
// Not `process.exit`: what was printed must leave first, and a server goes on.
if (code !== undefined) process.exitCode = code;
