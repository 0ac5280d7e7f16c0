/** Races of a session that has two connections for a moment, or is about to have another one. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Sent } from '../history.js';
import type { Page } from '../page.js';
import type { Stage } from '../stage.js';
import { disconnects, enters, hasRead, isOn, log, nothingBroken, say, story } from './evidence.js';

/** The proof of a stream comes late, so that both connections of a switch deliver for a second. */
const SLOW_PROOF = { store: 'shared', nodes: 2, core: { times: { marker: 1_000 } } } as const;

export const handover: readonly Schedule[] = [
  schedule(
    'R29',
    'the old connection sends a gap when the new one has moved on',
    { ...SLOW_PROOF, retention: 4 },
    async (stage) => {
      const page = await onEventStream(stage);
      const frames = overhear(page, 'gap');
      const [hints, reads] = holdFirstNode(stage, 'hint', 'read');
      await say(stage, 'room', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8');
      assert(
        await stage.until(() => reads.waiting === 1),
        'the old connection has its gap, and cannot say it',
      );
      await upgrade(stage, page);
      await hasRead(stage, page, 'room', 'e8');
      reads.open();
      assert(await stage.until(() => frames.length === 2, 500), 'the gap comes again');
      hints.open();
      await say(stage, 'room', 'e9');
      await isOn(stage, page, 'websocket');
      await hasRead(stage, page, 'room', 'e9');

      assert.deepEqual(frames, ['websocket', 'sse']);
      assert.deepEqual(story(page, 'room'), ['e1', 'gap trimmed', 'e5', 'e6', 'e7', 'e8', 'e9']);
      nothingBroken(stage);
    },
  ),

  schedule('R30', 'a fork comes through both connections', SLOW_PROOF, async (stage) => {
    const page = await onEventStream(stage);
    const frames = overhear(page, 'gap","room","forked');
    const [hints, reads] = holdFirstNode(stage, 'hint', 'read');
    await stage.store.failOver(0);
    assert(await stage.until(() => reads.waiting > 0), 'the old connection has its fork, and cannot say it');
    await upgrade(stage, page);
    await say(stage, 'room', 'e2');
    await hasRead(stage, page, 'room', 'e2');
    reads.open();
    assert(await stage.until(() => frames.includes('sse'), 500), 'the fork comes again');
    hints.open();
    await say(stage, 'room', 'e3');
    await isOn(stage, page, 'websocket');
    await hasRead(stage, page, 'room', 'e3');

    assert.deepEqual(story(page, 'room'), ['e1', 'e2', 'e3']);
    const { attempts } = page.client.explain();
    assert.deepEqual(
      attempts.filter(({ verdict }) => verdict === 'resync'),
      [],
      'no connection is closed for it',
    );
    nothingBroken(stage);
  }),

  schedule(
    'R34',
    'entries of a channel come late on the old connection, when the page has left it',
    // With a heartbeat before the switch: what the page found out about its way (P85) is told by then.
    { ...SLOW_PROOF, core: { times: { marker: 1_000, heartbeat: 5_000 } } },
    async (stage) => {
      const page = await onEventStream(stage);
      const frames = overhear(page, 'entry","room');
      const [heads, hints] = holdFirstNode(stage, 'heads', 'hint');
      await upgrade(stage, page);
      await say(stage, 'room', 'e2');
      await hasRead(stage, page, 'room', 'e2');
      let isTold = false;
      page.history.seen.push({ at: stage.world.now, what: 'unsubscribes', channel: 'room' });
      void page.client
        .channel('room')
        .unsubscribe()
        .then(() => (isTold = true));
      // Before the server knows, and after.
      await say(stage, 'room', 'e3');
      assert(await stage.until(() => isTold, 500), 'the server knows');
      await say(stage, 'room', 'e4');
      hints.open();
      assert(await stage.until(() => frames.filter((by) => by === 'sse').length > 0, 500), 'they come late');
      heads.open();
      await stage.run(10_000);

      assert.deepEqual(story(page, 'room'), ['e1', 'e2'], 'nothing is handed on after unsubscribing');
      nothingBroken(stage);
    },
  ),

  schedule(
    'R36',
    'a WebSocket is probed with success, and of the one that should take over the hello is lost, or the welcome',
    { store: 'shared', nodes: 2 },
    async (stage) => {
      for (const lost of ['hello', 'welcome'] as const) {
        const page = stage.page(lost, {
          transports: ['websocket', 'long-poll'],
          probe: [1_000, 60_000],
          auth: () => {
            if (taking(page) !== undefined && lost === 'hello') page.way.webSockets = { how: 'silent' };
            if (taking(page) !== undefined && lost === 'welcome')
              stage.world.after(1, () => page.way.newest('websocket')!.down.hold());
            return { user: lost, expiresIn: null };
          },
        });
        page.way.webSockets = { how: 'refused' };
        await enters(stage, page, `room:${lost}`, 'long-poll');
        page.way.webSockets = undefined;
        assert(await stage.until(() => taking(page) !== undefined), 'the probe succeeds');
        const sent: Sent[] = [];
        for (let n = 0; n < 12; n++) {
          sent.push(page.publish(`room:${lost}`), page.request('echo', 0));
          await stage.run(1_000);
        }
        const { startedAt = 0, endedAt = Infinity, welcomeAt } = taking(page) ?? {};
        assert.equal(welcomeAt, undefined, 'it never got anywhere');
        assert(endedAt - startedAt <= 5_000, `and is given up after ${endedAt - startedAt} ms`);
        assert.equal(page.client.status.transport, 'long-poll');
        assert.equal(disconnects(page), 0);
        assert(
          sent.every(({ end }) => end === 'acknowledged'),
          'what is sent meanwhile goes by the old way',
        );
        const published = sent.filter(({ kind }) => kind === 'publish').map(({ id }) => id);
        assert.deepEqual(story(page, `room:${lost}`), published, 'and what is said comes by it');
        const runs = stage.truth.runs.filter(({ id }) => id.startsWith(lost));
        assert.equal(runs.length, 12, 'each handler ran once');
      }
      nothingBroken(stage);
    },
  ),

  schedule(
    'R37',
    'an upgrade while sends are under way by POST and come again by WebSocket',
    { store: 'shared', nodes: 2 },
    async (stage) => {
      const page = stage.page('anna', { transports: ['websocket', 'sse'], probe: [1_000] });
      Object.assign(page.way, { latency: 60, jitter: 0, webSockets: { how: 'refused' }, to: stage.nodes[0] });
      await enters(stage, page, 'room', 'sse');
      // By the balancer: sends of one session arrive at both nodes.
      Object.assign(page.way, { webSockets: undefined, to: undefined });
      let raced = 0;
      const sent: Sent[] = [];
      for (let n = 0; n < 300; n++) {
        sent.push(n % 10 === 5 ? page.request('echo', 150) : page.publish('room'));
        await stage.run(20);
        const { current } = page.client.explain();
        const isPerforming = stage.nodes.some(({ core }) => core.performing.size > 0);
        if (current === 'sse' && isTaking(page) && isPerforming) raced++;
      }
      assert(raced > 0, 'a handler is running when the WebSocket brings the same sends');
      assert(await stage.until(() => sent.every(({ end }) => end !== undefined)), 'all come to an end');

      assert.equal(page.client.status.transport, 'websocket');
      assert(sent.every(({ end }) => end === 'acknowledged'));
      const published = sent.filter(({ kind }) => kind === 'publish').map(({ id }) => id);
      assert.deepEqual(log(stage, 'room'), published, 'once each, in the order in which they were sent');
      assert.deepEqual(story(page, 'room'), published);
      const requested = sent.filter(({ kind }) => kind === 'request').map(({ id }) => id);
      assert.deepEqual(
        stage.truth.runs.map(({ id }) => id),
        requested,
        'so are the handlers',
      );
      nothingBroken(stage);
    },
  ),

  schedule(
    'R38',
    'a node drains, and of the others the next one drains as well',
    { store: 'shared', nodes: 3 },
    async (stage) => {
      const [first, second, third] = stage.nodes;
      const pages = Array.from({ length: 30 }, (_, index) => stage.page(`page-${index}`));
      const welcomes: string[] = [];
      pages.forEach((page, index) => {
        page.way.to = stage.nodes[index % 2];
        page.subscribe('room');
      });
      for (const page of pages) await isOn(stage, page, 'websocket');
      for (const page of pages) {
        page.way.to = undefined;
        page.way.overhears = ({ text }) => {
          const [, node] = /"welcome".*"node":"([^"]+)"/.exec(text) ?? [];
          if (node !== undefined) welcomes.push(node);
        };
      }
      first!.drain(2_000);
      second!.drain(2_000);
      const said = Array.from({ length: 20 }, (_, index) => `e${index}`);
      for (const id of said) {
        await say(stage, 'room', id);
        await stage.run(1_000);
        // By then a balancer has heard which of them are not ready.
        if (id === 'e5') for (const { way } of pages) way.to = third;
      }
      assert.equal(third!.core.connections.size, 30, 'all are with the third');
      stage.kill(first!);
      stage.kill(second!);
      await say(stage, 'room', 'last');
      await stage.run(10_000);

      assert.deepEqual([...new Set(welcomes)], ['node-3'], 'whoever drains takes nobody');
      for (const page of pages) {
        assert.deepEqual(story(page, 'room'), [...said, 'last'], `${page.name} misses nothing`);
        assert.equal(disconnects(page), 0, `${page.name} sees no disconnect`);
      }
      nothingBroken(stage);
    },
  ),
];

