// `npm run sim`: plays seeds on all cores, and says what they broke.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { at } from './files.mjs';
import { setUp } from './setup.mjs';
import { bundleSim } from './sim-bundle.mjs';
import { dim, explain, Explained, green, red, run, seconds } from './terminal.mjs';

const usage = `npm run sim -- [flags]
  --seeds 2000 --from 1   so many seeds, from this one on
  --seed 7                the timeline of one seed
  --plan file             the timeline of a plan, as from --shrink or from sim/corpus
  --shrink 7              the smallest plan that breaks what that seed (or a plan's file) breaks
`;

const values = read();

function read() {
  try {
    const given = parseArgs({
      options: {
        seeds: { type: 'string', default: '2000' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        plan: { type: 'string' },
        shrink: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
    if (!given.help) return given;
    process.stdout.write(usage);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exit(1);
  }
}

const whole = (name) => {
  if (/^\d+$/.test(values[name])) return Number(values[name]);
  throw new Explained(`--${name} takes a whole number, as in --${name} 500; it was "${values[name]}".`);
};

/** What a seed makes is garbage when it is over: with more room for what is young, that costs a tenth less time. */
const ROOM = ['--max-semi-space-size=32'];

/** One process; its lines come as objects. */
function worker(bundle, args, onLine) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...ROOM, bundle, ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => onLine(JSON.parse(line)));
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0 || code === 1
        ? resolve(code)
        : reject(new Explained(`A worker of the simulation ended with ${code ?? signal}.`)),
    );
  });
}

async function playSeeds(bundle, from, count) {
  const began = performance.now();
  const workers = Math.min(availableParallelism(), count);
  let bad = 0;
  let first = Infinity;
  const sums = { seeds: 0, lasted: 0, events: 0 };
  let so = 0;
  await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      worker(bundle, ['play', from + index, count - index, workers], (line) => {
        if (line.seed !== undefined) {
          bad++;
          first = Math.min(first, line.seed);
          // At once: a long run may find something long before its end.
          if (bad <= SHOWN) tellBroken(line);
        } else if (line.so !== undefined) {
          so += 500;
          if (process.stdout.isTTY) process.stdout.write(`\r  ${dim(`${so} seeds …`)}`);
          else if (so % 10_000 === 0) console.log(`  ${so} seeds …`);
        } else for (const key of Object.keys(sums)) sums[key] += line.sums[key];
      }),
    ),
  );
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  const number = (value) => Math.round(value).toLocaleString('en-US');
  const hours = (sums.lasted / 3_600_000).toFixed(1);
  if (bad > SHOWN) console.log(`  … and ${bad - SHOWN} more`);
  const verdict = bad === 0 ? green('no violation') : red(`${bad} seeds broke a promise`);
  console.log(
    `  ${number(sums.seeds)} seeds from ${from}: ${verdict}; ${hours} virtual hours, ${number(sums.events)} events ${dim(seconds(began))}`,
  );
  if (bad === 0) return;
  throw new Explained(
    `Replay it:  npm run sim -- --seed ${first}\nMake it small:  npm run sim -- --shrink ${first} > sim/corpus/${first}.json`,
  );
}

/** Seeds that broke a promise are told one by one, up to so many. */
const SHOWN = 20;

function tellBroken({ seed, violations: [{ promise, actor, text }] }) {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  console.log(`  ${red('✗')} seed ${seed}: ${promise}, ${actor}: ${text}`);
}

/** Plans that failed once. */
async function playCorpus(bundle) {
  const files = readdirSync(at('sim/corpus')).filter((file) => file.endsWith('.json'));
  for (const file of files) {
    await run(process.execPath, [bundle, 'show', at('sim/corpus', file)]).catch(() => {
      throw new Explained(
        `A plan of the corpus fails again. See how:  npm run sim -- --plan sim/corpus/${file}`,
      );
    });
  }
  console.log(`  ${green('✓')} ${files.length} plans of the corpus`);
}

const folder = mkdtempSync(path.join(tmpdir(), 'iskra-sim-'));
try {
  await setUp({ built: false });
  const bundle = path.join(folder, 'sim.mjs');
  await bundleSim(bundle);
  const one = values.plan ?? values.seed;
  const show = (command, which) =>
    run(
      process.execPath,
      [bundle, command, path.isAbsolute(which) || /^\d+$/.test(which) ? which : path.resolve(which)],
      { show: true },
    );
  if (values.shrink !== undefined) await show('shrink', values.shrink).catch(() => {});
  else if (one !== undefined) await show('show', one);
  else {
    await playCorpus(bundle);
    await playSeeds(bundle, whole('from'), whole('seeds'));
  }
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
rmSync(folder, { recursive: true, force: true });
