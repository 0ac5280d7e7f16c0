// The budget of the browser client: what one <script> tag costs a page, compressed.

import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { at } from './files.mjs';
import { Explained, fail } from './terminal.mjs';

const budget = 10_752;

function measure() {
  const bundle = at('packages/client/dist/iskra.min.js');
  if (!existsSync(bundle)) {
    throw new Explained(
      'There is no packages/client/dist/iskra.min.js to weigh: is packages/client/src/script.ts missing?',
    );
  }
  const bytes = readFileSync(bundle);
  const size = gzipSync(bytes, { level: 9 }).length;
  const number = (value) => value.toLocaleString('en-US');
  console.log(`  ${number(size)} of ${number(budget)} bytes gzipped (${number(bytes.length)} minified)`);
  if (size <= budget) return;
  throw new Explained(
    `The client is ${number(size - budget)} bytes over its budget. \`npx esbuild --analyze\` on packages/client/src/script.ts shows what came in; ` +
      'what only some applications need belongs in an entry of its own.',
  );
}

try {
  measure();
} catch (error) {
  fail(error);
}
