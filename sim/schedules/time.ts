/** Races with time: pages that sleep, and clocks that jump. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import {
  appendedTo,
  entriesOf,
  gapsOf,
  isOn,
  reach,
  ROOM,
  say,
  sessionsOf,
  settle,
  speaker,
} from './seen.js';

const HOUR = 3_600_000;

export const time: readonly Schedule[] = [
  schedule(
    'R22',
    'a laptop sleeps for ten minutes, and its session ends after two',
    { nodes: 2, store: 'shared', retention: 10 },
    async (stage) => {
      const bo = await speaker(stage);
      const anna = stage.page('anna');
      await settle(stage, anna, 'websocket');
      const before = await say(stage, bo, 3);
      await stage.run(100);
      anna.way.newest('websocket')!.up.hold();
      const unsure = anna.publish(ROOM);
      await stage.run(100);
      const was = anna.client.channel(ROOM).position!;
      anna.actor.pause();
      anna.way.cutAll(
        () => Infinity,
        () => Infinity,
      );
      await stage.run(300_000);
      const missed: string[] = [];
      for (let part = 0; part < 3; part++) missed.push(...(await say(stage, bo, 10)));
      await stage.run(300_000);
      anna.actor.resume();
      anna.signal('visible');
      await reach(
        stage,
        'anna is back',
        () => isOn(anna, 'websocket') && sessionsOf(anna).length === 3,
        15_000,
      );
      const after = await say(stage, bo, 1);
      await stage.run(2_000);
      assert.deepEqual([unsure.end, unsure.ends], ['unknown', 1], 'nobody can say what became of it');
      assert(!appendedTo(stage).includes(unsure.id), 'and it is not sent in the new session');
      assert.deepEqual(
        gapsOf(anna).map(({ reason, was, now }) => ({ reason, was, now })),
        [{ reason: 'trimmed', was, now: [was[0], 23] }],
        'one gap, over what the log no longer keeps',
      );
      assert.deepEqual(
        entriesOf(anna),
        [...before, ...missed.slice(-10), ...after],
        'then the rest, in order',
      );
      const order = anna.history.seen.flatMap((one) =>
        one.what === 'entry' || one.what === 'gap' ? [one.what] : [],
      );
      assert.equal(order.indexOf('gap'), before.length, 'the gap stands where the entries are missing');
      const next = anna.publish(ROOM);
      await reach(stage, 'anna can speak again', () => next.end === 'acknowledged', 5_000);
    },
  ),

  schedule(
    'R23',
    'a page sleeps, and its connection looks open: once it is, once it is dead',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const bo = await speaker(stage);
      const anna = stage.page('anna');
      await settle(stage, anna, 'websocket');
      anna.actor.pause();
      await stage.run(40_000);
      const first = await say(stage, bo, 1);
      anna.actor.resume();
      anna.signal('visible');
      await stage.run(10_000);
      assert.deepEqual(entriesOf(anna), first);
      assert.equal(anna.client.explain().attempts.length, 1, 'the one that lives is kept');

      anna.actor.pause();
      anna.way.cutAll(
        () => Infinity,
        () => Infinity,
      );
      await stage.run(60_000);
      const missed = await say(stage, bo, 3);
      const wokeAt = stage.world.now;
      anna.actor.resume();
      anna.signal('visible');
      await reach(stage, 'anna has all', () => entriesOf(anna).length === 4, 7_000);
      assert(stage.world.now - wokeAt < 7_000);
      await stage.run(1_000);
      assert.deepEqual(entriesOf(anna), [...first, ...missed], 'each once, in order');
      assert.deepEqual(gapsOf(anna), []);
      assert.equal(sessionsOf(anna).length, 1, 'it is the same session');
    },
  ),

  schedule(
    'R24',
    'wall clocks jump by an hour on nodes and pages, then that of the store',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      stage.credentialsLast = 3 * HOUR;
      const bo = await speaker(stage);
      const anna = stage.page('anna');
      anna.way.to = first;
      const chi = stage.page('chi', { transports: ['long-poll'] });
      for (const [page, transport] of [
        [anna, 'websocket'],
        [chi, 'long-poll'],
      ] as const)
        await settle(stage, page, transport);
      const said: string[] = [];
      const jumps = [
        (by: number) => void (first!.actor.wallOffset += by),
        (by: number) => void (second!.actor.wallOffset -= by),
        (by: number) => [anna, bo, chi].forEach(({ actor }) => (actor.wallOffset += by)),
      ];
      for (const jump of jumps) {
        for (const by of [HOUR, -HOUR]) {
          const asked = anna.request('echo', 3_000, 10_000);
          await stage.run(100);
          jump(by);
          said.push(...(await say(stage, bo, 1)));
          await stage.run(65_000);
          assert.equal(asked.end, 'acknowledged', 'no early timeout');
        }
      }
      for (const page of [anna, bo, chi]) {
        assert.equal(sessionsOf(page).length, 1, `${page.name} keeps the session`);
        assert(!page.history.seen.some((one) => one.what === 'state' && one.state === 'reconnecting'));
      }
      assert.equal(anna.client.explain().attempts.length, 1, 'and the connection');

      stage.store.jump(-HOUR);
      said.push(...(await say(stage, bo, 1)));
      await stage.run(65_000);
      assert.deepEqual(
        [anna, bo, chi].map((page) => sessionsOf(page).length),
        [1, 1, 1],
        'backwards, nothing ends',
      );
      stage.store.jump(HOUR);
      await stage.run(30_000);
      const isBack = (): boolean => [anna, bo, chi].every((page) => sessionsOf(page).at(-1)?.lost === false);
      await reach(stage, 'everybody is back', isBack);
      said.push(...(await say(stage, bo, 2)));
      await stage.run(10_000);
      for (const page of [anna, chi]) {
        assert.deepEqual(entriesOf(page), said, `${page.name} got each once, in order`);
        assert.deepEqual(gapsOf(page), []);
      }
    },
  ),
];
