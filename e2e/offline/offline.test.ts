/** An outbox that outlives its page, in Chromium: pages that are loaded again, crash, and are killed with their browser. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { BROWSERS, CHROMIUM } from '../browser/browsers.js';
import { bundleInPage } from '../browser/bundle.js';
import { eventually, startWorld } from '../outcomes/world.js';
import type { World } from '../outcomes/world.js';
import type { OfflinePage } from './in-page.js';

declare const iskraOffline: OfflinePage;

let browser: Browser;
let origin: string;
const pages = createServer();
beforeAll(async () => {
  const script = await bundleInPage(new URL('in-page.ts', import.meta.url), 'esm');
  pages.on('request', ({ url }, response) => {
    response.setHeader('content-type', url === '/page.js' ? 'text/javascript' : 'text/html');
    response.end(
      url === '/page.js' ? script : '<!doctype html><script type="module" src="/page.js"></script>',
    );
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  browser = await BROWSERS.Chromium();
});
afterAll(async () => {
  await browser.close();
  pages.close();
});

/** A server that counts how often its handler ran. */
async function start(): Promise<{ world: World; counted: number[] }> {
  const counted: number[] = [];
  const prepare: Parameters<typeof startWorld>[0] = {
    origins: '*',
    prepare: (realtime) => realtime.handle('count', (n) => counted.push(n as number)),
  };
  return { world: await startWorld(prepare), counted };
}

async function visitors(): Promise<BrowserContext> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  return context;
}

async function visit(context: BrowserContext, world: World): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${origin}/?url=http://127.0.0.1:${world.network.port}/realtime`);
  await isThere(page);
  return page;
}

const isThere = (page: Page) => page.waitForFunction(() => 'iskraOffline' in globalThis);
const waiting = (page: Page) => eventually(() => page.evaluate(() => iskraOffline.waiting()));
const ends = (page: Page) => eventually(() => page.evaluate(() => iskraOffline.ends));

describe('a send', () => {
  it('survives that the page is loaded again, and ends once, in its order', async () => {
    const { world } = await start();
    const page = await visit(await visitors(), world);
    await page.evaluate(() => iskraOffline.publish(1));
    await ends(page).toEqual(['1 acknowledged']);
    world.network.hold();
    await page.evaluate(() => iskraOffline.publish(2));
    await eventually(() => world.log('numbers')).toEqual([1, 2]);
    world.network.cut();
    await page.evaluate(() => iskraOffline.publish(3));
    await waiting(page).toEqual(['2 sent stored', '3 queued stored']);
    await page.reload();
    await isThere(page);
    await waiting(page).toEqual(['2 sent stored', '3 queued stored']);
    world.network.mend();
    await page.evaluate(() => iskraOffline.publish(4));
    await ends(page).toEqual(['2 acknowledged', '3 acknowledged', '4 acknowledged']);
    expect(await world.log('numbers')).toEqual([1, 2, 3, 4]);
    expect(await page.evaluate(() => iskraOffline.memory)).toEqual([]);
  });

  it('survives a crash between the commit and its acknowledgement', async () => {
    const { world, counted } = await start();
    const context = await visitors();
    const page = await visit(context, world);
    await page.evaluate(() => iskraOffline.publish(1));
    await ends(page).toEqual(['1 acknowledged']);
    world.network.hold();
    await page.evaluate(() => iskraOffline.count(7));
    await eventually(() => counted).toEqual([7]);
    const crashed = page.waitForEvent('crash');
    const devtools = await context.newCDPSession(page);
    void devtools.send('Page.crash').catch(() => {});
    await crashed;
    world.network.cut();
    world.network.mend();
    const next = await visit(context, world);
    await ends(next).toEqual(['7 acknowledged 1']);
    expect(counted).toEqual([7]);
  });

  it('survives that the browser is killed between the commit and its acknowledgement', async () => {
    const { world, counted } = await start();
    const profile = await mkdtemp(path.join(tmpdir(), 'iskra-offline-'));
    const first = await openProfile(profile);
    const page = await visit(first.context, world);
    await page.evaluate(() => iskraOffline.publish(1));
    await ends(page).toEqual(['1 acknowledged']);
    world.network.hold();
    await page.evaluate(() => iskraOffline.count(7));
    await eventually(() => counted).toEqual([7]);
    await first.kill();
    world.network.cut();
    world.network.mend();
    const second = await openProfile(profile);
    await ends(await visit(second.context, world)).toEqual(['7 acknowledged 1']);
    expect(counted).toEqual([7]);
    await second.kill();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is unknown when its session is gone; what no connection was given goes into the next one', async () => {
    const { world } = await start();
    const page = await visit(await visitors(), world);
    await page.evaluate(() => iskraOffline.publish(1));
    await ends(page).toEqual(['1 acknowledged']);
    world.network.hold();
    await page.evaluate(() => iskraOffline.publish(2));
    await eventually(() => world.log('numbers')).toEqual([1, 2]);
    await world.restart();
    await page.evaluate(() => iskraOffline.publish(3));
    await waiting(page).toEqual(['2 sent stored', '3 queued stored']);
    await page.reload();
    await isThere(page);
    world.network.mend();
    await ends(page).toEqual(['2 unknown', '3 acknowledged']);
    expect(await world.log('numbers')).toEqual([3]);
  });
});

