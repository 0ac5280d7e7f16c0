/**
 * `npm run chaos`: memory pressure, then rounds of faults drawn from a seed, each judged by the oracle.
 * Exits with 1 at the first round in which something happened that must not.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Line } from './history.js';
import { violationsOf } from './oracle/oracle.js';
import type { Violation } from './oracle/oracle.js';
import { RETENTION } from './places.js';
import { press, summary as pressureSummary, wrongsOf } from './pressure.js';
import { playRound } from './round.js';

const usage = `npm run chaos -- [flags]
  --minutes 10   how long faults come, in rounds of 90 s, each with a calm end
  --seed S       of the first round; each further round has the next. Default: by chance
  --pressure     memory pressure alone: floods and slow readers upon a server with a small heap
  --redis        two nodes over Redis, which outlives them, instead of one server
  --verbose      says each fault
`;

/** The longest round: what it wrote must fit into memory, ms. */
const ROUND = 90_000;
/** How many lines of a history are shown. */
const TAIL = 30;

/** Of memory pressure before the rounds, ms. */
const PRESSURE = 15_000;

const { minutes, seed: first, isAgain, redis, pressure, verbose } = read();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
let left = minutes * 60_000;
// Who gives a seed wants one round again.
if (pressure || !isAgain) await bePressed(pressure ? left : Math.min(left, PRESSURE));
if (pressure) process.exit(0);
for (let seed = first; left > 0; seed++, left -= ROUND) {
  const length = Math.min(left, ROUND);
  const folder = mkdtempSync(path.join(tmpdir(), 'iskra-chaos-'));
  const command = `npm run chaos -- ${redis ? '--redis ' : ''}--seed ${seed} --minutes ${length / 60_000}`;
  const began = performance.now();
  const say = (text: string): void => void (verbose && console.log(`  ${text}`));
  let lines: Line[];
  try {
    lines = await playRound({ seed, length, redis, folder, say });
  } catch (error) {
    console.error(`The round itself broke: ${(error as Error).stack}\nAgain with:\n  ${command}`);
    process.exit(1);
  }
  const violations = violationsOf(lines, { retention: RETENTION.entries });
  if (violations.length > 0) {
    explain(violations, lines, command, folder);
    process.exit(1);
  }
  rmSync(folder, { recursive: true });
  console.log(`seed ${seed}: ${summary(lines)} in ${Math.round((performance.now() - began) / 1000)} s`);
}
process.exit(0);

async function bePressed(length: number): Promise<void> {
  const began = performance.now();
  const pressed = await press(length);
  const wrong = wrongsOf(pressed);
  const seconds = Math.round((performance.now() - began) / 1_000);
  if (wrong.length === 0) return console.log(`memory pressure: ${pressureSummary(pressed)}, in ${seconds} s`);
  console.error(`memory pressure: ${pressureSummary(pressed)}`);
  for (const sentence of wrong.slice(0, TAIL)) console.error(`  ${sentence}`);
  console.error(
    `\n${wrong.length} violations. Again with:\n  npm run chaos -- --pressure --minutes ${length / 60_000}`,
  );
  process.exit(1);
}

/** What the round consisted of; a round in which little happened proves little. */
function summary(lines: readonly Line[]): string {
  const count = (what: Line['what']): number => lines.filter((line) => line.what === what).length;
  const ended = (how: string): number =>
    lines.filter((line) => line.what === 'published' && line.how === how).length;
  const sessions = lines.filter((line) => line.what === 'session' && line.lost).length;
  const [faults, entries, gaps] = [count('fault') - 1, count('entry'), count('gap')];
  const publishes = `${ended('acknowledged')} publishes acknowledged, ${ended('rejected')} rejected, ${ended('unknown')} unknown`;
  return `${faults} faults, ${entries} entries, ${gaps} gaps, ${publishes}, ${count('handled')} requests, ${sessions} sessions lost, ${count('opened')} clients`;
}

/** The first of each kind, with the end of the history that shows it. */
function explain(
  violations: readonly Violation[],
  lines: readonly Line[],
  command: string,
  folder: string,
): void {
  const kinds = new Set<string>();
  for (const { kind, by, sentence, line } of violations) {
    if (kinds.has(kind)) continue;
    kinds.add(kind);
    console.error(`\n${kind} – ${by}: ${sentence}`);
    // Where it rests is looked at many times.
    const isNews = (one: Line): boolean => one === line || one.what !== 'rest';
    const own = lines.filter((one) => one.by === by && isNews(one) && (!line || one.at <= line.at));
    const tail = own.slice(0, line?.by === by ? own.indexOf(line) + 1 : undefined).slice(-TAIL);
    const [from = 0, to = 0] = [tail[0]?.at, tail.at(-1)?.at];
    const done = lines.filter((one) => one.by === 'driver' && one.at >= from && one.at <= to);
    const all = [...tail, ...done, ...(line && line.by !== by ? [line] : [])];
    for (const one of all.sort((a, b) => a.at - b.at)) console.error(`  ${shown(one)}`);
  }
  console.error(
    `\n${violations.length} violations; the histories are in ${folder}. Again with:\n  ${command}`,
  );
}

function shown({ by, at, what, ...rest }: Line): string {
  const text = JSON.stringify(rest).slice(1, -1);
  return `${new Date(at).toISOString().slice(14, 23)} ${by === 'driver' ? '━━ ' : by === 'server' ? 'server: ' : ''}${what} ${text.slice(0, 160)}`;
}

function read() {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string' },
        pressure: { type: 'boolean', default: false },
        redis: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const minutes = Number(values.minutes);
    const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
    if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not "${values.minutes}".`);
    if (!Number.isInteger(seed)) throw new Error(`--seed takes an integer, not "${values.seed}".`);
    return { ...values, minutes, seed, isAgain: values.seed !== undefined };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exit(1);
  }
}
