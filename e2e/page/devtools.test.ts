/** The devtools as somebody has them who only uses the keyboard, in a page whose policy lets nothing be styled or run from within. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { Hono } from 'hono';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROWSERS } from '../browser/browsers.js';
import { bundleInPage } from '../browser/bundle.js';

/** Longer than any of this takes on a busy machine. */
const PATIENCE = 30_000;
const POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self' ws:; style-src 'self'; img-src data:";
/** What a page may say of everything that it has. */
const STYLE = 'button, div, section { display: none !important; color: red !important }';

declare function say(text: string): Promise<void>;
declare function seen(): number;

describe('the devtools', () => {
  let browser: Browser;
  let page: Page;
  let panel: Locator;
  let server: Awaited<ReturnType<typeof serve>>;
  const complaints: string[] = [];

  beforeAll(async () => {
    const script = await bundleInPage(new URL('devtools/in-page.ts', import.meta.url));
    const app = new Hono();
    app.get('/', (c) =>
      c.html(
        '<!doctype html><meta charset="utf-8"><title>Iskra</title><link rel="icon" href="data:,">' +
          '<link rel="stylesheet" href="/page.css"><body><h1>A page</h1><script src="/page.js"></script>',
        200,
        { 'content-security-policy': POLICY },
      ),
    );
    app.get('/page.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css' }));
    app.get('/page.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
    app.get('/tag', (c) =>
      c.html(
        '<!doctype html><meta charset="utf-8"><title>Iskra</title><link rel="icon" href="data:,">' +
          '<script src="/iskra.devtools.js"></script><script src="/tag.js"></script>',
        200,
        { 'content-security-policy': POLICY },
      ),
    );
    const tag = readFileSync(fileURLToPath(import.meta.resolve('@iskra/client/script-devtools')));
    app.get('/iskra.devtools.js', (c) => c.body(tag, 200, { 'content-type': 'text/javascript' }));
    app.get('/tag.js', (c) =>
      c.body("iskra.devtools(iskra.connect('/realtime'), { open: true })", 200, {
        'content-type': 'text/javascript',
      }),
    );
    const realtime = createRealtime({ logger: false, authenticate: () => ({ subject: 'ada' }) });
    server = await serve(realtime, { port: 0, hostname: '127.0.0.1', app });
    browser = await BROWSERS.Chromium();
    page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
    page.on('console', (line) => {
      if (line.type() === 'error') complaints.push(line.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(`http://127.0.0.1:${server.port}/`);
    panel = page.getByRole('dialog', { name: 'Iskra devtools' });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const eventually = <Value>(look: () => Promise<Value>): ReturnType<typeof expect.poll<Value>> =>
    expect.poll(look, { timeout: PATIENCE, interval: 50 });
  const carried = (): Promise<string> => panel.getByRole('status').first().innerText();
  const rung = (transport: string): Locator =>
    panel.getByRole('list', { name: 'Transports' }).getByRole('listitem').filter({ hasText: transport });
  /** Goes on with the Tab key until this has the focus. */
  const tabTo = async (wanted: Locator): Promise<void> => {
    for (let steps = 0; steps < 40; steps++) {
      if (await wanted.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element))
        return;
      await page.keyboard.press('Tab');
    }
    throw new Error('The Tab key does not lead there.');
  };
  const pressOn = async (wanted: Locator): Promise<void> => {
    await tabTo(wanted);
    await page.keyboard.press('Enter');
  };

  it('are a button in the corner, until their keys are pressed', async () => {
    await expect.poll(() => page.getByRole('button', { name: 'Iskra devtools' }).isVisible()).toBe(true);
    expect(await panel.isVisible()).toBe(false);
    await page.keyboard.press('Alt+Shift+D');
    await eventually(() => panel.isVisible()).toBe(true);
    await eventually(carried).toMatch(/connected\s+over websocket/);
  });

  it('show what goes up and comes down, and one frame whole, without its secrets', async () => {
    await page.evaluate(() => say('Привіт'));
    await eventually(() =>
      panel.getByRole('option').filter({ hasText: 'Привіт' }).count(),
    ).toBeGreaterThanOrEqual(2);
    await page.keyboard.press('ArrowUp');
    await eventually(() => panel.getByRole('option', { selected: true }).count()).toBe(1);
    await tabTo(panel.getByRole('searchbox'));
    await page.keyboard.type('hello');
    await tabTo(panel.getByRole('listbox'));
    await page.keyboard.press('Home');
    const whole = panel.getByRole('region', { name: 'The frame as JSON' });
    await eventually(() => whole.innerText()).toMatch(/"hello",[^]*"auth": "•••"/);
    await tabTo(panel.getByRole('searchbox'));
    await page.keyboard.press('Escape');
    expect(await panel.isVisible()).toBe(true);
    expect(await panel.innerText()).not.toMatch(/opensesame|swordfish/);
  });

  it('show the session step down when a transport is blocked, and channels go on', async () => {
    await pressOn(rung('websocket').getByRole('button'));
    await eventually(carried).toMatch(/connected\s+over sse/);
    await eventually(() => rung('websocket').innerText()).toMatch(/blocked/);
    await eventually(() => rung('sse').innerText()).toMatch(/carries the session/);
    const before = await page.evaluate(() => seen());
    await page.evaluate(() => say('over sse'));
    await eventually(() => page.evaluate(() => seen())).toBe(before + 1);
    await eventually(() => panel.getByRole('list', { name: 'Channels' }).innerText()).toMatch(
      /room:1[^]*1 here/,
    );
    await pressOn(rung('websocket').getByRole('button'));
    await eventually(() => rung('websocket').innerText()).not.toMatch(/blocked/);
  });

  it('show a connection that is cut, and the next one', async () => {
    await pressOn(panel.getByRole('button', { name: 'Cut' }));
    const attempts = panel.getByRole('list', { name: 'Attempts' });
    await eventually(() => attempts.innerText()).toMatch(/cut in the devtools/);
    await eventually(() => panel.getByRole('list', { name: 'Transports' }).innerText()).toMatch(
      /carries the session/,
    );
    const before = await page.evaluate(() => seen());
    await page.evaluate(() => say('after the cut'));
    await eventually(() => page.evaluate(() => seen())).toBe(before + 1);
  });

  it('go back to their button by Escape, and the focus with them, and come again', async () => {
    await tabTo(panel.getByRole('listbox'));
    await page.keyboard.press('Escape');
    await eventually(() => panel.isVisible()).toBe(false);
    const launcher = page.getByRole('button', { name: 'Iskra devtools' });
    expect(await launcher.evaluate((one) => (one.getRootNode() as ShadowRoot).activeElement === one)).toBe(
      true,
    );
    await page.keyboard.press('Enter');
    await page.evaluate(() => say('and here again'));
    await eventually(() =>
      panel.getByRole('option').filter({ hasText: 'and here again' }).count(),
    ).toBeGreaterThanOrEqual(2);
    expect(complaints).toEqual([]);
  });

  it('come by a script tag as well', async () => {
    await page.goto(`http://127.0.0.1:${server.port}/tag`);
    await eventually(carried).toMatch(/connected\s+over websocket/);
    expect(complaints).toEqual([]);
  });
});