it('an outbox that is closed is opened again in the same page, in the same share, with what waits in it', async () => {
  const { world } = await start();
  const context = await visitors();
  const page = await visit(context, world);
  // It has another share, which nobody is to take meanwhile.
  await visit(context, world);
  world.network.cut();
  await page.evaluate(() => [1, 2].forEach((n) => iskraOffline.publish(n)));
  expect(await page.evaluate(() => iskraOffline.again())).toEqual(['1 queued stored', '2 queued stored']);
  world.network.mend();
  await page.reload();
  await isThere(page);
  await ends(page).toEqual(['1 acknowledged', '2 acknowledged']);
});

it('a database that answers no more holds nothing up: what was to be written is unknown, and the rest goes on', async () => {
  const { world } = await start();
  const page = await visit(await visitors(), world);
  await page.evaluate(() => iskraOffline.publish(1));
  await ends(page).toEqual(['1 acknowledged']);
  await page.evaluate(() => iskraOffline.hang());
  await page.evaluate(() => iskraOffline.publish(2));
  await ends(page).toEqual(['1 acknowledged', '2 unknown']);
  await page.evaluate(() => iskraOffline.publish(3));
  await ends(page).toEqual(['1 acknowledged', '2 unknown', '3 acknowledged']);
  expect(await page.evaluate(() => iskraOffline.memory)).toEqual(['In memory only: no answer.']);
  expect(await world.log('numbers')).toEqual([1, 3]);
});

it('two tabs have a share each, and nothing of either is sent twice', async () => {
  const { world } = await start();
  const context = await visitors();
  const tabs = [await visit(context, world), await visit(context, world)] as const;
  world.network.cut();
  for (const [index, tab] of tabs.entries())
    await tab.evaluate((from) => [1, 2, 3].forEach((n) => iskraOffline.publish(from + n)), index * 10);
  await waiting(tabs[1]).toEqual(['11 queued stored', '12 queued stored', '13 queued stored']);
  await Promise.all(tabs.map((tab) => tab.reload().then(() => isThere(tab))));
  world.network.mend();
  await ends(tabs[0]).toEqual(['1 acknowledged', '2 acknowledged', '3 acknowledged']);
  await ends(tabs[1]).toEqual(['11 acknowledged', '12 acknowledged', '13 acknowledged']);
  const log = (await world.log('numbers')) as number[];
  expect(log.filter((n) => n < 10)).toEqual([1, 2, 3]);
  expect(log.filter((n) => n > 10)).toEqual([11, 12, 13]);
});

it('an effect that is stored with its position happens once for each entry, however often the page begins anew', async () => {
  const { world } = await start();
  const page = await visit(await visitors(), world);
  for (let from = 1; from <= 91; from += 30) {
    await page.evaluate(() => iskraOffline.addUp());
    const publishing = (async () => {
      for (let n = from; n < from + 30; n++) await world.realtime.publish('numbers', 'said', n);
    })();
    // In the middle of it.
    await eventually(() => page.evaluate(() => iskraOffline.sum())).toBeGreaterThan(0);
    await page.reload();
    await isThere(page);
    await publishing;
  }
  await page.evaluate(() => iskraOffline.addUp());
  await eventually(() => page.evaluate(() => iskraOffline.sum())).toBe((120 * 121) / 2);
});

/** A browser with a profile that outlives it, which only this test ends. */
async function openProfile(profile: string): Promise<{ context: BrowserContext; kill(): Promise<void> }> {
  const args = [
    ...CHROMIUM.args,
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
  ];
  const program = spawn(CHROMIUM.executablePath, [...args, 'about:blank'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = async (): Promise<void> => {
    if (program.exitCode !== null || program.signalCode !== null) return;
    const gone = new Promise((resolve) => program.once('exit', resolve));
    // With its children, which are a group.
    process.kill(-program.pid!, 'SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  const connected = await chromium.connectOverCDP(await addressOf(program));
  return { context: connected.contexts()[0]!, kill };
}

async function addressOf(program: ChildProcess): Promise<string> {
  for await (const line of createInterface(program.stderr!)) {
    const [, address] = /^DevTools listening on (\S+)/.exec(line) ?? [];
    if (address === undefined) continue;
    // Whatever else it says, nobody reads.
    program.stderr!.resume();
    return address;
  }
  throw new Error('Chromium ended before it listened.');
}
