/**
 * `npm run frames`: messages at a rate into a list of React that is bounded, in Chromium, and how long its frames take.
 * Exits with 1 when one took longer than 50 ms.
 */
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { CHROMIUM } from '../../browser/browsers.js';
import { bold, dim, green, ms, print, red, wide } from '../../matrix/terminal.js';
import { startChild } from '../../transports/child.js';
import type { Seen } from './in-page.js';
import type { FramesVerbs } from './serve.js';

const usage = `npm run frames -- [flags]
  --rate 1000      messages a second
  --seconds 10     how long, 1 to 60
  --devtools       with the panel of the devtools open
`;
/** A frame that takes longer was dropped in a way that is seen, ms. */
const LONG = 50;
/** For what is still on its way, ms. */
const REST = 1_000;

const { rate, seconds, devtools } = read();
const server = await startChild<FramesVerbs>('bindings/frames/serve');
const browser = await chromium.launch(CHROMIUM);
try {
  const page = await browser.newPage();
  const tools = await page.context().newCDPSession(page);
  await tools.send('Performance.enable', { timeDomain: 'threadTicks' });
  /** CPU time that the page's own thread has taken, s. */
  const cpu = async (): Promise<number> =>
    (await tools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')!.value;
  await page.goto(`http://127.0.0.1:${await server.does.port()}/${devtools ? '#devtools' : ''}`);
  await page.waitForFunction(() => seen().state === 'subscribed');
  // What the machine does to a page that does nothing.
  await page.evaluate(() => begin());
  await page.waitForTimeout(REST);
  const { frames: atRest } = await page.evaluate(() => seen());
  await page.evaluate(() => begin());
  const before = await cpu();
  const published = await server.does.count(rate, seconds);
  await page.waitForTimeout(REST);
  const taken = (await cpu()) - before;
  process.exitCode = show(published, await page.evaluate(() => seen()), atRest, taken) ? 0 : 1;
} finally {
  await browser.close();
  await server.kill();
}

declare function begin(): void;
declare function seen(): Seen;

function show(
  published: number,
  { messages, renders, rows, frames, tasks }: Seen,
  atRest: number[],
  taken: number,
): boolean {
  const long = frames.filter((time) => time > LONG).length;
  const beside = devtools ? ', with the devtools open' : '';
  print(bold(`${rate} messages a second for ${seconds} s into a list of React, bounded at ${rows}${beside}`));
  const rowsOf: [string, string][] = [
    ['messages', `${messages} of ${published}`],
    ['renders', `${renders}, ${(messages / renders).toFixed(1)} messages each`],
    ['CPU of the page', `${ms((taken / seconds) * 1_000)} a second`],
    ['frames', spread(frames)],
    ['frames at rest', spread(atRest)],
    [`tasks over ${LONG} ms`, tasks.length === 0 ? 'none' : tasks.map((time) => ms(time)).join(', ')],
  ];
  for (const [name, value] of rowsOf) print(`${dim(wide(name, 18))}${value}`);
  const isRight = long === 0 && messages === published;
  print(
    isRight
      ? green(`No frame took longer than ${LONG} ms.`)
      : red(`${long} frames took longer than ${LONG} ms.`),
  );
  return isRight;
}

function spread(times: number[]): string {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number): string =>
    ms(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  return `${times.length}: half within ${at(0.5)}, 99 % within ${at(0.99)}, the longest ${at(1)}`;
}

function read(): { rate: number; seconds: number; devtools: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        rate: { type: 'string', default: '1000' },
        seconds: { type: 'string', default: '10' },
        devtools: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const number = (name: 'rate' | 'seconds', most: number): number => {
      const value = Number(values[name]);
      if (Number.isInteger(value) && value >= 1 && value <= most) return value;
      throw new Error(`--${name} has to be a whole number from 1 to ${most}.`);
    };
    return { rate: number('rate', 10_000), seconds: number('seconds', 60), devtools: values.devtools };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}