/** A page with an event stream on the first node that has read an entry; what is new goes to the second. */
async function onEventStream(stage: Stage): Promise<Page> {
  const page = stage.page('anna', { transports: ['websocket', 'sse'], probe: [10_000] });
  page.way.webSockets = { how: 'refused' };
  page.way.to = stage.nodes[0];
  await enters(stage, page, 'room', 'sse');
  await say(stage, 'room', 'e1');
  await hasRead(stage, page, 'room', 'e1');
  page.way.to = stage.nodes[1];
  return page;
}

/** Lets WebSockets through, until one carries the session beside the event stream. */
async function upgrade(stage: Stage, page: Page): Promise<void> {
  page.way.webSockets = undefined;
  assert(await stage.until(() => isTaking(page)), 'the WebSocket is welcomed');
  assert.equal(page.client.status.transport, 'sse', 'and not proven yet');
}

/** The attempt of a WebSocket that is to carry the session. */
const taking = ({ client }: Page) =>
  client.explain().attempts.find(({ role, transport }) => `${role} ${transport}` === 'attach websocket');
const isTaking = (page: Page): boolean => taking(page)?.welcomeAt !== undefined;

/** The names of the transports by which frames of this beginning come, in order. */
function overhear({ way }: Page, beginning: string): string[] {
  const frames: string[] = [];
  way.overhears = ({ text, by, wire }) => {
    if (by === 'node' && text.includes(`["${beginning}"`)) frames.push(wire.carries);
  };
  return frames;
}

function holdFirstNode(stage: Stage, ...what: ('hint' | 'read' | 'heads')[]) {
  return what.map((one) =>
    stage.store.hold({ what: one, of: stage.nodes[0]!.actor, answer: one === 'read' }),
  ) as [ReturnType<typeof stage.store.hold>, ReturnType<typeof stage.store.hold>];
}
