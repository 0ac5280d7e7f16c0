// The page for application developers says what is: its samples compile, and it has an example of every bad outcome.
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { examples, samples } from './page.js';

/** Below the packages that the samples import, and ignored by everything else. */
const FOLDER = fileURLToPath(new URL('../dist/samples', import.meta.url));
const BASE = fileURLToPath(new URL('../../tsconfig.base.json', import.meta.url));
const TSC = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
);

it('has samples that compile', async () => {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const options = { composite: false, incremental: false, noEmit: true, lib: ['ES2022', 'DOM'], types: [] };
  const config = { extends: BASE, compilerOptions: options, include: ['*.ts'] };
  await writeFile(path.join(FOLDER, 'tsconfig.json'), JSON.stringify(config));
  for (const [index, sample] of samples.entries()) {
    await writeFile(path.join(FOLDER, `sample-${index + 1}.ts`), sample);
  }
  expect(samples.length).toBeGreaterThan(5);
  const compiled = await promisify(execFile)(process.execPath, [TSC, '-p', FOLDER]).catch(
    (error: unknown) => error,
  );
  expect(compiled).toEqual({ stdout: '', stderr: '' });
});

// That each is what an application is really told, the tests beside this one show.
it('has one example of each bad outcome', () => {
  const kinds = examples.map((example) => {
    const { reason, code, delta, lost } = example as Record<string, unknown>;
    return reason ?? code ?? delta ?? { lost };
  });
  expect(kinds).toEqual([
    'trimmed',
    'epoch',
    'diverged',
    'inbox_overflow',
    'too_big',
    'denied',
    { lost: true },
    'outcome_unknown',
    'sends_lost',
    'sends_lost',
    'queue_full',
    'request_timeout',
    'unauthorized',
    'closed',
    'closed',
  ]);
});
