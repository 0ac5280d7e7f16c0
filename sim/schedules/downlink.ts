/** Races of the way down: hints, reads, and polls whose answers are lost. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import { HEALTHY } from '../store.js';
import { entriesOf, gapsOf, reach, ROOM, say, settle, speaker, verdictsOf } from './seen.js';

export const downlink: readonly Schedule[] = [
  schedule(
    'R13',
    'a hint is lost, and the channel is silent then',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const bo = await speaker(stage);
      const anna = stage.page('anna');
      await settle(stage, anna, 'websocket');
      stage.store.faults = { ...HEALTHY, lostHints: 1 };
      const said = await say(stage, bo, 1);
      stage.store.faults = HEALTHY;
      assert.deepEqual(entriesOf(anna), [], 'nobody was told of it');
      await reach(stage, 'it was found all the same', () => entriesOf(anna).length > 0, 5_100);
      await stage.run(6_000);
      assert.deepEqual(entriesOf(anna), said, 'it came once');
    },
  ),

  schedule('R14', 'two hints overtake each other', { nodes: 2, store: 'shared' }, async (stage) => {
    const [first] = stage.nodes;
    const bo = await speaker(stage);
    const anna = stage.page('anna');
    anna.way.to = first;
    await settle(stage, anna, 'websocket');
    const hand = stage.store.hold({ what: 'hint', of: first!.actor });
    const early = await say(stage, bo, 1);
    hand.letOvertake();
    const late = await say(stage, bo, 1);
    await stage.run(200);
    assert.deepEqual(entriesOf(anna), [...early, ...late], 'the log was read: both, in order');
    hand.open();
    await stage.run(1_000);
    assert.deepEqual(entriesOf(anna), [...early, ...late], 'the late hint brought nothing');
    assert.deepEqual(verdictsOf(anna), [], 'the connection stayed');
  }),

  schedule(
    'R15',
    'an entry is appended at each step of a subscription: before and behind its registration and its first read',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first] = stage.nodes;
      const bo = await speaker(stage);
      const anna = stage.page('anna');
      anna.way.to = first;
      await settle(stage, anna, 'websocket');
      for (const what of ['watch', 'read'] as const) {
        for (const answer of [false, true]) {
          const channel = `room:${what}-${answer ? 'behind' : 'before'}`;
          const hand = stage.store.hold({ what, answer, of: first!.actor });
          anna.subscribe(channel);
          await reach(stage, `the subscription waits for ${what}`, () => hand.waiting > 0);
          const [said] = await say(stage, bo, 1, channel);
          await stage.run(50);
          assert.deepEqual(entriesOf(anna, channel), []);
          hand.open();
          await stage.run(500);
          assert.deepEqual(entriesOf(anna, channel), [said], `${channel}: it came at once, and once`);
          const [next] = await say(stage, bo, 1, channel);
          await stage.run(6_000);
          assert.deepEqual(entriesOf(anna, channel), [said, next]);
        }
      }
    },
  ),

  schedule(
    'R16',
    'a poll is answered, and the answer is lost',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const bo = await speaker(stage);
      const anna = stage.page('anna', { transports: ['long-poll'] });
      await settle(stage, anna, 'long-poll');
      const before = await say(stage, bo, 2);
      await stage.run(500);
      const wire = anna.way.newest('poll')!;
      wire.down.hold();
      const asked = anna.request('echo', 0);
      const lost = await say(stage, bo, 2);
      await reach(stage, 'the poll is answered', () => wire.down.bytes > 0);
      await stage.run(100);
      assert.deepEqual(entriesOf(anna), before);
      const polls: string[] = [];
      anna.way.overhears = (one) => {
        if (one.by === 'page' && one.wire.carries === 'poll') polls.push(one.text);
      };
      wire.cut(0, 0);
      await reach(stage, 'they came by the next one', () => entriesOf(anna).length === 4, 10_000);
      await reach(stage, 'the reply too', () => asked.end !== undefined, 5_000);
      await stage.run(5_000);
      assert.match(polls[0]!, new RegExp(`"${ROOM}":\\["\\w+",2\\]`), 'it asked from the old place');
      assert.deepEqual(entriesOf(anna), [...before, ...lost], 'each once, in order');
      assert.deepEqual(asked.reply, { id: asked.id });
      assert.deepEqual(gapsOf(anna), []);
    },
  ),

  schedule(
    'R17',
    'a proxy holds two copies of a poll, on two nodes and on one',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const bo = await speaker(stage);
      const anna = stage.page('anna', { transports: ['long-poll'] });
      anna.way.to = first;
      await settle(stage, anna, 'long-poll');
      const heldBy = (node = first!): number =>
        [...node.core.connections].filter(({ session }) => session === anna.client.status.session).length;
      const said: string[] = [];
      for (const node of [second!, first!]) {
        let copies = 0;
        anna.way.decide = (path) => (path === 'poll' && copies++ === 0 ? { copyTo: node } : undefined);
        said.push(...(await say(stage, bo, 1)));
        await reach(stage, 'the next poll was doubled', () => copies > 0, 5_000);
        await stage.run(200);
        if (node === second) assert.equal(heldBy(second), 1, 'the copy is held on the other node');
        else assert.equal(heldBy(), 1, 'the first of the two was answered, empty');
        said.push(...(await say(stage, bo, 2)));
        await reach(stage, 'anna has them', () => entriesOf(anna).length >= said.length, 5_000);
        await stage.run(5_000);
        assert.deepEqual(entriesOf(anna), said, 'each once, in order');
        assert(heldBy() <= 1 && heldBy(second) === 0, 'nothing is left over');
      }
      assert.deepEqual(gapsOf(anna), []);
      assert.deepEqual(verdictsOf(anna), [], 'nothing of it was taken for a fault');
    },
  ),
];
