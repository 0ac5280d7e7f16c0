/** Answers of polls that are too large for the way: asked for smaller, and given up only where nothing else is left (P69). */
import assert from 'node:assert/strict';
import type { Continue } from '@iskra/protocol/wire';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Stage } from '../stage.js';
import { HELLO, opened, post } from './by-hand.js';
import {
  disconnects,
  enters,
  gaps,
  hasRead,
  ids,
  nothingBroken,
  say,
  sayAtLength,
  story,
} from './evidence.js';

const POLLS = { transports: ['long-poll'] as const };
const WAYS = ['truncated', 'gateway', 'lost'] as const;

/** A poll by hand from the beginning of the room: what of it comes, in bytes and in short. */
async function polled(stage: Stage, session: Continue, asked: Partial<Continue>) {
  const { epoch } = (await stage.store.ask('heads', ['room']))[0]!;
  const cursors = { room: [epoch, 0] as [string, number] };
  const frames = await post(stage, stage.nodes[0]!, 'poll', ['continue', { ...session, cursors, ...asked }]);
  return {
    bytes: JSON.stringify(frames).length,
    came: frames.map((frame) => [frame[0], frame[0] === 'gap' ? frame[2] : frame[3]].join(' ')),
  };
}

export const answers: readonly Schedule[] = [
  schedule('P69', 'a poll is answered with as much as it asks for', {}, async (stage) => {
    const session = await opened(stage, stage.nodes[0]!);
    for (const id of ids(1, 10)) await sayAtLength(stage, 'room', id, 200);
    const all = await polled(stage, session, { wait: 0 });
    assert.equal(all.came.length, 10);
    const { bytes, came } = await polled(stage, session, { wait: 0, answer: 1_500 });
    assert(bytes <= 1_500, `${bytes} bytes`);
    assert.deepEqual(came, ['entry 1', 'entry 2', 'entry 3', 'entry 4']);
  }),

  schedule(
    'P69 alone',
    'what is larger alone is the only one, or a gap where that is asked for',
    {},
    async (stage) => {
      const [node] = stage.nodes;
      const session = await opened(stage, node!);
      for (const id of ids(1, 3)) await sayAtLength(stage, 'room', id, 2_000);
      assert.deepEqual((await polled(stage, session, { wait: 0, answer: 1_024 })).came, ['entry 1']);
      const skipped = await polled(stage, session, { wait: 0, answer: 1_024, entry: 1_024 });
      assert.deepEqual(skipped.came, ['gap too_big'], 'one, and nothing is known of those behind it');
      const passes = await polled(stage, session, { wait: 0, answer: 1_024, entry: 4_000 });
      assert.deepEqual(passes.came, ['entry 1']);
    },
  ),

  schedule('P69 open', 'what opens a connection has nothing in it that does not fit', {}, async (stage) => {
    const [node] = stage.nodes;
    const { key, nonce } = await opened(stage, node!);
    await sayAtLength(stage, 'room', 'e1', 2_000);
    const { epoch } = (await stage.store.ask('heads', ['room']))[0]!;
    const hello = { ...HELLO[1], key, nonce, cursors: { room: [epoch, 0] as [string, number] } };
    const tags = async (more: object) =>
      (await post(stage, node!, 'poll', ['hello', { ...hello, ...more }])).map(([tag]) => tag);
    assert.deepEqual(await tags({}), ['welcome', 'entry']);
    assert.deepEqual(await tags({ answer: 1_024 }), ['welcome']);
  }),

  ...WAYS.map((how) =>
    schedule(
      `P69 ${how}`,
      `larger answers are ${how}, in the middle of it and after a time away`,
      { store: 'shared', nodes: 2 },
      async (stage) => {
        const page = stage.page('anna', POLLS);
        await enters(stage, page, 'room', 'long-poll');
        await enters(stage, page, 'other', 'long-poll');
        stage.capAnswers(page, { bytes: 2_100, how });
        for (const id of ids(1, 40)) {
          await sayAtLength(stage, 'room', id, 300);
          await sayAtLength(stage, 'other', id, 1_400);
        }
        await hasRead(stage, page, 'room', 'e40', 20_000);
        await hasRead(stage, page, 'other', 'e40', 20_000);
        assert.equal(page.client.explain().attempts.length, 1, 'over one connection');
        assert.equal(disconnects(page), 0);
        // Whoever was refused for a while does not know whether it was for the size.
        const [door] = page.way.doors;
        page.way.shut(door!, 'refused');
        for (const id of ids(41, 100)) await sayAtLength(stage, 'room', id, 300);
        await stage.run(3_000);
        door!.shut = undefined;
        await hasRead(stage, page, 'room', 'e100', 30_000);
        assert.deepEqual(story(page, 'room'), ids(1, 100));
        assert.deepEqual(story(page, 'other'), ids(1, 40));
        const { answer = Infinity } = page.client.explain().path;
        assert(answer <= 4_096, `it knows how much passes: ${answer}`);
        nothingBroken(stage);
      },
    ),
  ),

  ...WAYS.map((how) =>
    schedule(
      `P69 never ${how}`,
      `an entry that never passes, as it is ${how}, is told as a gap, and those around it come`,
      { store: 'shared', nodes: 2 },
      async (stage) => {
        const page = stage.page('anna', POLLS);
        await enters(stage, page, 'room', 'long-poll');
        stage.capAnswers(page, { bytes: 2_100, how });
        await say(stage, 'room', 'e1', 'e2');
        await sayAtLength(stage, 'room', 'e3', 3_000);
        await sayAtLength(stage, 'room', 'e4', 1_700);
        await sayAtLength(stage, 'room', 'e5', 3_000);
        await say(stage, 'room', 'e6');
        await hasRead(stage, page, 'room', 'e6', 10_000);
        assert.deepEqual(story(page, 'room'), ['e1', 'e2', 'gap too_big', 'e4', 'gap too_big', 'e6']);
        assert.deepEqual(gaps(page, 'room'), ['too_big 2 to 3', 'too_big 4 to 5']);
        assert.equal(page.client.explain().attempts.length, 1, 'over one connection');
        nothingBroken(stage);
      },
    ),
  ),

  schedule('P69 chance', 'an entry that chance keeps back a few times is not given up', {}, async (stage) => {
    const page = stage.page('anna', POLLS);
    await enters(stage, page, 'room', 'long-poll');
    let cuts = 0;
    page.way.decide = (path, body) => {
      const isCut = path === 'poll' && !body.includes('"entry":') && cuts < 5;
      if (isCut) cuts++;
      return isCut ? 'truncated' : undefined;
    };
    // What is held already brings the first one.
    await say(stage, 'room', 'e1');
    await hasRead(stage, page, 'room', 'e1', 5_000);
    await sayAtLength(stage, 'room', 'e2', 3_000);
    await hasRead(stage, page, 'room', 'e2', 20_000);
    assert.equal(cuts, 5);
    assert.deepEqual(story(page, 'room'), ['e1', 'e2']);
    nothingBroken(stage);
  }),

  schedule('P69 once', 'what was cut by accident changes nothing for long', {}, async (stage) => {
    const page = stage.page('anna', POLLS);
    await enters(stage, page, 'room', 'long-poll');
    let cuts = 0;
    page.way.decide = (path) => (path === 'poll' && cuts++ < 1 ? 'truncated' : undefined);
    await say(stage, 'room', 'e1');
    await hasRead(stage, page, 'room', 'e1', 5_000);
    await say(stage, 'room', 'e2');
    await hasRead(stage, page, 'room', 'e2', 5_000);
    assert(cuts > 1);
    assert.equal(page.client.explain().path.answer, undefined, 'as there was not much to say');
    assert.equal(page.client.explain().attempts.length, 1);
    nothingBroken(stage);
  }),
];
