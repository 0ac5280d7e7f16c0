// `npm test`: everything that must hold, cheapest first, stopping at the first thing that does not.
//   --check         everything but the tests themselves
//   --only <step>   one step; what follows goes to its program, as in `npm run unit -- packages/client`

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { at, bin, filesBelow } from './files.mjs';
import { setUp } from './setup.mjs';
import { installSystemPackages } from './system.mjs';
import { bold, dim, explain, green, red, run, seconds } from './terminal.mjs';

const [mode, only, ...rest] = process.argv.slice(2);
const reports = mkdtempSync(path.join(tmpdir(), 'iskra-test-'));
const counts = { passed: 0, failed: 0, skipped: 0 };

const show = (command, ...args) => run(command, [...args, ...rest], { show: true, cwd: at('.') });
const node = (script) => show(process.execPath, at('scripts', script));
/** Only computes, on a clock of its own: what waits beside it has the processor first. */
const compute = (command, ...args) =>
  run(command, [...args, ...rest], { show: true, yields: true, cwd: at('.') });

/** Projects of vitest. Their numbers come from its JSON report, which it also writes when tests fail. */
async function vitest(projects, start = show) {
  const report = path.join(reports, `${projects[0]}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    await start(bin('vitest'), 'run', ...projects.map((name) => `--project=${name}`), ...reporters);
  } finally {
    count(report);
  }
}

function count(file) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return; // vitest itself did not start, and has said why
  }
  counts.passed += report.numPassedTests;
  counts.failed += report.numFailedTests;
  counts.skipped += report.numPendingTests + report.numTodoTests;
  // A file that cannot even be loaded has no tests to count, and must not look like success.
  counts.failed += report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
  ).length;
}

/** What the build does not compile: tests, and the pages of the examples, which know a browser but no Node. */
async function checkTypes() {
  await show(bin('tsc'), '-p', 'tsconfig.test.json');
  const pages = filesBelow('examples').some((file) => /\/page\/.*\.ts$/.test(file));
  if (pages) await show(bin('tsc'), '-p', 'examples/tsconfig.page.json');
  // Compilers of their own, which need a TypeScript in JavaScript and bring it.
  const example = (name) => at('examples/node_modules/.bin', name);
  await show(example('vue-tsc'), '-p', 'examples/vue');
  await show(
    example('svelte-check'),
    '--workspace',
    'examples/svelte',
    '--fail-on-warnings',
    '--output',
    'human',
  );
}

const steps = {
  format: () => show(bin('prettier'), '--check', '--log-level', 'warn', '.'),
  lint: () => show(bin('oxlint'), '-c', 'oxlint.config.mjs'),
  types: checkTypes,
  packages: () => node('packages.mjs'),
  api: () => node('api.mjs'),
  size: () => node('size.mjs'),
  docs: () => node('docs.mjs'),
  unit: () => vitest(['unit', 'oldest']),
  sim: () => compute(process.execPath, at('scripts/sim.mjs')),
  mutants: () => compute(process.execPath, at('scripts/mutants.mjs')),
  /** Its output would be mixed with that of others: it is shown when it fails. */
  patient: () => vitest(['patient'], (command, ...args) => run(command, args, { cwd: at('.') })),
  e2e: () => vitest(['e2e']),
  /** A file of one's own choice, whichever of the two it belongs to. */
  endToEnd: () => vitest(['e2e', 'patient']),
};
const checks = ['format', 'lint', 'types', 'packages', 'api', 'size', 'docs'];
const readSourcesOnly = ['format', 'unit', 'sim', 'mutants', 'docs'];

/** One after the other, but for what stands in one row: of two cores, what mostly waits leaves one and a half. */
const all = [...[...checks, 'unit'].map((name) => [[name]]), [['patient'], ['sim', 'mutants']], [['e2e']]];

async function perform(name) {
  const began = performance.now();
  console.log(`\n${bold(name)}`);
  try {
    await steps[name]();
  } catch (error) {
    console.log(`  ${red('✗')} ${name} ${dim(seconds(began))}`);
    throw error;
  }
  console.log(`  ${green('✓')} ${name} ${dim(seconds(began))}`);
}

/** All of them to their end, also when one fails: then as that one. */
async function sideBySide(rows) {
  const inTurn = async (names) => {
    for (const name of names) await perform(name);
  };
  const ends = await Promise.allSettled(rows.map(inTurn));
  for (const { reason } of ends) if (reason) throw reason;
}

let chosen = all;
if (mode === '--only') chosen = [[[only]]];
if (mode === '--check') chosen = checks.map((name) => [[name]]);
const names = chosen.flat(2);

let failure;
try {
  await setUp({ built: !names.every((name) => readSourcesOnly.includes(name)) });
  if (names.some((name) => ['patient', 'e2e', 'endToEnd'].includes(name))) await installSystemPackages();
  for (const rows of chosen) await sideBySide(rows);
} catch (error) {
  failure = error;
}
rmSync(reports, { recursive: true, force: true });

if (failure) explain(failure);
if (counts.passed + counts.failed + counts.skipped > 0) {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(`\niskra: ${counts.passed} passed, ${counts.failed} failed${skipped}`);
}
if (failure) process.exit(1);
