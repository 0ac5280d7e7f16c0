/** Tabs of one real browser get credentials together, by its own locks and channels. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROWSERS } from '../browser/browsers.js';
import type { BrowserName } from '../browser/browsers.js';
import { bundleInPage } from '../browser/bundle.js';
import type { InPage } from './auth-in-page.js';

declare const inPage: InPage;

const TABS = 3;

describe.each(Object.keys(BROWSERS) as BrowserName[])('%s tabs that ask for credentials together', (name) => {
  let server: Server;
  let browser: Browser;
  let context: BrowserContext;
  let pages: Page[];
  let asked = 0;
  /** Requests for a token that wait until the test gives one. */
  const waiting: (() => void)[] = [];

  beforeAll(async () => {
    const script = await bundleInPage(new URL('auth-in-page.ts', import.meta.url));
    server = createServer(({ method }, response) => {
      if (method !== 'POST')
        return void response.setHeader('content-type', 'text/html').end(`<script>${script}</script>`);
      const token = `token ${++asked}`;
      waiting.push(() => response.end(token));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await BROWSERS[name]();
    context = await browser.newContext();
    pages = await Promise.all(
      Array.from({ length: TABS }, async () => {
        const page = await context.newPage();
        await page.goto(url);
        return page;
      }),
    );
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  /** All of them ask; resolves when each of them waits, with what each will have got. */
  const askAll = async (some: readonly Page[], atWork: Page) => {
    await Promise.all(some.map((page) => page.evaluate(() => inPage.ask())));
    const tabs = some.includes(atWork) ? some.length : some.length + 1;
    await expect.poll(() => some.at(-1)!.evaluate(() => inPage.tabs())).toBe(tabs);
    return () => Promise.all(some.map((page) => page.evaluate(() => inPage.asked)));
  };
  const give = async (): Promise<void> => {
    await expect.poll(() => waiting.length).toBeGreaterThan(0);
    waiting.splice(0).forEach((answer) => answer());
  };

  it('cost one request, time after time', async () => {
    for (const round of [1, 2]) {
      const got = await askAll(pages, pages[0]!);
      await give();
      expect(await got()).toEqual(pages.map(() => `token ${round}`));
      expect(asked).toBe(round);
    }
  });

  it('get them from another one when the tab that asked is closed', async () => {
    const [dying, ...others] = pages as [Page, ...Page[]];
    await askAll([dying], dying);
    const got = await askAll(others, dying);
    await dying.close();
    await expect.poll(() => asked).toBe(4);
    await give();
    expect(await got()).toEqual(others.map(() => 'token 4'));
  });
});
