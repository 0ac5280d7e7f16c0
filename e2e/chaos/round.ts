/**
 * One round: servers, a bad network and clients, each a process of its own;
 * faults by the schedule, then calm, then the history of it all.
 */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { BROWSERS } from '../browser/browsers.js';
import { bundleInPage } from '../browser/bundle.js';
import { startChild } from '../transports/child.js';
import type { Child } from '../transports/child.js';
import type { ChaosClientsVerbs } from './clients.js';
import { startLone, startShared } from './fleet.js';
import type { Line } from './history.js';
import type { ChaosInPage } from './in-page.js';
import { violationsAtRest } from './oracle/oracle.js';
import { RETENTION } from './places.js';
import type { ChaosProxyVerbs } from './proxy.js';
import { chanceOf, seedFor } from './random.js';
import { drawSchedule } from './schedule.js';
import type { Step } from './schedule.js';
import type { ChaosServeVerbs } from './serve.js';

export interface RoundOptions {
  seed: number;
  /** How long faults come, ms. */
  length: number;
  /** Two nodes over Redis, instead of one whose memory dies with it. */
  redis: boolean;
  /** A folder for the histories. */
  folder: string;
  say(text: string): void;
}

/** How long it may take until all is well after the last fault, ms: a verdict against a transport is held for 50 s. */
const CALM = 120_000;
const LOOK = 1_000;
/** How long a page may need to come through, ms. */
const REACH = 60_000;
const NODE = [
  ['ada', 'ben', 'cleo'],
  ['dora', 'emil', 'fay'],
] as const;
const PAGE = ['gil', 'hana'];

declare const chaosInPage: ChaosInPage;

export async function playRound({ seed, length, redis, folder, say }: RoundOptions): Promise<Line[]> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = (): void => ends.forEach((end) => void end());
  process.once('exit', stop);
  const file = (name: string): string => path.join(folder, `${name}.jsonl`);
  const write = (line: Line): void => appendFileSync(file('driver'), `${JSON.stringify(line)}\n`);
  const start = async <Verbs>(program: string, config: object): Promise<Child<Verbs>> => {
    const child = await startChild<Verbs>(`chaos/${program}`, config);
    ends.push(child.kill);
    return child;
  };
  const chance = chanceOf(seedFor(seed, 'driver'));

  try {
    const script = await bundleInPage(new URL('in-page.js', import.meta.url));
    const proxy = await start<ChaosProxyVerbs>('proxy', { seed });
    const origin = `http://127.0.0.1:${await proxy.does.port()}`;
    const url = `${origin}/realtime`;
    const fleet = await (redis ? startShared : startLone)({
      ...{ file, ends, chance },
      start: (config) => start<ChaosServeVerbs>('serve', { ...config, script }),
      aim: (ports) => proxy.does.aim(ports),
    });
    const groups = await Promise.all(
      NODE.map((names, at) =>
        start<ChaosClientsVerbs>('clients', { url, seed, names, file: file(`node-${at}`) }),
      ),
    );
    const page = await openPage(origin, ends, (text) => appendFileSync(file('page'), `${text}\n`));
    let visits = 0;
    const visit = async (): Promise<void> => {
      visits++;
      const all = PAGE.map((name) => ({ name: `${name}${visits}`, url, seed }));
      await page.evaluate((given) => given.forEach((one) => chaosInPage.open(one)), all);
    };
    await visit();

    const perform = async (step: Step): Promise<void> => {
      switch (step.do) {
        case 'freeze':
          return fleet.freeze(step.ms);
        case 'kill':
          return fleet.kill();
        case 'reload': {
          await page.goto('about:blank', { timeout: REACH });
          const gone = instancesIn(readLines(folder)).filter((by) =>
            PAGE.some((name) => by.startsWith(name)),
          );
          for (const by of gone) write({ by, at: Date.now(), what: 'gone', how: 'killed' });
          await reach(page, origin);
          return visit();
        }
        default:
          return (proxy.does[step.do] as (step: Step) => Promise<void>)(step);
      }
    };

    const began = Date.now();
    // What takes its time goes on beside the rest, one after another.
    let slow: Promise<void> = Promise.resolve();
    for (const step of drawSchedule(seed, length)) {
      await pause(began + step.at - Date.now());
      const { at, do: what, ...rest } = step;
      const text = `${(at / 1000).toFixed(1)} s  ${what} ${JSON.stringify(rest).replace(/[{}"]/g, '')}`;
      write({ by: 'driver', at: Date.now(), what: 'fault', text });
      say(text);
      if (what === 'freeze' || what === 'kill' || what === 'reload') {
        slow = slow.then(() => perform(step));
        slow.catch(() => {});
      } else await perform(step);
    }

    await proxy.does.calm();
    await slow;
    write({ by: 'driver', at: Date.now(), what: 'fault', text: 'calm' });
    const everybody = async (verb: 'hush' | 'rest'): Promise<void> => {
      await Promise.all([
        ...groups.map(({ does }) => does[verb]()),
        page.evaluate((name) => chaosInPage[name](), verb),
        fleet[verb](),
      ]);
    };
    await everybody('hush');
    const until = Date.now() + CALM;
    let lines: Line[];
    do {
      await pause(LOOK);
      await everybody('rest');
      lines = readLines(folder);
    } while (violationsAtRest(lines, { retention: RETENTION.entries }).length > 0 && Date.now() < until);
    return lines;
  } finally {
    process.off('exit', stop);
    await Promise.allSettled(ends.map((end) => end()));
  }
}

async function openPage(
  origin: string,
  ends: (() => Promise<unknown>)[],
  write: (text: string) => void,
): Promise<Page> {
  const browser: Browser = await BROWSERS.Chromium();
  ends.push(() => browser.close());
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error));
  await page.exposeFunction('chaosLine', write);
  await reach(page, origin);
  return page;
}

/** Again until it is there: the network is bad on purpose. */
async function reach(page: Page, origin: string): Promise<void> {
  const until = Date.now() + REACH;
  for (;;) {
    try {
      await page.goto(origin, { timeout: 10_000 });
      await page.waitForFunction('typeof chaosInPage === "object"', undefined, { timeout: 10_000 });
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await pause(200);
    }
  }
}

/** Those that were opened and have not gone. */
function instancesIn(lines: readonly Line[]): string[] {
  const gone = new Set(lines.filter(({ what }) => what === 'gone').map(({ by }) => by));
  return lines.filter(({ what, by }) => what === 'opened' && !gone.has(by)).map(({ by }) => by);
}

function readLines(folder: string): Line[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').split('\n'))
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as Line);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
