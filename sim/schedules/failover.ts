/** Races of a store that fails over to a replica without its last changes. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Page } from '../page.js';
import type { Stage } from '../stage.js';
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
