// `npm run mutants`: breaks one rule of PROTOCOL.md at a time, in a bundle of the simulation and nowhere else, and asks
// the simulation whether it notices.
//   -- --only P21   the mutants of one rule

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { at } from './files.mjs';
import { setUp } from './setup.mjs';
import { bundleSim } from './sim-bundle.mjs';
import { dim, explain, Explained, green, red, seconds } from './terminal.mjs';

/** Seeds that are tried after all schedules, where a mutant does not say how many. */
const SEEDS = 4;
/** Milliseconds that a mutant may take, on a machine that does other things as well. */
const LIMIT = 120_000;

const folder = mkdtempSync(path.join(tmpdir(), 'iskra-mutants-'));

/** The table is TypeScript. */
async function readTable() {
  // Here and not above: it may have been installed a moment ago.
  const { build } = await import('esbuild');
  const outfile = path.join(folder, 'table.mjs');
  await build({ entryPoints: [at('sim/mutants/index.ts')], outfile, bundle: true, format: 'esm' });
  return (await import(pathToFileURL(outfile))).mutants;
}

/** Whether the simulation notices: by which schedule or seed, and what it says of it. */
function hunt(bundle, { by, within = SEEDS }) {
  return new Promise((resolve, reject) => {
    const args = [bundle, 'hunt', '1', String(within), ...(by === undefined ? [] : [by])];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (complaint += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve({});
      else if (code === 1 && output !== '') resolve(JSON.parse(output));
      else if (signal === 'SIGKILL') resolve({ failed: `did not end within ${LIMIT / 1000} s` });
      else resolve({ failed: complaint.trim().split('\n').at(-1) });
    });
  });
}

async function playMutant(mutant, index) {
  const bundle = path.join(folder, `${index}.mjs`);
  await bundleSim(bundle, [mutant]);
  const found = await hunt(bundle, mutant);
  rmSync(bundle);
  return found;
}

/** Sources move on; a mutant that finds its place no more breaks nothing. */
function checkPlaces(mutants) {
  const lost = mutants.filter(({ file, from }) => readFileSync(at(file), 'utf8').split(from).length !== 2);
  if (lost.length === 0) return;
  const lines = lost.map(({ rule, file, from }) => `${rule}, ${file}:\n${from}`);
  throw new Explained(
    `These mutants are out of date; each text must stand there once.\n\n${lines.join('\n\n')}`,
  );
}

/** What is caught without any mutant proves nothing of those with one. */
async function playUnbroken(mutants) {
  const bundle = path.join(folder, 'unbroken.mjs');
  await bundleSim(bundle);
  const within = Math.max(...mutants.map(({ within = SEEDS }) => within));
  const { caught, text, failed } = await hunt(bundle, { within });
  if (caught === undefined && failed === undefined) return;
  throw new Explained(`Without any mutant, ${caught ?? 'the simulation'} fails already: ${text ?? failed}`);
}

async function playAll(mutants) {
  const found = [];
  const waiting = [...mutants.entries()];
  const next = async () => {
    for (let entry; (entry = waiting.shift());) {
      const [index, mutant] = entry;
      found[index] = await playMutant(mutant, index);
      if (process.stdout.isTTY)
        process.stdout.write(`\r  ${dim(`${mutants.length - waiting.length} of ${mutants.length} …`)}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, next));
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  return found;
}

try {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const began = performance.now();
  await setUp({ built: false });
  const mutants = (await readTable()).filter(({ rule }) => (values.only ?? rule) === rule);
  if (mutants.length === 0) throw new Explained(`No mutant breaks ${values.only}.`);
  checkPlaces(mutants);
  await playUnbroken(mutants);
  const found = await playAll(mutants);
  const width = Math.max(...mutants.map(({ breaks }) => breaks.length));
  let survivors = 0;
  mutants.forEach(({ rule, breaks }, index) => {
    const { caught, failed } = found[index];
    if (caught === undefined) survivors++;
    const mark = caught === undefined ? red('✗') : green('✓');
    const verdict = caught === undefined ? red(failed ?? 'SURVIVED') : dim(caught);
    console.log(`  ${mark} ${rule.padEnd(4)} ${breaks.padEnd(width)}  ${verdict}`);
  });
  const rules = new Set(mutants.map(({ rule }) => rule)).size;
  const count = `${mutants.length} mutants of ${rules} rules`;
  console.log(
    `  ${count}: ${survivors === 0 ? green('all caught') : red(`${survivors} not caught`)} ${dim(seconds(began))}`,
  );
  if (survivors > 0) {
    throw new Explained(
      'Nothing in the simulation notices that these rules are broken: a schedule, a fault or a check is missing.',
    );
  }
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
rmSync(folder, { recursive: true, force: true });
