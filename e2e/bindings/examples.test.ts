/** The rooms in React, Vue and Svelte as a visitor has them: built by Vite, in Chromium, with the real server of the room. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BROWSERS } from '../browser/browsers.js';
import { endAll, serveRoom } from '../programs.js';
import { buildExample, serveExample } from './vite.js';
import type { Example } from './vite.js';

/** Longer than any of this takes on a busy machine. */
const PATIENCE = 30_000;

let browser: Browser;
let room: string;
let rooms = 0;
beforeAll(async () => {
  browser = await BROWSERS.Chromium();
  ({ url: room } = await serveRoom());
});
afterAll(async () => {
  await browser?.close();
  await endAll();
});

interface Visit {
  readonly page: Page;
  /** Errors and warnings of the console, and of scripts. */
  readonly complaints: string[];
  /** Of the sessions that the page has opened: each has one of its own, whatever carries it. */
  readonly nonces: Set<string>;
}

describe.each<Example>(['react', 'vue', 'svelte'])('the room in %s', (example) => {
  let url: string;
  const visits: Page[] = [];
  beforeAll(async () => {
    await buildExample(example);
    ({ url } = await serveExample(example, room));
  });
  afterEach(async () => {
    await Promise.all(visits.splice(0).map((page) => page.context().close()));
  });

  async function visit(id: string): Promise<Visit> {
    const page = await (await browser.newContext()).newPage();
    visits.push(page);
    const complaints: string[] = [];
    const nonces = new Set<string>();
    const note = (text: string | Buffer | null): void => {
      for (const [, nonce] of String(text).matchAll(/"nonce":"([^"]+)"/g)) nonces.add(nonce!);
    };
    page.on('console', (line) => {
      if (/error|warning/.test(line.type())) complaints.push(line.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => note(request.postData()));
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => note(payload)));
    await page.goto(`${url}/#${id}`);
    await eventually(() => page.getByTestId('status').innerText()).toBe('connected over websocket');
    return { page, complaints, nonces };
  }

  const eventually = <Value>(look: () => Promise<Value>): ReturnType<typeof expect.poll<Value>> =>
    expect.poll(look, { timeout: PATIENCE, interval: 50 });
  const newRoom = (): string => `${example}-${++rooms}`;
  const texts = (page: Page): Promise<string[]> =>
    page.getByTestId('message').locator('.text').allInnerTexts();
  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByTestId('text').fill(text);
    await page.keyboard.press('Enter');
  };

  it('has one session, and shows two visitors each other and what they say', async () => {
    const id = newRoom();
    const [one, other] = await Promise.all([visit(id), visit(id)]);
    for (const { page } of [one, other]) {
      await eventually(() => page.getByTestId('member').count()).toBe(2);
      await eventually(() => texts(page)).toHaveLength(1);
    }
    await say(one.page, 'Привіт 👋');
    await eventually(() => texts(other.page)).toContain('Привіт 👋');
    await say(other.page, 'and to you');
    await eventually(() => texts(one.page)).toContain('and to you');
    expect((await texts(one.page)).slice(1)).toEqual(['Привіт 👋', 'and to you']);
    for (const { nonces, complaints } of [one, other]) {
      expect(nonces.size).toBe(1);
      expect(complaints).toEqual([]);
    }
  });

  it('brings what was said before, and asks the server', async () => {
    const id = newRoom();
    const early = await visit(id);
    await say(early.page, 'before');
    await eventually(() => texts(early.page)).toContain('before');
    const { page } = await visit(id);
    await eventually(() => texts(page)).toContain('before');
    await page.getByTestId('ask').click();
    await eventually(() => page.getByTestId('answer').innerText()).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('leaves the member list with its page', async () => {
    const id = newRoom();
    const [one, other] = await Promise.all([visit(id), visit(id)]);
    await eventually(() => one.page.getByTestId('member').count()).toBe(2);
    await other.page.close();
    await eventually(() => one.page.getByTestId('member').count()).toBe(1);
  });
});
