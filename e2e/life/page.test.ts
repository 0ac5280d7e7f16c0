/** The life of a page in a real browser: seen, hidden, frozen, kept, offline. Its application notices nothing of it. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inBrowser } from '../browser/places.js';
import { inTab } from '../browser/tab.js';
import { eventually, isConnected, newRoom, upTo, withRig } from '../transports/rig.js';
import type { Rig } from '../transports/rig.js';
import { countDown, countUp, nothingHappened, startTalks } from './talk.js';

describe('a page of Chromium', () => {
  const tab = inTab();
  const rig = withRig(tab);
  // Whoever says nothing for 2.5 s has no connection any more.
  beforeAll(async () => rig.replaceBy(await rig.another({ times: { heartbeat: 1_000 } })));
  beforeEach(() => rig.visit());

  it('shows no disconnect for a network that was away while nobody saw the page', async () => {
    const talks = await startTalks(rig);
    await countUp(talks);
    await tab.hide();
    await rig.proxy.block('down');
    await countDown(rig, talks);
    await rig.proxy.unblock('down');
    await tab.show();
    await nothingHappened(rig, talks);
  });

  it('gives its connections back when it is frozen, and goes on where it was', async () => {
    const talks = await startTalks(rig);
    await countUp(talks);
    await tab.hide();
    await tab.freeze();
    await countDown(rig, talks);
    for (const { client } of talks) {
      const { attempts } = await client.explain();
      expect(attempts.filter(({ endedAt }) => endedAt === undefined)).toEqual([]);
    }
    await tab.thaw();
    await tab.show();
    await nothingHappened(rig, talks);
  });

  it('is kept in the back/forward cache with every transport, and goes on where it was', async () => {
    const talks = await startTalks(rig);
    await countUp(talks);
    await tab.leave();
    await countDown(rig, talks);
    await tab.comeBack();
    expect(tab.notKept).toEqual([]);
    await nothingHappened(rig, talks);
  });

  it('does not believe that it is offline', async () => {
    const talks = await startTalks(rig);
    await countUp(talks);
    await tab.evaluate(`dispatchEvent(new Event('offline'))`);
    await countDown(rig, talks);
    await nothingHappened(rig, talks);
    for (const { client } of talks) expect((await client.explain()).attempts).toHaveLength(1);
  });

  it('goes on when it is online again', () => beOffline(rig, tab.setOffline));
});

describe('a page of Firefox', () => {
  const place = inBrowser('Firefox');
  const rig = withRig(place);
  beforeEach(() => rig.visit());
  const leave = () => place.page.goto(new URL('/elsewhere', place.page.url()).href);

  it('goes on when it is online again', () =>
    beOffline(rig, (offline) => place.page.context().setOffline(offline)));

  it('is kept in the back/forward cache between two polls', async () => {
    const room = newRoom();
    const client = await rig.open({ transports: ['polling'], poll: { min: 10_000, max: 10_000 } });
    await isConnected(client, 'polling');
    await client.subscribe(room);
    await leave();
    await rig.server.publishNumbers(room, 1, 20);
    // Not by `goBack`: it waits for a page that is loaded.
    await place.page.evaluate(() => history.back());
    await eventually(() => client.numbers(room)).toEqual(upTo(20));
    expect(await client.report()).toMatchObject({
      states: ['connecting', 'connected'],
      gaps: [],
      errors: [],
    });
  });

  // It keeps no page with an open WebSocket or request, whatever its script does when it hears of it.
  it('has left for good otherwise, and its session ends at once (P72)', async () => {
    const room = newRoom();
    for (const transport of ['websocket', 'sse', 'long-poll'] as const) {
      const url = new URL('/realtime', place.page.url()).href;
      const client = await place.open({ url, transports: [transport] });
      await client.subscribe(room, { presence: transport });
    }
    const members = async () => (await rig.server.members(room)).map(({ data }) => data);
    expect(await members()).toEqual(['websocket', 'sse', 'long-poll']);
    await leave();
    // Far less than the lease of a member that says nothing.
    await eventually(members, 5_000).toEqual([]);
  });
});

/** The network is away, and the browser says so. */
async function beOffline(rig: Rig, setOffline: (offline: boolean) => Promise<void>): Promise<void> {
  const talks = await startTalks(rig);
  await countUp(talks);
  const counted = countDown(rig, talks);
  await setOffline(true);
  await rig.proxy.block('down');
  await eventually(async () => (await talks[0]!.client.report()).system).toContain('connection_lost');
  await rig.proxy.unblock('down');
  await setOffline(false);
  await counted;
  await nothingHappened(rig, talks);
}
