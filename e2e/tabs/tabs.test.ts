/** Ten tabs of a real browser, over HTTP/1.1, share one connection; whoever holds it may go at any time. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { BROWSERS } from '../browser/browsers.js';
import type { BrowserName } from '../browser/browsers.js';
import type { InPage } from '../browser/in-page.js';
import type { Participant } from '../browser/participant.js';
import type { Place } from '../browser/places.js';
import { remote } from '../browser/remote.js';
import { eventually, isConnected, newRoom, upTo, withRig } from '../transports/rig.js';
import type { Client } from '../transports/rig.js';

const TABS = 10;

declare const iskraInPage: InPage;

/** Each client that is opened is in a tab of its own. */
function inTabs(name: BrowserName): Place & { kill(client: Client): Promise<void> } {
  let browser: Browser | undefined;
  let context: BrowserContext | undefined;
  let at: string;
  const pages = new Map<unknown, Page>();
  return {
    name,
    complaints: [],
    async start() {
      browser = await BROWSERS[name]();
    },
    async visit(origin) {
      await context?.close();
      pages.clear();
      context = await browser!.newContext();
      at = origin;
    },
    async open(options) {
      const page = await context!.newPage();
      await page.goto(at);
      const number = await page.evaluate((given) => iskraInPage.open(given), options);
      const client: Client = remote<Participant>(async (method, given): Promise<unknown> =>
        // Nobody answers for a tab that is gone.
        pages.has(client)
          ? page.evaluate(([participant, what, values]) => iskraInPage.call(participant, what, values), [
              number,
              method,
              given,
            ] as const as unknown as [number, string, unknown[]])
          : undefined,
      );
      pages.set(client, page);
      return client;
    },
    /** As a process that dies where the browser can do that, otherwise as a tab that is closed. */
    async kill(client) {
      const page = pages.get(client)!;
      pages.delete(client);
      if (name === 'Firefox') return page.close();
      const session = await page.context().newCDPSession(page);
      // It has nobody left to answer.
      void session.send('Page.crash').catch(() => {});
      await page.waitForEvent('crash');
    },
    async stop() {
      await browser?.close();
    },
  };
}

describe.each(['Chromium', 'Firefox'] as const)('ten tabs of %s', (name) => {
  const place = inTabs(name);
  const rig = withRig(place);
  beforeEach(() => rig.visit());

  it('hold one connection, and lose and double nothing when the one that holds it is killed', async () => {
    const room = newRoom();
    await rig.proxy.requests();
    const tabs = await Promise.all(
      Array.from({ length: TABS }, () => rig.open({ shared: 'anna', transports: ['websocket'] })),
    );
    await Promise.all(tabs.map((tab) => isConnected(tab, 'websocket')));
    for (const outcome of await Promise.all(tabs.map((tab) => tab.subscribe(room))))
      expect(outcome.ok).toBe(true);
    expect(await rig.proxy.requests()).toEqual(['GET ws']);
    const session = async (tab: Client) => (await tab.status()).session;
    expect(new Set(await Promise.all(tabs.map(session))).size).toBe(1);

    const sockets = await Promise.all(tabs.map(async (tab) => (await tab.traffic()).sockets));
    const leader = tabs[sockets.findIndex((count) => count > 0)]!;
    const others = tabs.filter((tab) => tab !== leader);
    const publishing = rig.server.publishNumbers(room, 1, 300, 5);
    const mine = newRoom();
    expect(await others[0]!.subscribe(mine)).toMatchObject({ ok: true });
    await others[1]!.startNumbers(mine, 1, 200, 5);
    await eventually(async () => (await others[0]!.numbers(room)).length).toBeGreaterThan(50);

    await place.kill(leader);
    const killedAt = performance.now();
    expect(await others[2]!.request('echo', 'there?')).toEqual({ ok: true, value: 'there?' });
    const took = performance.now() - killedAt;
    console.log(`${name}: another tab had an answer ${Math.round(took)} ms after the leader was gone.`);
    expect(took).toBeLessThan(1_000);

    await publishing;
    await Promise.all(
      others.map(async (tab) => {
        await eventually(() => tab.numbers(room)).toEqual(upTo(300));
        const { gaps, errors, states } = await tab.report();
        expect({ gaps, errors, states }).toEqual({
          gaps: [],
          errors: [],
          states: ['connecting', 'connected'],
        });
      }),
    );
    await eventually(() => others[1]!.settledNumbers()).toEqual({ acknowledged: upTo(200), others: [] });
    expect((await rig.server.history(mine)).map(({ payload }) => payload['n'])).toEqual(upTo(200));
    expect(await others[0]!.numbers(mine)).toEqual(upTo(200));
    // One socket after another, and the session is the same.
    expect(await rig.proxy.requests()).toEqual(['GET ws']);
    expect(new Set(await Promise.all(others.map(session))).size).toBe(1);
  });
});
