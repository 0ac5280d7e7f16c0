/**
 * The program that `npm run sim` bundles and starts, one of them on each core:
 *
 *   play <from> <count> <step>   seeds; a JSON line for each that breaks a promise, and one with the sums
 *   show <plan>                  one plan, a file or a seed: its timeline and what it breaks
 *   shrink <plan>                the smallest plan that breaks the same promise, as JSON
 *   hunt <from> <count> [by]     the first schedule or seed that notices, and no more; `by` is tried before the others
 *
 * Ends with 1 when a promise was broken.
 */
import { readFileSync } from 'node:fs';
import { drawPlan } from './plan.js';
import type { Plan } from './plan.js';
import { play } from './play.js';
import type { Outcome } from './play.js';
import type { Schedule } from './schedule.js';
import { schedules } from './schedules/index.js';
import { shrink } from './shrink.js';
import { printTrace } from './trace.js';

const [command, ...rest] = process.argv.slice(2);

const planOf = (which = '1'): Plan =>
  /^\d+$/.test(which) ? drawPlan(Number(which)) : readPlan(readFileSync(which, 'utf8'));

/** JSON has no Infinity: what lasts for ever is null there. */
const readPlan = (text: string): Plan => {
  const plan = JSON.parse(text) as Plan;
  return { ...plan, credentials: plan.credentials ?? Infinity };
};

/** What nobody caught: a program would have died of it. */
let escaped: unknown[] = [];
process.on('uncaughtException', (error) => void escaped.push(error));

async function playWhole(plan: Plan, traced = false): Promise<Outcome> {
  escaped = [];
  const outcome = await play(plan, traced);
  const violations = escaped.map((error) => ({
    promise: 'G8',
    actor: 'world',
    at: outcome.lasted,
    text: `nobody caught ${String(error)}`,
  }));
  return { ...outcome, violations: [...outcome.violations, ...violations] };
}

async function playSeeds(from: number, count: number, step: number): Promise<boolean> {
  const sums = { seeds: 0, bad: 0, lasted: 0, events: 0 };
  for (let seed = from; seed < from + count; seed += step) {
    const { violations, lasted, events } = await playWhole(drawPlan(seed));
    sums.seeds++;
    sums.lasted += lasted;
    sums.events += events;
    if (violations.length > 0) {
      sums.bad++;
      console.log(JSON.stringify({ seed, violations }));
    }
    if (sums.seeds % 500 === 0) console.log(JSON.stringify({ so: sums.seeds }));
  }
  console.log(JSON.stringify({ sums }));
  return sums.bad === 0;
}

async function show(plan: Plan): Promise<boolean> {
  const { violations, notes } = await playWhole(plan, true);
  console.log(printTrace(notes, violations));
  for (const { promise, actor, text } of violations) console.log(`\n${promise}  ${actor}: ${text}`);
  return violations.length === 0;
}

async function shrinkPlan(plan: Plan): Promise<boolean> {
  const [first] = (await playWhole(plan)).violations;
  if (first === undefined) return true;
  const smallest = await shrink(plan, async (smaller) =>
    (await playWhole(smaller)).violations.some(({ promise }) => promise === first.promise),
  );
  console.log(JSON.stringify(smallest, undefined, 1));
  return false;
}

interface Try {
  readonly by: string;
  /** What was noticed, if anything. */
  play(): Promise<string | undefined>;
}

const bySchedule = ({ id, play: playSchedule }: Schedule): Try => ({
  by: id,
  async play() {
    escaped = [];
    await playSchedule().catch((error: unknown) => escaped.push(error));
    return escaped.length > 0 ? String(escaped[0]).split('\n')[0] : undefined;
  },
});

const bySeed = (seed: number): Try => ({
  by: `seed ${seed}`,
  async play() {
    const [violation] = (await playWhole(drawPlan(seed))).violations;
    return violation && `${violation.promise}: ${violation.text}`;
  },
});

/** For a build with a broken rule: whether anybody notices. */
async function hunt(from: number, count: number, first: string | undefined): Promise<boolean> {
  const seeds = Array.from({ length: count }, (_, index) => bySeed(from + index));
  const others = [...schedules.map(bySchedule), ...seeds].filter(({ by }) => by !== first);
  const known = first?.startsWith('seed ')
    ? [bySeed(Number(first.slice(5)))]
    : schedules.filter(({ id }) => id === first).map(bySchedule);
  for (const one of [...known, ...others]) {
    const text = await one.play();
    if (text === undefined) continue;
    console.log(JSON.stringify({ caught: one.by, text }));
    return false;
  }
  return true;
}

const commands: Record<string, () => Promise<boolean>> = {
  play: () => playSeeds(Number(rest[0]), Number(rest[1]), Number(rest[2] ?? 1)),
  show: () => show(planOf(rest[0])),
  shrink: () => shrinkPlan(planOf(rest[0])),
  hunt: () => hunt(Number(rest[0]), Number(rest[1]), rest[2]),
};
process.exitCode = (await commands[command ?? '']?.()) === true ? 0 : 1;
