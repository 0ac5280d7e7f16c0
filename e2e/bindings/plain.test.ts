/** `useWebSocket` as a visitor has it: in Chromium, with the server's own `/ws/<name>`. */
import { createRealtime } from '@iskra/server';
import type { Realtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { Hono } from 'hono';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BROWSERS } from '../browser/browsers.js';
import { bundleInPage } from '../browser/bundle.js';

declare function say(text: string): boolean;
declare function leave(): void;

let browser: Browser;
let page: Page;
let script: string;
let realtime: Realtime;
let serving: Serving;
const complaints: string[] = [];

async function start(port = 0): Promise<void> {
  const app = new Hono();
  app.get('/', (c) =>
    c.html(
      '<!doctype html><meta charset="utf-8"><title>Iskra</title><link rel="icon" href="data:,">' +
        '<div id="root"></div><script src="/page.js"></script>',
    ),
  );
  app.get('/page.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
  realtime = createRealtime({ logger: false });
  serving = await serve(realtime, { port, hostname: '127.0.0.1', app });
}

beforeAll(async () => {
  script = await bundleInPage(new URL('plain/in-page.ts', import.meta.url));
  [browser] = await Promise.all([BROWSERS.Chromium(), start()]);
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(serving.url.replace('localhost', '127.0.0.1'));
});
afterAll(async () => {
  await browser?.close();
  await serving?.close({ timeout: 0 });
});

const eventually = <Value>(look: () => Promise<Value> | Value): ReturnType<typeof expect.poll<Value>> =>
  expect.poll(look, { timeout: 20_000, interval: 30 });
const state = (): Promise<string> => page.locator('output').innerText();
const texts = (): Promise<string[]> => page.locator('p').allInnerTexts();

it('useWebSocket has one socket in StrictMode, says and shows texts, and keeps the newest', async () => {
  await eventually(state).toBe('connected');
  expect(realtime.activeConnections).toBe(1);
  expect(await page.evaluate(() => say('Привіт 👋'))).toBe(true);
  await eventually(texts).toEqual([
    expect.stringMatching(/^1: Welcome, ada/),
    '2: Server received: Привіт 👋',
  ]);
  await page.evaluate(() => say('three') && say('four'));
  await eventually(texts).toEqual([
    '2: Server received: Привіт 👋',
    '3: Server received: three',
    '4: Server received: four',
  ]);
});

it('useWebSocket shows that its server has gone, connects again by itself, and then says what waited', async () => {
  await serving.close({ timeout: 0 });
  await eventually(state).toBe('away');
  expect(await page.evaluate(() => say('waited'))).toBe(true);
  await start(serving.port);
  await eventually(state).toBe('connected');
  await eventually(texts).toEqual([
    '4: Server received: four',
    expect.stringMatching(/^5: Welcome, ada/),
    '6: Server received: waited',
  ]);
});

it('useWebSocket closes its socket when its component goes', async () => {
  expect(realtime.activeConnections).toBe(1);
  await page.evaluate(() => leave());
  await eventually(() => realtime.activeConnections).toBe(0);
  expect(complaints).toEqual([]);
});
