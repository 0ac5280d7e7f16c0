/** Rules of PROTOCOL.md whose breach nothing else in the simulation would notice, each by its number. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import { codesOf, connectionsOf, cut, HELLO, opened, post, said } from './by-hand.js';
import { enters, hasRead, isOn, log, say, story } from './evidence.js';

const FEW = { core: { limits: { sends: 4 } } };
const SHARED = { store: 'shared', nodes: 1 } as const;
const MINUTE = 60_000;

export const rules: readonly Schedule[] = [
  schedule(
    'P13',
    'a connection that was left, unheard by its node, is closed within 5 s',
    {},
    async (stage) => {
      const page = stage.page('anna');
      await isOn(stage, page, 'websocket');
      cut(page, 0, Infinity);
      await isOn(stage, page, 'websocket');
      await stage.run(5_500);
      assert.equal(connectionsOf(stage), 1);
    },
  ),

  schedule('P13 poll', 'a poll of an older generation is refused at once', {}, async (stage) => {
    const [node] = stage.nodes;
    const older = await opened(stage, node!);
    await opened(stage, node!);
    const answer = await post(stage, node!, 'poll', ['continue', { ...older, wait: 20_000 }]);
    assert.deepEqual(codesOf(answer), ['superseded']);
  }),

  schedule(
    'P15',
    'another person cannot resume a session with its key, nor refresh it',
    {},
    async (stage) => {
      const [node] = stage.nodes;
      const { key, nonce, generation } = await opened(stage, node!);
      const auth = { user: 'bo', expiresIn: null };
      const resumed = await post(stage, node!, 'poll', ['hello', { version: 1, nonce, key, auth }]);
      assert.deepEqual(codesOf(resumed), ['forbidden']);
      const refreshed = await post(
        stage,
        node!,
        'send',
        ['continue', { nonce, key, generation }],
        ['auth', auth],
      );
      assert.deepEqual(codesOf(refreshed), ['forbidden']);
    },
  ),

  schedule('P17', 'another version is refused', {}, async (stage) => {
    const hello = { ...HELLO[1], version: 2 };
    assert.deepEqual(codesOf(await post(stage, stage.nodes[0]!, 'poll', ['hello', hello])), ['version']);
  }),

  schedule('P22', 'an entry that nobody can read is read again before the next one', {}, async (stage) => {
    const pages = (['websocket', 'sse', 'long-poll'] as const).map((transport) =>
      stage.page(transport, { transports: [transport] }),
    );
    for (const page of pages) await enters(stage, page, 'room');
    for (const { way } of pages) way.garble = 1;
    await say(stage, 'room', 'e1');
    await stage.run(100);
    for (const { way } of pages) way.garble = 0;
    await say(stage, 'room', 'e2');
    for (const page of pages) {
      await hasRead(stage, page, 'room', 'e2', 5_000);
      assert.deepEqual(story(page, 'room'), ['e1', 'e2']);
    }
  }),

  schedule('P24', 'a fork is no way past entries that were not read', SHARED, async (stage) => {
    const page = stage.page('anna');
    await enters(stage, page, 'room');
    page.way.garble = 1;
    await say(stage, 'room', 'e1', 'e2');
    await stage.run(100);
    page.way.garble = 0;
    await stage.store.failOver(0);
    await say(stage, 'room', 'e3');
    await hasRead(stage, page, 'room', 'e3');
    assert.deepEqual(story(page, 'room'), ['e1', 'e2', 'e3']);
  }),

  schedule('P13 left', 'polls take over from a stream that nobody told to end', {}, async (stage) => {
    const page = stage.page('anna', { transports: ['sse', 'long-poll'] });
    await enters(stage, page, 'room', 'sse');
    await stage.run(1_000);
    page.way.streams = { how: 'refused' };
    page.way.cutAll(
      () => 0,
      () => Infinity,
    );
    await isOn(stage, page, 'long-poll');
    for (const id of ['1', '2', '3', '4']) {
      await say(stage, 'room', id);
      await stage.run(500);
    }
    assert.deepEqual(story(page, 'room'), ['1', '2', '3', '4']);
    const verdicts = page.client.explain().attempts.map(({ verdict }) => verdict);
    assert(!verdicts.includes('superseded'), 'no poll loses the session to it');
  }),

  schedule('P32', 'a number behind a hole has no effect', {}, async (stage) => {
    const [node] = stage.nodes;
    const session = await opened(stage, node!);
    const answer = await post(stage, node!, 'send', ['continue', session], said(1), said(3));
    assert.deepEqual(
      answer.map(([tag, number]) => [tag, number]),
      [
        ['acked', 1],
        ['expect', 2],
      ],
    );
    assert.deepEqual(log(stage, 'room'), ['1']);
  }),

  schedule('P36', 'a stream is proven while the answer to a POST is still to come', {}, async (stage) => {
    const page = stage.page('anna', { transports: ['sse'] });
    assert(await stage.until(() => page.client.explain().phase === 'young'));
    const sent = page.request('echo', 2_000);
    assert(await stage.until(() => sent.end === 'acknowledged', 5_000));
    assert.equal(stage.truth.runs.length, 1);
  }),

  schedule(
    'P37',
    'a page that comes back sends no more at once than the server takes',
    FEW,
    async (stage) => {
      const page = stage.page('anna');
      await isOn(stage, page, 'websocket');
      page.way.setStalled(true);
      const sent = Array.from({ length: 50 }, () => page.publish('room'));
      await stage.run(1_000);
      page.way.setStalled(false);
      assert(await stage.until(() => sent.every(({ end }) => end === 'acknowledged'), 10_000));
      assert.equal(page.client.explain().attempts.length, 1, 'nothing had to be opened again');
    },
  ),

  schedule('P44', 'a permission that ended is told with the next attach', {}, async (stage) => {
    const page = stage.page('anna');
    await enters(stage, page, 'room');
    stage.deny('anna', 'room', MINUTE);
    cut(page);
    assert(await stage.until(() => story(page, 'room').includes('gap denied'), 5_000));
    await say(stage, 'room', 'secret');
    await stage.run(6_000);
    assert.deepEqual(story(page, 'room'), ['gap denied']);
    const sent = page.publish('room');
    assert(await stage.until(() => sent.end === 'rejected', 5_000));
    assert.deepEqual(log(stage, 'room'), ['secret']);
  }),

  schedule(
    'P42',
    'a slow attempt of a race takes over behind a subscription that it has not heard of',
    { store: 'shared', nodes: 2 },
    async (stage) => {
      const [first, second] = stage.nodes;
      const page = stage.page('anna', { transports: ['websocket', 'long-poll'] });
      page.way.to = first;
      const hand = stage.store.hold({ what: 'openSession', of: first!.actor });
      assert(await stage.until(() => hand.waiting > 0));
      page.way.to = second;
      await enters(stage, page, 'room', 'long-poll');
      // The next poll says that the inbox is read, so the outcome of the subscription may be forgotten.
      await stage.run(100);
      hand.open();
      await isOn(stage, page, 'websocket', 5_000);
      await say(stage, 'room', 'e1');
      await hasRead(stage, page, 'room', 'e1', 10_000);
    },
  ),
];
