/** Races of a store that fails over to a replica without its last changes. */
import assert from 'node:assert/strict';
import { encodeBody } from '@iskra/protocol/wire';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Page } from '../page.js';
import type { Stage } from '../stage.js';
import type { Wire } from '../wire.js';
import { comeBack, gaps, goAway, hasRead, isOn, log, nothingBroken, say, story } from './evidence.js';

const FAR = { store: 'shared', nodes: 2 } as const;

export const failover: readonly Schedule[] = [
  schedule('R26', 'a fail-over loses five entries, of which one reader had three', FAR, async (stage) => {
    const [three, none, all] = await readers(stage, 'three', 'none', 'all');
    await say(stage, 'room', 'k1', 'k2', 'k3');
    for (const page of [three, none, all]) await hasRead(stage, page, 'room', 'k3');
    goAway(none);
    const kept = stage.store.changes;
    await say(stage, 'room', 'l4', 'l5', 'l6');
    await hasRead(stage, three, 'room', 'l6');
    goAway(three);
    await say(stage, 'room', 'l7', 'l8');
    await hasRead(stage, all, 'room', 'l8');
    await stage.store.failOver(stage.store.changes - kept);
    comeBack(three);
    comeBack(none);
    await say(stage, 'room', 'n4', 'n5');
    for (const page of [three, none, all]) await hasRead(stage, page, 'room', 'n5');

    assert.deepEqual(log(stage, 'room'), ['k1', 'k2', 'k3', 'n4', 'n5'], 'the tail is lost');
    assert.deepEqual(
      story(three, 'room'),
      ['k1', 'k2', 'k3', 'l4', 'l5', 'l6', 'gap diverged', 'n4', 'n5'],
      'whoever had a part of the tail is told so, before what took its place',
    );
    assert.deepEqual(gaps(three, 'room'), ['diverged 6 to 3']);
    assert.deepEqual(
      gaps(all, 'room'),
      ['diverged 8 to 3'],
      'so is whoever had all of it, and stayed connected',
    );
    assert.deepEqual(
      story(none, 'room'),
      ['k1', 'k2', 'k3', 'n4', 'n5'],
      'whoever had nothing of it goes on through the fork',
    );
    nothingBroken(stage);
  }),

  schedule(
    'R27',
    'a fail-over forgets acknowledged sends 4 and 5, and the page sends 6',
    FAR,
    async (stage) => {
      const page = stage.page('anna');
      await isOn(stage, page);
      for (let number = 1; number <= 3; number++) page.publish('room');
      assert(await stage.until(() => page.client.status.unsettled === 0));
      const kept = stage.store.changes;
      const forgotten = [page.publish('room'), page.publish('room')];
      assert(await stage.until(() => forgotten.every(({ end }) => end === 'acknowledged')));
      await stage.store.failOver(stage.store.changes - kept);
      const sixth = page.request('echo', 0);
      assert(await stage.until(() => sixth.end !== undefined), 'the sixth comes to its end');

      const errors = page.history.seen.filter(({ what }) => what === 'error');
      assert.equal(errors.length, 1, 'the application is told once');
      assert.match(errors[0]?.what === 'error' ? errors[0].text : '', /lost sends 4 to 5/, 'and which');
      assert.deepEqual(sixth.reply, { id: sixth.id });
      assert.deepEqual(
        stage.truth.runs.map(({ id }) => id),
        [sixth.id],
        'the handler ran once',
      );
      const seventh = page.publish('room');
      assert(await stage.until(() => seventh.end === 'acknowledged'), 'the session goes on');
      assert.deepEqual(log(stage, 'room'), ['anna.1', 'anna.2', 'anna.3', 'anna.7'], 'nothing is resent');
      nothingBroken(stage);
    },
  ),

  schedule('R28', 'a second fail-over goes back further than the first one', FAR, async (stage) => {
    const [early, between, late] = await readers(stage, 'early', 'between', 'late');
    const pages = [early, between, late];
    await say(stage, 'room', 'k1', 'k2');
    for (const page of pages) await hasRead(stage, page, 'room', 'k2');
    const second = stage.store.changes;
    goAway(early);
    await say(stage, 'room', 'a3', 'a4');
    for (const page of [between, late]) await hasRead(stage, page, 'room', 'a4');
    const first = stage.store.changes;
    // In a position that the first fail-over leaves as it is, and the second takes away.
    goAway(between);
    await say(stage, 'room', 'a5');
    await hasRead(stage, late, 'room', 'a5');
    await stage.store.failOver(stage.store.changes - first);
    await say(stage, 'room', 'b5');
    await hasRead(stage, late, 'room', 'b5');
    await stage.store.failOver(stage.store.changes - second);
    comeBack(early);
    comeBack(between);
    await say(stage, 'room', 'c3', 'c4', 'c5', 'c6');
    for (const page of pages) await hasRead(stage, page, 'room', 'c6');

    const last = ['c3', 'c4', 'c5', 'c6'];
    assert.deepEqual(story(early, 'room'), ['k1', 'k2', ...last], 'goes on through both forks at once');
    assert.deepEqual(story(between, 'room'), ['k1', 'k2', 'a3', 'a4', 'gap diverged', ...last]);
    assert.deepEqual(gaps(between, 'room'), ['diverged 4 to 2']);
    assert.deepEqual(
      story(late, 'room'),
      ['k1', 'k2', 'a3', 'a4', 'a5', 'gap diverged', 'b5', 'gap diverged', ...last],
      'is told both times',
    );
    assert.deepEqual(gaps(late, 'room'), ['diverged 5 to 4', 'diverged 5 to 2']);
    nothingBroken(stage);
  }),

  schedule(
    'P32 twice',
    'the same sends are lost by a second fail-over, and the skip with them',
    FAR,
    async (stage) => {
      const page = stage.page('anna');
      await isOn(stage, page);
      const takes = async (count: number): Promise<void> => {
        const sent = Array.from({ length: count }, () => page.publish('room'));
        assert(await stage.until(() => sent.every(({ end }) => end === 'acknowledged')), `takes ${count}`);
      };
      await takes(3);
      const kept = stage.store.changes;
      for (const count of [2, 1, 1]) {
        await takes(count);
        await stage.store.failOver(stage.store.changes - kept);
      }
      await takes(1);
      assert.deepEqual(log(stage, 'room'), ['anna.1', 'anna.2', 'anna.3', 'anna.8']);
      nothingBroken(stage);
    },
  ),

  schedule('P40', 'a skip is late, and the store has forgotten more meanwhile', FAR, async (stage) => {
    const page = stage.page('anna');
    await isOn(stage, page);
    const takes = async (count: number): Promise<number> => {
      const sent = Array.from({ length: count }, () => page.publish('room'));
      assert(await stage.until(() => sent.every(({ end }) => end === 'acknowledged')), `takes ${count}`);
      return stage.store.changes;
    };
    const first = await takes(2);
    const second = await takes(2);
    await takes(2);
    await stage.store.failOver(stage.store.changes - second);
    const hand = stage.store.hold({ what: 'skip' });
    const sent = page.publish('room');
    assert(await stage.until(() => hand.waiting === 1), 'it skips what was lost');
    await stage.store.failOver(stage.store.changes - first);
    hand.open();
    assert(await stage.until(() => sent.end === 'acknowledged'));

    const errors = page.history.seen.flatMap((one) => (one.what === 'error' ? [one.text] : []));
    assert.match(errors[0]!, /lost sends 5 to 6/);
    assert.match(errors[1]!, /lost sends 3 to 6/, 'the second loss is told as well');
    assert.equal(errors.length, 2);
    assert.deepEqual(log(stage, 'room'), ['anna.1', 'anna.2', sent.id]);
    nothingBroken(stage);
  }),

  schedule('P34', 'the inbox goes on before the place to which it was read', FAR, async (stage) => {
    const page = stage.page('anna', { transports: ['websocket'] });
    await isOn(stage, page);
    const ask = async (count: number): Promise<void> => {
      const asked = Array.from({ length: count }, () => page.request('echo', 0));
      assert(await stage.until(() => asked.every(({ end }) => end === 'acknowledged')));
    };
    await ask(1);
    const kept = stage.store.changes;
    await ask(5);
    await stage.store.failOver(stage.store.changes - kept);
    const hand = stage.store.hold({ what: 'read', answer: true });
    let end = '';
    page.client
      .channel('room')
      .publish('member_joined', { id: 'somebody' })
      .settled.then(
        () => (end = 'taken'),
        () => (end = 'refused'),
      );
    await stage.run(1_000);
    assert.equal(end, '', 'its refusal is at a place that was read before, in another epoch');
    hand.open();
    assert(await stage.until(() => end === 'refused'));
  }),

  schedule(
    'P34 late',
    'a POST is answered when the inbox is in its next epoch already',
    FAR,
    async (stage) => {
      const page = stage.page('anna', { transports: ['sse'] });
      await isOn(stage, page, 'sse');
      await stage.run(1_000);
      let answer: Wire | undefined;
      page.way.overhears = ({ wire, by, text }) => {
        if (answer || by !== 'page' || !/"publish"/.test(text)) return;
        answer = wire;
        wire.down.hold();
      };
      const sent = page.publish('room');
      assert(await stage.until(() => (answer?.down.bytes ?? 0) > 0), 'it is answered');
      await stage.store.failOver(0);
      let isIn = false;
      page.client.on('message', () => (isIn = true));
      await stage.store.ask('post', page.client.status.session!, encodeBody({ delta: 'note' }));
      assert(await stage.until(() => isIn), 'the inbox has gone on');
      answer!.down.release();
      assert(await stage.until(() => sent.end === 'acknowledged'), 'the send comes to its end');
      assert.deepEqual(log(stage, 'room'), [sent.id]);
    },
  ),

  schedule(
    'P34 old',
    'an opening is answered when another one carries the session, in an epoch that the first never saw',
    FAR,
    async (stage) => {
      const page = stage.page('anna', { transports: ['long-poll', 'polling'] });
      const sent = page.publish('room');
      let first: Wire | undefined;
      page.way.overhears = ({ wire, by, text }) => {
        if (first || by !== 'page' || !/"publish"/.test(text)) return;
        first = wire;
        wire.down.hold();
      };
      const begins = stage.store.hold({ what: 'begin' });
      assert(await stage.until(() => begins.waiting === 1), 'its session is there');
      const kept = stage.store.changes;
      begins.open();
      assert(await stage.until(() => (first?.down.bytes ?? 0) > 0), 'it is answered');
      await stage.store.failOver(stage.store.changes - kept);
      const commits = stage.store.hold({ what: 'commit' });
      await isOn(stage, page, 'polling');
      assert(await stage.until(() => commits.waiting === 1), 'the send is on its way once more');
      first!.down.release();
      await stage.run(100);
      commits.open();
      assert(await stage.until(() => sent.end === 'acknowledged'), 'the send comes to its end');
      assert.deepEqual(log(stage, 'room'), [sent.id]);
      nothingBroken(stage);
    },
  ),

  schedule('P39', 'a fail-over loses an append whose commit is still on its way', FAR, async (stage) => {
    const page = stage.page('anna');
    await isOn(stage, page);
    const hand = stage.store.hold({ what: 'commit' });
    const kept = stage.store.changes;
    const sent = page.publish('room');
    assert(await stage.until(() => hand.waiting === 1), 'it is appended, and not committed');
    // The claim was taken before; what came behind it is lost.
    await stage.store.failOver(stage.store.changes - kept - 1);
    hand.open();
    assert(await stage.until(() => sent.end !== undefined));

    assert.equal(sent.end, 'acknowledged');
    assert.deepEqual(log(stage, 'room'), [sent.id], 'what was acknowledged is there, once');
    nothingBroken(stage);
  }),
];

/** Pages that have subscribed to the room. */
async function readers<Names extends string[]>(
  stage: Stage,
  ...names: Names
): Promise<{ [Key in keyof Names]: Page }> {
  const pages = names.map((name) => stage.page(name, { transports: ['websocket'] }));
  for (const page of pages) page.subscribe('room');
  const areIn = stage.until(() => pages.every((page) => page.client.channel('room').position !== undefined));
  assert(await areIn, 'all are subscribed');
  return pages as { [Key in keyof Names]: Page };
}
