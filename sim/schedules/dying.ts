/** Races of nodes that die or sleep in the middle of something. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import { appendedTo, entriesOf, isOn, reach, ROOM, runsOf, say, settle, speaker } from './seen.js';

/** Ms that a claim is kept for a node that died, and what it takes then. */
const CLAIMED = 5_000 + 2_000;
/** Ms that a page waits for its reply: more than that, and two handlers. */
const PATIENCE = 60_000;

export const dying: readonly Schedule[] = [
  schedule(
    'R09',
    'a node dies after an entry was appended, before its send was committed',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const bo = await speaker(stage);
      await settle(stage, bo, 'websocket');
      const anna = stage.page('anna');
      anna.way.to = first;
      await settle(stage, anna, 'websocket');
      const hand = stage.store.hold({ what: 'commit', of: first!.actor });
      const said = anna.publish(ROOM);
      await reach(stage, 'it is appended, and its commit on its way', () => hand.waiting === 1);
      assert.deepEqual(appendedTo(stage), [said.id]);
      anna.way.to = second;
      stage.kill(first!);
      await reach(stage, 'it has an end', () => said.end !== undefined, CLAIMED);
      const next = anna.publish(ROOM);
      await reach(stage, 'the next has one', () => next.end !== undefined);
      await stage.run(1_000);
      assert.deepEqual([said.end, next.end], ['acknowledged', 'acknowledged']);
      assert.deepEqual(appendedTo(stage), [said.id, next.id], 'one entry each');
      assert.deepEqual(entriesOf(bo), [said.id, next.id], 'bo got each once');
      assert.deepEqual(entriesOf(anna), [said.id, next.id], 'anna got each once');
    },
  ),

  schedule(
    'P39 batch',
    'a node dies after two entries of a batch were appended, before it was committed',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const anna = stage.page('anna');
      anna.way.to = first;
      const hand = stage.store.hold({ what: 'commit', of: first!.actor });
      const said = [anna.publish(ROOM), anna.publish(ROOM)];
      const ids = said.map(({ id }) => id);
      await reach(stage, 'the commit is on its way', () => hand.waiting === 1);
      assert.deepEqual(appendedTo(stage), ids);
      anna.way.to = second;
      stage.kill(first!);
      await reach(stage, 'they have an end', () => said.every(({ end }) => end), CLAIMED);
      assert.deepEqual(appendedTo(stage), ids, 'one entry each');
    },
  ),

  schedule(
    'P39 refused',
    'a batch was appended and not committed, and its sender may not any more when it comes again',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const anna = stage.page('anna');
      anna.way.to = first;
      const hand = stage.store.hold({ what: 'commit', of: first!.actor });
      const said = [anna.publish(ROOM), anna.publish(ROOM)];
      await reach(stage, 'the commit is on its way', () => hand.waiting === 1);
      anna.way.to = second;
      stage.deny('anna', ROOM, PATIENCE);
      stage.kill(first!);
      await reach(stage, 'they have an end', () => said.every(({ end }) => end), CLAIMED);
      assert.deepEqual(
        said.map(({ end }) => end),
        ['acknowledged', 'acknowledged'],
        'what is in the log cannot be refused',
      );
    },
  ),

  schedule(
    'P39 behind',
    'a send was refused and the one behind it appended, neither was committed, and both are allowed when they come again',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const anna = stage.page('anna');
      anna.way.to = first;
      stage.deny('anna', ROOM, 5_000);
      const question = stage.store.hold({ what: 'taken', of: first!.actor });
      const hand = stage.store.hold({ what: 'commit', of: first!.actor });
      const said = [anna.publish(ROOM), anna.publish(ROOM)];
      await reach(stage, 'the first is refused, if it is not in the log', () => question.waiting === 1);
      await stage.run(5_000);
      question.open();
      await reach(stage, 'the commit is on its way', () => hand.waiting === 1);
      assert.deepEqual(appendedTo(stage), [said[1]!.id]);
      anna.way.to = second;
      stage.kill(first!);
      await reach(stage, 'they have an end', () => said.every(({ end }) => end), CLAIMED);
      assert.deepEqual(
        said.map(({ end }) => end),
        ['rejected', 'acknowledged'],
        'it cannot go before the other any more',
      );
      assert.deepEqual(appendedTo(stage), [said[1]!.id]);
    },
  ),

  schedule('R10', 'a node dies inside a handler', { nodes: 2, store: 'shared' }, async (stage) => {
    const [first, second] = stage.nodes;
    const pages = ['anna', 'chi'].map((name) => stage.page(name));
    for (const page of pages) {
      page.way.to = first;
      await reach(stage, `${page.name} is connected`, () => isOn(page, 'websocket'));
    }
    const [anna, chi] = pages;
    const again = anna!.request('echo', 5_000, PATIENCE);
    const once = chi!.request('echo-once', 5_000, PATIENCE);
    await reach(stage, 'both run', () => stage.truth.runs.length === 2);
    for (const page of pages) page.way.to = second;
    stage.kill(first!);
    const haveEnded = (): boolean => again.end !== undefined && once.end !== undefined;
    await reach(stage, 'both have an end', haveEnded, CLAIMED + 5_000);
    const runs = runsOf(stage, again);
    assert.deepEqual(
      runs.map(({ redelivered }) => redelivered),
      [false, true],
      'it ran again and was told so',
    );
    assert.equal(runs[0]!.key, runs[1]!.key, 'under the same key');
    assert.deepEqual(again.reply, { id: again.id });
    assert.deepEqual([again.ends, once.ends], [1, 1]);
    assert.equal(runsOf(stage, once).length, 1, 'what must run once at most does not run again');
    assert.equal(once.end, 'rejected', 'and its page is told');
  }),

  schedule(
    'R11',
    'a node sleeps inside a handler; another one takes over and commits; then the first wakes up',
    { nodes: 2, store: 'shared', core: { limits: { handler: 1_000 } } },
    async (stage) => {
      const [first, second] = stage.nodes;
      const bo = await speaker(stage);
      await settle(stage, bo, 'websocket');
      const anna = stage.page('anna');
      anna.way.to = first;
      await reach(stage, 'anna is connected', () => isOn(anna, 'websocket'));
      const asked = anna.request('echo', 500, PATIENCE, ROOM);
      await reach(stage, 'it runs', () => stage.truth.runs.length === 1);
      await stage.run(100);
      first!.actor.pause();
      anna.way.to = second;
      anna.way.cutAll(
        () => 0,
        () => 0,
      );
      await reach(stage, 'it has an end', () => asked.end !== undefined);
      first!.actor.resume();
      await stage.run(10_000);
      const runs = runsOf(stage, asked);
      assert.deepEqual(
        runs.map(({ redelivered }) => redelivered),
        [false, true],
      );
      assert.equal(runs[0]!.key, runs[1]!.key);
      assert.deepEqual([asked.end, asked.ends], ['acknowledged', 1]);
      assert.deepEqual(appendedTo(stage), [asked.id], 'what both said is one entry');
      assert.deepEqual(entriesOf(bo), [asked.id]);
      const [inbox] = await stage.store.ask('heads', [`@${anna.client.status.session}`]);
      assert.equal(inbox!.offset, 1, 'the late commit was refused: one outcome');
    },
  ),

  schedule(
    'R12',
    'a node dies after the commit, before it acknowledged',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const anna = stage.page('anna');
      anna.way.to = first;
      await settle(stage, anna, 'websocket');
      const hand = stage.store.hold({ what: 'commit', answer: true, of: first!.actor });
      const said = anna.publish(ROOM);
      await reach(stage, 'it is committed', () => hand.waiting === 1);
      anna.way.to = second;
      stage.kill(first!);
      await reach(stage, 'it has an end', () => said.end !== undefined, 10_000);
      assert.equal(said.end, 'acknowledged');
      assert.deepEqual(appendedTo(stage), [said.id], 'one entry');
      assert.deepEqual(entriesOf(anna), [said.id]);
    },
  ),

  schedule(
    'R18',
    'a poll is held on a node, and the node dies',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const bo = await speaker(stage);
      const anna = stage.page('anna', { transports: ['long-poll'] });
      anna.way.to = first;
      await settle(stage, anna, 'long-poll');
      const before = await say(stage, bo, 1);
      await reach(stage, 'a poll is held again', () => anna.way.newest('poll')?.server === first!.actor);
      await stage.run(500);
      let polledAt = Infinity;
      anna.way.overhears = ({ at, by, wire }) => {
        if (by === 'page' && wire.carries === 'poll') polledAt = Math.min(polledAt, at);
      };
      anna.way.to = second;
      const diedAt = stage.world.now;
      stage.kill(first!);
      const after = await say(stage, bo, 2);
      await reach(stage, 'anna got all', () => entriesOf(anna).length === 3, 5_000);
      assert(polledAt - diedAt < 1_000, `asked the other node after ${polledAt - diedAt} ms`);
      await stage.run(5_000);
      assert.deepEqual(entriesOf(anna), [...before, ...after], 'each once, in order');
      assert(!anna.history.seen.some((one) => one.what === 'state' && one.state === 'reconnecting'));
    },
  ),
];
