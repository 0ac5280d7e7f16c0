/** Rules of members: who comes, who goes, and who says so. */
import assert from 'node:assert/strict';
import type { Page } from '../page.js';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Stage } from '../stage.js';
import { codesOf, cut, opened, post } from './by-hand.js';
import { comeBack, goAway, ids, isOn, say, story } from './evidence.js';

const BRIEF = { store: 'shared', nodes: 1, retention: 4 } as const;

export const members: readonly Schedule[] = [
  schedule('P45', 'nobody but the server says who comes and goes', {}, async (stage) => {
    const page = stage.page('anna');
    for (const delta of ['member_joined', 'member_left']) {
      const { settled } = page.client.channel('room').publish(delta, { id: 'somebody' });
      await refused(stage, settled, 'forbidden');
    }
    assert.equal(stage.truth.appended.get('room'), undefined);
  }),

  schedule('P44 member', 'whoever loses the permission for a channel leaves its list', {}, async (stage) => {
    const [anna, bo] = [stage.page('anna'), stage.page('bo')];
    await meet(stage, anna, bo);
    stage.deny('anna', 'room', 60_000);
    cut(anna);
    assert(await stage.until(() => story(anna, 'room').includes('gap denied'), 5_000));
    await stage.run(100);
    assert.equal(goings(stage).length, 1);
    assert.equal(bo.client.channel('room').members.length, 1);
    assert.equal(anna.client.channel('room').members.length, 0);
  }),

  schedule('P46', 'a member stays through a pause of 10 s, and leaves with its lease', {}, async (stage) => {
    const [anna, bo] = [stage.page('anna'), stage.page('bo')];
    await meet(stage, anna, bo);
    anna.way.setStalled(true);
    cut(anna);
    await stage.run(10_000);
    anna.way.setStalled(false);
    await isOn(stage, anna);
    assert.deepEqual(goings(stage), [], 'a pause is no farewell');
    anna.subscribe('room', { presence: { name: 'anna', again: true } });
    await stage.run(500);
    assert.equal(comings(stage).length, 2, 'nor does a second subscription come again');
    stage.vanish(anna);
    assert(await stage.until(() => goings(stage).length === 1, 40_000));
    await stage.run(100);
    assert.equal(bo.client.channel('room').members.length, 1);
  }),

  schedule('P47', 'a page that goes away without a word leaves 2 s later', {}, async (stage) => {
    const [anna, bo] = [stage.page('anna'), stage.page('bo')];
    await meet(stage, anna, bo);
    stage.vanish(anna, true);
    await stage.run(1_900);
    assert.deepEqual(goings(stage), []);
    await stage.run(300);
    assert.equal(goings(stage).length, 1);
    assert.equal(bo.client.channel('room').members.length, 1);
  }),

  schedule(
    'P47 back',
    'a page that closes its socket with 1001, and is back, does not leave',
    {},
    async (stage) => {
      const [anna, bo] = [stage.page('anna'), stage.page('bo')];
      await meet(stage, anna, bo);
      anna.way.goAway();
      cut(anna);
      await stage.run(1_500);
      assert.equal(anna.client.explain().phase, 'steady');
      await stage.run(5_000);
      assert.deepEqual(goings(stage), []);
    },
  ),

  schedule('P49', 'a list is read anew after a gap, and entries go before it', BRIEF, async (stage) => {
    const [anna, bo, chi] = ['anna', 'bo', 'chi'].map((name) => stage.page(name)) as [Page, Page, Page];
    await meet(stage, anna, bo, chi);
    goAway(anna);
    stage.vanish(chi, true);
    await stage.run(3_000);
    await say(stage, 'room', ...ids(1, 6));
    const hand = stage.store.hold({ what: 'membersPage', answer: true });
    comeBack(anna);
    assert(await stage.until(() => hand.waiting > 0, 10_000), 'the list is read anew');
    bo.unsubscribe('room');
    await stage.run(500);
    hand.open();
    await stage.run(500);
    assert.deepEqual(
      anna.client.channel('room').members.map(({ id }) => id),
      [anna.client.status.session],
    );
  }),

  schedule(
    'P49 lost',
    'a list that was being read when its session ended is read in the next one',
    { ...BRIEF, window: 20_000 },
    async (stage) => {
      const [anna, bo] = [stage.page('anna'), stage.page('bo')];
      await meet(stage, anna);
      bo.subscribe('room');
      const seen = (): number => bo.client.channel('room').members.length;
      assert(await stage.until(() => seen() === 1));
      goAway(bo);
      anna.unsubscribe('room');
      await stage.run(100);
      await say(stage, 'room', ...ids(1, 6));
      const hand = stage.store.hold({ what: 'membersPage', answer: true });
      comeBack(bo);
      assert(await stage.until(() => hand.waiting > 0, 10_000), 'the list is read anew');
      goAway(bo);
      hand.open();
      await stage.run(40_000);
      comeBack(bo);
      assert(await stage.until(() => bo.history.seen.some((one) => one.what === 'session' && one.lost)));
      assert(await stage.until(() => seen() === 0, 10_000), 'nobody is there');
    },
  ),

  schedule(
    'P72',
    'bye ends a session and its memberships at once, also when it comes twice',
    {},
    async (stage) => {
      const [anna, bo] = [stage.page('anna'), stage.page('bo')];
      await meet(stage, anna, bo);
      void anna.client.close();
      await stage.run(100);
      assert.equal(goings(stage).length, 1);
      assert.equal(bo.client.channel('room').members.length, 1);

      const [node] = stage.nodes;
      const session = await opened(stage, node!);
      for (const ending of ['the first', 'the second']) {
        const answer = await post(stage, node!, 'send', ['continue', session], ['bye']);
        assert.deepEqual(codesOf(answer), ['bye'], ending);
      }
      const late = await post(stage, node!, 'poll', ['continue', { ...session, wait: 0 }]);
      assert.deepEqual(codesOf(late), ['session_unknown']);
    },
  ),
];

/** Both are members of `room`, and see each other. */
async function meet(stage: Stage, ...pages: Page[]): Promise<void> {
  for (const page of pages) {
    await isOn(stage, page);
    page.subscribe('room', { presence: { name: page.name } });
  }
  const isSo = await stage.until(() =>
    pages.every(({ client }) => client.channel('room').members.length === pages.length),
  );
  assert(isSo, 'all see each other');
}

/** Who came into `room` or left it, in order. */
const told = ({ truth }: Stage, delta: string): string[] =>
  (truth.appended.get('room') ?? []).flatMap(({ member }) => (member?.delta === delta ? [member.id] : []));
const comings = (stage: Stage): string[] => told(stage, 'member_joined');
const goings = (stage: Stage): string[] => told(stage, 'member_left');

async function refused(stage: Stage, settled: Promise<void>, code: string): Promise<void> {
  let end: unknown = 'nothing yet';
  settled.then(
    () => (end = 'acknowledged'),
    (error: { code: string }) => (end = error.code),
  );
  await stage.until(() => end !== 'nothing yet', 5_000);
  assert.equal(end, code);
}
