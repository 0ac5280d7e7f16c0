// The room's contract as AsyncAPI: asyncapi.json is what the command prints of it, and AsyncAPI's own parser takes it.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Parser } from '@asyncapi/parser';
import { expect, it } from 'vitest';

const at = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** How it is made; the file itself is formatted as all others are. */
const LINE = [
  ...['contract', 'asyncapi', at('examples/dist/room/contract.js'), '--title', 'The room'],
  ...['--server', 'local=http://localhost:8000/realtime'],
];
const kept = readFileSync(at('examples/room/asyncapi.json'), 'utf8');

it('is kept as it is printed now', () => {
  const printed = execFileSync(process.execPath, [at('packages/cli/bin/iskra.js'), ...LINE], {
    encoding: 'utf8',
  });
  expect(JSON.parse(kept)).toEqual(JSON.parse(printed));
});

it('is valid', async () => {
  const { document, diagnostics } = await new Parser().parse(kept);
  expect(diagnostics.filter(({ severity }) => severity < 2)).toEqual([]);
  expect(
    document!
      .channels()
      .all()
      .map((one) => one.address()),
  ).toEqual(['room:{id}', null]);
});
