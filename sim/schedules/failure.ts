/** Nodes, handlers and stores that fail, or take their time. */
import assert from 'node:assert/strict';
import type { Sent } from '../history.js';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import { disconnects, enters, hasRead, ids, isOn, nothingBroken, say, story } from './evidence.js';

const FAR = { store: 'shared', nodes: 2 } as const;

export const failure: readonly Schedule[] = [
  schedule('R39', 'a node is killed, and its clients hear of it, or hear nothing', FAR, async (stage) => {
    const [first, second] = stage.nodes;
    const pages = [stage.page('anna'), stage.page('bo', { transports: ['sse'] })];
    for (const page of pages) {
      page.way.to = first;
      await enters(stage, page, 'room');
    }
    stage.kill(first!);
    await say(stage, 'room', 'e1');
    for (const page of pages) await hasRead(stage, page, 'room', 'e1', 1_000);
    for (const page of pages) assert.equal(disconnects(page), 0, 'a word is enough, and nobody sees it');

    first!.start();
    for (const page of pages) await isOn(stage, page);
    const killed = stage.world.now;
    stage.kill(second!, true);
    await say(stage, 'room', 'e2');
    const sent = pages.map((page) => page.publish('room'));
    for (const page of pages) await hasRead(stage, page, 'room', 'e2');
    const took = stage.world.now - killed;
    // One and a half heartbeats (P52), and one backoff.
    assert(took < 30_000 + 500 + 200, `silence is noticed: back after ${took} ms`);
    assert(await stage.until(() => sent.every(({ end }) => end === 'acknowledged')));
    await say(stage, 'room', 'last');
    for (const page of pages) {
      await hasRead(stage, page, 'room', 'last');
      assert.deepEqual(
        story(page, 'room').filter((id) => !id.includes('.')),
        ['e1', 'e2', 'last'],
      );
    }
    nothingBroken(stage);
  }),

  schedule('R42', 'a send is acknowledged before its reply has arrived', FAR, async (stage) => {
    const page = stage.page('anna');
    await isOn(stage, page);
    // Of the reply in the inbox no hint comes: it is found when the heads are compared.
    stage.store.faults = { ...stage.store.faults, lostHints: 1 };
    let isAcknowledged = false;
    page.way.overhears = ({ by, text }) => {
      if (by === 'node' && /\["acked",1,"\w+",1\]/.test(text)) isAcknowledged = true;
    };
    const sent = page.request('echo', 0);
    assert(await stage.until(() => isAcknowledged));
    await stage.run(20);
    assert.equal(sent.end, undefined, 'it does not end without its reply');
    assert(await stage.until(() => sent.end !== undefined, 6_000), 'which comes within a comparison');
    assert.deepEqual(sent.reply, { id: sent.id });
    assert.equal(stage.truth.runs.length, 1, 'the handler ran once');
    nothingBroken(stage);
  }),

  schedule('R45', 'handlers throw, of the page and of the server', FAR, async (stage) => {
    const page = stage.page('anna', { transports: ['websocket'] });
    let calls = 0;
    page.client.channel('room').on('said', (payload) => {
      calls++;
      if ((payload as { id: string }).id === 'e2') throw new Error('the application fails');
    });
    await enters(stage, page, 'room');
    await say(stage, 'room', ...ids(1, 3));
    await hasRead(stage, page, 'room', 'e3');
    page.way.cutAll(
      () => 0,
      () => 0,
    );
    await say(stage, 'room', 'e4');
    await hasRead(stage, page, 'room', 'e4');
    assert.deepEqual(story(page, 'room'), ids(1, 4), 'other handlers are called all the same');
    assert.equal(calls, 4, 'it is not called again for what it has thrown at');
    const errors = page.history.seen.flatMap((one) => (one.what === 'error' ? [one.text] : []));
    assert.deepEqual(errors, ['Error: the application fails'], 'the application is told once');

    let runs = 0;
    for (const { core } of stage.nodes) {
      core.handlers.set('throws', {
        once: false,
        run: () => {
          runs++;
          throw new Error('the server fails');
        },
      });
      core.handlers.set('rejects', { once: false, run: async () => Promise.reject(new Error(`${++runs}`)) });
    }
    for (const name of ['throws', 'rejects']) {
      const refused = assert.rejects(page.client.request(name), { code: 'internal' }, name);
      const after = page.request('echo', 0);
      await stage.until(() => after.end !== undefined);
      await refused;
      assert.equal(after.end, 'acknowledged', 'the session goes on');
    }
    assert.equal(runs, 2, 'what threw is not run again');
    assert.equal(disconnects(page), 0);
    nothingBroken(stage);
  }),

  schedule('R48', 'every verb of the store takes three seconds, for a minute', FAR, async (stage) => {
    const pages = [
      stage.page('anna', { transports: ['websocket'] }),
      stage.page('bo', { transports: ['sse'] }),
      stage.page('chi', { transports: ['long-poll'] }),
    ];
    for (const page of pages) {
      await enters(stage, page, 'room');
    }
    await stage.run(1_000);
    const attempts = pages.map(({ client }) => client.explain().attempts.length);
    stage.store.faults = { ...stage.store.faults, latency: [3_000, 3_000] };
    const sent: Sent[] = [];
    for (const id of ids(1, 12)) {
      await say(stage, 'room', id);
      sent.push(pages[0]!.request('echo', 0));
      await stage.run(5_000);
    }
    assert(await stage.until(() => sent.every(({ end }) => end === 'acknowledged'), 120_000));
    for (const page of pages) await hasRead(stage, page, 'room', 'e12');

    assert.equal(stage.truth.runs.length, 12, 'each handler ran once');
    pages.forEach((page, index) => {
      assert.deepEqual(story(page, 'room'), ids(1, 12), `${page.name} has everything`);
      assert.equal(disconnects(page), 0);
      // An event stream that falls silent may be replaced by another one (P56), which nobody sees.
      const ends = page.client.explain().attempts.slice(0, attempts[index]);
      assert(
        ends.every(({ verdict }) => verdict === undefined || verdict === 'left'),
        `${page.name} keeps its connection: a slow store supersedes nobody`,
      );
    });
    nothingBroken(stage);
  }),

  schedule('R49', 'a node does not reach the store, and its clients reach the node', FAR, async (stage) => {
    const [first] = stage.nodes;
    const [idle, busy] = [stage.page('idle'), stage.page('busy')];
    for (const page of [idle, busy]) {
      page.way.to = first;
      await enters(stage, page, 'room');
      page.way.to = undefined;
    }
    stage.store.unreachable.add(first!.actor);
    const began = stage.world.now;
    const sent = [busy.publish('room'), busy.request('echo', 0)];
    await say(stage, 'room', 'e1');
    assert(await stage.until(() => sent.every(({ end }) => end === 'acknowledged'), 10_000));
    assert.equal(stage.truth.runs.length, 1, 'the handler ran once');
    await hasRead(stage, idle, 'room', 'e1');
    const took = stage.world.now - began;
    assert(took < 10_000, `whoever only listens has moved soon: ${took} ms`);
    await stage.run(30_000);
    assert.equal(stage.nodes[1]!.core.connections.size, 2, 'both are with the node that works');

    stage.store.unreachable.clear();
    idle.way.to = first;
    idle.way.cutAll(
      () => 0,
      () => 0,
    );
    await isOn(stage, idle);
    await say(stage, 'room', 'e2');
    for (const page of [idle, busy]) {
      await hasRead(stage, page, 'room', 'e2');
      assert.deepEqual(
        story(page, 'room').filter((id) => id.startsWith('e')),
        ['e1', 'e2'],
      );
      assert.equal(new Set(story(page, 'room')).size, 3, 'nothing is lost, and nothing comes twice');
    }
    nothingBroken(stage);
  }),

  schedule(
    'the other half of R49',
    'a node asks the store and hears nothing, not even that it failed; its clients reach the node',
    FAR,
    async (stage) => {
      const [first] = stage.nodes;
      const [idle, busy] = [stage.page('idle'), stage.page('busy')];
      for (const page of [idle, busy]) {
        page.way.to = first;
        await enters(stage, page, 'room');
        page.way.to = undefined;
      }
      const hands = VERBS.map((what) => stage.store.hold({ what, of: first!.actor }));
      const sent = busy.publish('room');
      await say(stage, 'room', 'e1');
      // It asks every 1.5 s whether the store is there: four times without an answer is as good as a refusal.
      for (const page of [idle, busy]) await hasRead(stage, page, 'room', 'e1', 10_000);
      assert(await stage.until(() => sent.end === 'acknowledged'));
      for (const hand of hands) hand.open();
      await stage.run(30_000);
      for (const page of [idle, busy]) assert.equal(disconnects(page), 0, `${page.name} keeps its session`);
      nothingBroken(stage);
    },
  ),
];

/** What a connected page makes its node ask, and what it waits for. */
const VERBS = [
  'hint',
  'ping',
  'read',
  'heads',
  'sweep',
  'touch',
  'attach',
  'begin',
  'append',
  'commit',
  'trimInbox',
] as const;
