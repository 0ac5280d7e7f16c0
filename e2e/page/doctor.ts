// "Examine it" of the demo: the doctor's report from inside a real browser, on a clear way and behind boxes.

import { openBox } from '@iskra/chaos';
import type { Box } from '@iskra/chaos';
import { ADVICE } from '@iskra/client/doctor';
import type { FindingCode } from '@iskra/client/doctor';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BROWSERS } from '../browser/browsers.js';
import type { BrowserName } from '../browser/browsers.js';
import { serveRoom } from './serve-room.js';
import type { Room } from './serve-room.js';

const PHONE = { width: 390, height: 844 };
/** Longer than an examination of which half gets no answer takes on a busy machine. */
const PATIENCE = 45_000;
const CLEAR = 'The best transport that this path allows is websocket, and nothing stands in the way.';

/** A file each: they wait side by side. */
export function theReportIn(name: BrowserName): void {
  describe(`the report in ${name}`, () => {
    let room: Room;
    beforeAll(async () => {
      room = await serveRoom();
    });
    afterAll(() => room.stop());
    let browser: Browser;
    const ends: (() => Promise<unknown>)[] = [];
    beforeAll(async () => {
      browser = await BROWSERS[name]();
    });
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });
    afterAll(() => browser?.close());

    async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext(options);
      ends.push(() => context.close());
      const page = await context.newPage();
      await page.goto(url);
      return page;
    }
    async function behind(profile: string): Promise<Box> {
      const box = await openBox({ to: room.url, profile });
      ends.push(() => box.close());
      return box;
    }

    const eventually = <Value>(look: () => Promise<Value>): ReturnType<typeof expect.poll<Value>> =>
      expect.poll(look, { timeout: PATIENCE, interval: 100 });
    const state = (page: Page): Promise<string | null> =>
      page.getByTestId('report').getAttribute('data-state');
    const summary = (page: Page): Promise<string> => page.getByTestId('report-summary').innerText();
    const results = (page: Page): Promise<string[]> =>
      page
        .getByTestId('check')
        .evaluateAll((rows) =>
          rows.map((row) => `${row.getAttribute('data-check')}: ${row.getAttribute('data-result')}`),
        );
    const findings = (page: Page): Promise<(string | null)[]> =>
      page.getByTestId('finding').evaluateAll((all) => all.map((one) => one.getAttribute('data-code')));
    const visibleLines = (page: Page): Promise<string[]> =>
      page.locator('[data-testid="lines"]:visible').allInnerTexts();
    const focused = (page: Page): Promise<string | null> =>
      page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? null);

    async function examine(page: Page): Promise<void> {
      await page.getByTestId('examine').click();
      await eventually(() => state(page)).not.toBe('running');
    }

    it('is opened, read and closed with the keyboard, and finds nothing on a clear way', async () => {
      const page = await visit(room.url);
      const complaints: string[] = [];
      page.on('console', (line) => void (line.type() === 'error' && complaints.push(line.text())));
      page.on('pageerror', (error) => complaints.push(String(error)));
      for (let presses = 0; presses < 10 && (await focused(page)) !== 'examine'; presses++) {
        await page.keyboard.press('Tab');
      }
      await page.keyboard.press('Enter');
      expect(await focused(page)).toBe('report-again');
      await eventually(() => summary(page)).toBe(CLEAR);
      expect(await results(page)).toEqual(
        [
          ...['server', 'websocket', 'websocket, quiet', 'sse', 'sse, quiet', 'long-poll', 'long-poll, held'],
          ...['polling', 'request size', 'repetition'],
        ].map((check) => `${check}: pass`),
      );
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      expect(await page.getByTestId('report').isVisible()).toBe(false);
      expect(await focused(page)).toBe('examine');
      expect(complaints).toEqual([]);
      // The examination has left nobody behind: only the page's own client is there.
      const connections = async (): Promise<unknown> =>
        ((await (await fetch(`${room.url}/health`)).json()) as { active_connections: unknown })
          .active_connections;
      await eventually(connections).toBe(1);
    });

    it('tells what a box breaks, and the lines that cure it for the proxy that one has', async () => {
      const page = await visit((await behind('strip-upgrade,buffer')).url);
      await examine(page);
      expect(await summary(page)).toBe(
        'The best transport that this path allows is long-poll; a better one works once the findings are cured.',
      );
      expect(await results(page)).toEqual(
        expect.arrayContaining(['websocket: fail', 'sse: fail', 'long-poll: pass', 'polling: pass']),
      );
      const found: FindingCode[] = ['ws-refused', 'sse-buffered'];
      expect(await findings(page)).toEqual(found);
      expect(await page.locator('[data-check="websocket"]').innerText()).toContain(
        'a plain request to the same address arrives',
      );
      expect(await page.getByTestId('finding').first().innerText()).toContain(ADVICE['ws-refused'].cure);
      expect(await visibleLines(page)).toEqual(found.map((code) => ADVICE[code].lines?.nginx));
      await page.getByTestId('lines-nginx').focus();
      await page.keyboard.press('ArrowRight');
      expect(await visibleLines(page)).toEqual(found.map((code) => ADVICE[code].lines?.haproxy));
      await page.keyboard.press('ArrowRight');
      expect(await visibleLines(page)).toEqual(found.map((code) => ADVICE[code].lines?.apache));
    });

    it.each<[string, FindingCode[], string]>([
      ['mute-websocket', ['ws-silent'], 'sse'],
      ['kill-websocket=2s,one-behind', ['ws-killed-early', 'sse-one-behind'], 'long-poll'],
      ['limit-bodies=8kB', ['body-limit'], 'websocket'],
      ['cut-answers=2s', ['sse-killed-early', 'poll-cut'], 'websocket'],
      ['repeat-posts', ['posts-repeated'], 'websocket'],
    ])('finds out what %s is', async (profile, codes, best) => {
      const page = await visit((await behind(profile)).url);
      await examine(page);
      expect(await findings(page), (await page.getByTestId('check').allInnerTexts()).join('\n')).toEqual(
        codes,
      );
      expect(await summary(page)).toContain(`this path allows is ${best};`);
    });

    it('follows what the visitor blocks, and is clear again when nothing is', async () => {
      const page = await visit(room.url);
      await page.getByTestId('block-sse').click();
      await eventually(() => page.getByTestId('block-sse').getAttribute('aria-pressed')).toBe('true');
      await examine(page);
      expect(await findings(page)).toEqual(['sse-refused']);
      expect(await page.locator('[data-check="sse"]').innerText()).toContain('answered 502');
      await page.getByTestId('report-close').click();
      await page.getByTestId('block-sse').click();
      await eventually(() => page.getByTestId('block-sse').getAttribute('aria-pressed')).toBe('false');
      await examine(page);
      expect(await summary(page)).toBe(CLEAR);
    });

    it('begins anew when it is asked to, and ends with its window', async () => {
      const page = await visit(room.url);
      await page.getByTestId('examine').click();
      await page.getByTestId('report-longer').check();
      await page.getByTestId('report-again').click();
      await page.getByTestId('report-close').click();
      // Far less than it would have been quiet for.
      const connections = async (): Promise<unknown> =>
        ((await (await fetch(`${room.url}/health`)).json()) as { active_connections: unknown })
          .active_connections;
      await expect.poll(connections, { timeout: 15_000, interval: 100 }).toBe(1);
      await page.getByTestId('examine').click();
      await page.getByTestId('report-longer').uncheck();
      await page.getByTestId('report-again').click();
      await eventually(() => summary(page)).toBe(CLEAR);
    });

    it('fits a phone', async () => {
      const page = await visit((await behind('strip-upgrade')).url, { viewport: PHONE });
      await examine(page);
      const cut = await page
        .getByTestId('report')
        .locator('button, h2, h3, p, td, th, label, pre')
        .evaluateAll(
          (all, width) =>
            all
              .map((one) => ({ one, box: one.getBoundingClientRect() }))
              .filter(
                ({ one, box }) =>
                  box.width > 1 &&
                  (box.right > width ||
                    box.left < 0 ||
                    (one.tagName !== 'PRE' && one.scrollWidth > box.width + 1)),
              )
              .map(({ one }) => one.outerHTML.slice(0, 80)),
          PHONE.width,
        );
      expect(cut).toEqual([]);
    });
  });
}
