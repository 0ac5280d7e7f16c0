/** The demo as a visitor has it: the built server as a process, two real browsers, nothing between. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BROWSERS } from '../browser/browsers.js';
import type { BrowserName } from '../browser/browsers.js';
import { serveRoom } from './serve-room.js';
import type { Room } from './serve-room.js';

interface Visitor {
  readonly page: Page;
  /** Errors of the console, of scripts and of the content security policy. */
  readonly complaints: string[];
  leave(): Promise<void>;
}

const PHONE = { width: 390, height: 844 };
/** Longer than any of this takes on a busy machine; a rung that was bad is looked at again after a while. */
const PATIENCE = 45_000;
/** For what has to happen at once: far less than a lease. */
const PROMPT = 5_000;

let rooms = 0;

/** A file each: they wait side by side. */
export function theRoomIn(name: BrowserName): void {
  describe(`the room in ${name}`, () => {
    let browser: Browser;
    let room: Room | undefined;
    const visitors: Visitor[] = [];

    beforeAll(async () => {
      room = await serveRoom();
      browser = await BROWSERS[name]();
    });
    afterEach(async () => {
      await Promise.all(visitors.splice(0).map((visitor) => visitor.leave()));
    });
    afterAll(async () => {
      await Promise.all([browser?.close(), room?.stop()]);
    });

    const newRoom = (): string => `${name.toLowerCase()}-${++rooms}`;

    async function visit(id = newRoom(), options: BrowserContextOptions = {}): Promise<Visitor> {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (line) => {
        if (line.type() === 'error') complaints.push(line.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      const visitor = { page, complaints, leave: () => context.close() };
      visitors.push(visitor);
      await page.goto(`${room!.url}/#${id}`);
      await isLive(page, 'websocket');
      return visitor;
    }

    const text = (page: Page, id: string): Promise<string> => page.getByTestId(id).innerText();

    const eventually = <Value>(look: () => Promise<Value>): ReturnType<typeof expect.poll<Value>> =>
      expect.poll(look, { timeout: PATIENCE, interval: 50 });

    /** The rung of the ladder that is lit. */
    const isLive = async (page: Page, transport: string): Promise<void> => {
      await eventually(() =>
        page.getByTestId('rung').evaluateAll((rungs) =>
          rungs
            .filter((rung) => rung.getAttribute('data-live') === 'true')
            .map((rung) => rung.getAttribute('data-transport'))
            .join(' '),
        ),
      ).toBe(transport);
    };

    const block = (page: Page, transport: string): Promise<void> =>
      page.getByTestId(`block-${transport}`).click();

    const say = async (page: Page, what: string): Promise<void> => {
      await page.getByTestId('text').fill(what);
      await page.getByTestId('send').click();
    };
    const messages = (page: Page): Promise<string[]> =>
      page.getByTestId('messages').locator('.text').allInnerTexts();
    const members = (page: Page): Promise<number> => page.getByTestId('member').count();
    /** What became of the last own message. */
    const state = (page: Page): Promise<string> => page.getByTestId('message-state').last().innerText();

    const sendNumbers = (page: Page): Promise<void> => page.getByTestId('numbers-send').click();
    const numbersAreKept = async (page: Page): Promise<void> => {
      const check = page.getByTestId('numbers-check');
      await eventually(() => check.getAttribute('data-state')).toBe('kept');
      expect(await check.innerText()).toBe('received 200 of 200, none lost, none doubled, in order');
      const cells = await page
        .getByTestId('cells')
        .locator('span')
        .evaluateAll((found) => found.map((cell) => cell.getAttribute('data-state')));
      expect(cells).toEqual(new Array(200).fill('received'));
    };

    it('loads and connects without a complaint of the browser', async () => {
      const { page, complaints } = await visit();
      await eventually(() => messages(page)).toEqual([
        'Welcome. Say something, then block a rung of the ladder: the conversation goes on.',
      ]);
      await eventually(() => text(page, 'status')).toBe('Connected over WebSocket');
      await page.getByTestId('ask').click();
      await eventually(() => text(page, 'answer')).toMatch(/ UTC, in \d+ ms over WebSocket$/);
      const headers = (await page.reload())?.headers();
      expect(headers?.['content-security-policy']).toMatch(/default-src 'none'/);
      await isLive(page, 'websocket');
      expect(complaints).toEqual([]);
    });

    it('shows two visitors each other, and what they say', async () => {
      const id = newRoom();
      const [one, other] = await Promise.all([visit(id), visit(id)]);
      for (const { page } of [one, other]) await eventually(() => members(page)).toBe(2);
      await say(one.page, 'Привіт 👋');
      await eventually(() => messages(other.page)).toContain('Привіт 👋');
      await say(other.page, 'and to you');
      await eventually(() => messages(one.page)).toContain('and to you');
      for (const { page } of [one, other]) {
        expect((await messages(page)).slice(1)).toEqual(['Привіт 👋', 'and to you']);
      }
      await eventually(() => state(one.page)).toMatch(/✓/);
      expect([...one.complaints, ...other.complaints]).toEqual([]);

      // A page that is loaded again has left: nobody waits until its lease ends.
      await other.page.reload();
      await isLive(other.page, 'websocket');
      await eventually(() => other.page.locator('[data-testid="member"][data-self="true"]').count()).toBe(1);
      for (const { page } of [other, one]) {
        await expect.poll(() => members(page), { timeout: PROMPT, interval: 50 }).toBe(2);
      }
      await other.page.close();
      await expect.poll(() => members(one.page), { timeout: PROMPT, interval: 50 }).toBe(1);
    });

    it('steps down the ladder and up again while 200 numbers pass, and stays connected', async () => {
      const { page } = await visit();
      await page.evaluate(() => {
        const status = document.getElementById('status')!;
        const seen: (string | null)[] = [];
        new MutationObserver(() => seen.push(status.getAttribute('data-state'))).observe(status, {
          attributeFilter: ['data-state'],
        });
        Object.assign(globalThis, { seen });
      });

      await sendNumbers(page);
      for (const [blocked, next] of [
        ['websocket', 'sse'],
        ['sse', 'long-poll'],
        ['long-poll', 'polling'],
      ] as const) {
        await block(page, blocked);
        await isLive(page, next);
      }
      await numbersAreKept(page);

      await sendNumbers(page);
      for (const blocked of ['websocket', 'sse', 'long-poll']) await block(page, blocked);
      await isLive(page, 'websocket');
      await numbersAreKept(page);
      expect(await page.evaluate(() => (globalThis as unknown as { seen: unknown[] }).seen)).toEqual([]);
    });

    it('shows a refused message with the field that is held against it', async () => {
      const { page } = await visit();
      await page.getByTestId('too-long').click();
      await eventually(() => state(page)).toMatch(/payload\.text: .*500/);
      await say(page, 'shorter');
      await eventually(() => state(page)).toMatch(/✓/);
    });

    it('is used with the keyboard alone', async () => {
      const { page } = await visit();
      const focused = (): Promise<string | null> =>
        page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? null);
      const goTo = async (target: string, key: string): Promise<void> => {
        for (let presses = 0; presses < 40 && (await focused()) !== target; presses++) {
          await page.keyboard.press(key);
        }
        expect(await focused()).toBe(target);
        expect(await page.evaluate(() => document.activeElement!.matches(':focus-visible'))).toBe(true);
      };

      await goTo('text', 'Tab');
      await page.keyboard.type('by keyboard');
      await page.keyboard.press('Enter');
      await eventually(() => messages(page)).toContain('by keyboard');
      await goTo('block-websocket', 'Shift+Tab');
      await page.keyboard.press('Space');
      await isLive(page, 'sse');
      expect(await page.getByTestId('block-websocket').getAttribute('aria-pressed')).toBe('true');
      // In words, not as the key under which the documentation has it.
      await eventually(() => page.locator('[data-transport="websocket"] .more').innerText()).toMatch(
        /^Cure: [^#]+$/,
      );
    });

    it('fits a phone', async () => {
      const { page } = await visit(newRoom(), { viewport: PHONE });
      await say(page, 'a-word-that-cannot-be-broken-anywhere-at-all'.repeat(6));
      await say(page, 'w'.repeat(300));
      await eventually(async () => (await messages(page)).length).toBe(3);
      const [visible, wide] = await page.evaluate(() => [
        document.documentElement.clientWidth,
        document.documentElement.scrollWidth,
      ]);
      expect(wide).toBeLessThanOrEqual(visible!);
      const cut = await page.evaluate(
        (width) =>
          [...document.querySelectorAll('button, input, h2, [data-testid]')]
            .map((one) => ({ one, box: one.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && (box.right > width + 1 || box.left < -1))
            .map(({ one }) => one.outerHTML.slice(0, 80)),
        PHONE.width,
      );
      expect(cut).toEqual([]);
    });

    it('is light or dark as the system is, until the visitor chooses', async () => {
      /** The brightness of the page's ground and of what is written on it: 0 black, 1 white. */
      const looks = async (page: Page): Promise<string> => {
        const [ground = 0, ink = 0] = await page.evaluate(() => {
          const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
          const { color, backgroundColor } = getComputedStyle(document.body);
          return [backgroundColor, color].map((one) => {
            canvas.fillStyle = one;
            canvas.fillRect(0, 0, 1, 1);
            const [r = 0, g = 0, b = 0] = canvas.getImageData(0, 0, 1, 1).data;
            return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
          });
        });
        if (ground > 0.8 && ink < 0.3) return 'light';
        return ground < 0.2 && ink > 0.7 ? 'dark' : `ground ${ground}, ink ${ink}`;
      };
      for (const colorScheme of ['dark', 'light'] as const) {
        const { page } = await visit(newRoom(), { colorScheme });
        const isDark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
        const [system, other] = isDark ? ['dark', 'light'] : ['light', 'dark'];
        // Firefox cannot be told what its system likes, and keeps what it has.
        if (name === 'Chromium') expect(system).toBe(colorScheme);
        await eventually(() => looks(page)).toBe(system);
        const button = page.locator('#theme');
        expect(await button.getAttribute('aria-pressed')).toBe(String(isDark));
        await button.click();
        await eventually(() => looks(page)).toBe(other);
        await page.reload();
        await eventually(() => looks(page)).toBe(other);
      }
    });
  });
}
