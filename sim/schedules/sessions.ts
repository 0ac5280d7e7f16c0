/** Races of sessions: opened twice, left behind, shared, forgotten. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import {
  appendedTo,
  entriesOf,
  gapsOf,
  isOn,
  loseAnswer,
  reach,
  ROOM,
  runsOf,
  say,
  sessionsOf,
  settle,
  speaker,
} from './seen.js';

export const sessions: readonly Schedule[] = [
  schedule(
    'R19',
    'a proxy doubles the request that opens a session, with the first sends in it',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const anna = stage.page('anna', { transports: ['sse'] });
      anna.way.to = first;
      let opening = '';
      anna.way.decide = (_path, body) => {
        if (opening !== '') return undefined;
        opening = body;
        return { copyTo: second! };
      };
      const said = anna.publish(ROOM);
      const asked = anna.request('echo', 200);
      await reach(stage, 'both have an end', () => said.end !== undefined && asked.end !== undefined, 15_000);
      assert.match(opening, /"hello".*"publish".*"request"/, 'the sends came with the opening');
      await stage.run(10_000);
      assert.deepEqual([said.end, asked.end], ['acknowledged', 'acknowledged']);
      assert.deepEqual(appendedTo(stage), [said.id], 'published once');
      const [run, ...more] = runsOf(stage, asked);
      assert.deepEqual(more, [], 'ran once');
      assert.equal(run!.key, `${anna.client.status.session}:2`, 'both copies opened the one session');
      assert.equal(sessionsOf(anna).length, 1);
    },
  ),

  schedule(
    'R20',
    'a session is opened, the answer is lost, and the page opens it again',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const anna = stage.page('anna', { transports: ['sse'] });
      const isLost = loseAnswer(stage, anna, 'sse', () => stage.truth.runs.length > 0);
      const asked = anna.request('echo', 0);
      await reach(stage, 'it was processed, and the answer is lost', isLost);
      await reach(stage, 'anna has the reply', () => asked.end !== undefined);
      await stage.run(5_000);
      const { session } = anna.client.status;
      assert.equal(runsOf(stage, asked)[0]!.key, `${session}:1`, 'it is the session that was opened first');
      assert.equal(runsOf(stage, asked).length, 1);
      assert.deepEqual(asked.reply, { id: asked.id });
      assert.deepEqual(
        sessionsOf(anna).map(({ lost }) => lost),
        [false],
      );
    },
  ),

  schedule(
    'R21',
    'the answer to an opening is lost, and its session is over before the page reaches a node again',
    { nodes: 2, store: 'shared', window: 20_000 },
    async (stage) => {
      const anna = stage.page('anna', { transports: ['sse'] });
      const hasRun = (): boolean => stage.truth.runs.length > 0;
      const isLost = loseAnswer(stage, anna, 'sse', hasRun, () => anna.way.setStalled(true));
      const asked = anna.request('echo', 0, 120_000);
      await reach(stage, 'it ran, and the answer is lost', isLost);
      await stage.run(27_000);
      assert.equal(asked.end, undefined);
      anna.way.setStalled(false);
      await reach(stage, 'anna is connected', () => isOn(anna, 'sse'));
      await stage.run(15_000);
      assert.deepEqual([asked.end, asked.ends], ['unknown', 1], 'nobody can say what became of it');
      const runs = runsOf(stage, asked);
      assert.equal(runs.length, 1, 'it did not run again');
      const { session } = anna.client.status;
      assert(!runs[0]!.key.startsWith(`${session}:`), 'anna has another session');
      const next = anna.request('echo', 0);
      await reach(stage, 'the next one has an end', () => next.end !== undefined);
      assert.equal(next.end, 'acknowledged');
    },
  ),

  schedule('R25', 'a server with its store in memory starts again', { store: 'memory' }, async (stage) => {
    const [node] = stage.nodes;
    const bo = await speaker(stage);
    const anna = stage.page('anna');
    const rooms = [ROOM, 'room:b'];
    for (const room of rooms) await settle(stage, anna, 'websocket', room);
    const before = new Map<string, string[]>();
    for (const room of rooms) before.set(room, await say(stage, bo, 3, room));
    await stage.run(100);
    const places = rooms.map((room) => anna.client.channel(room).position!);
    stage.kill(node!);
    const unsure = anna.publish(ROOM);
    await stage.run(500);
    node!.start();
    await reach(stage, 'both are back', () =>
      [anna, bo].every((page) => isOn(page, 'websocket') && sessionsOf(page).length === 3),
    );
    for (const [index, room] of rooms.entries()) {
      const after = await say(stage, bo, 2, room);
      await stage.run(6_000);
      const gaps = gapsOf(anna, room);
      assert.deepEqual(
        gaps.map(({ reason, was }) => ({ reason, was })),
        [{ reason: 'epoch', was: places[index] }],
        `${room}: one gap, told as what it is`,
      );
      assert.notEqual(gaps[0]!.now[0], places[index]![0], 'under another epoch');
      assert.equal(gaps[0]!.now[1], 0, 'from its beginning');
      assert.deepEqual(entriesOf(anna, room), [...before.get(room)!, ...after], 'and everything that is new');
    }
    assert.deepEqual(
      sessionsOf(anna).map(({ lost }) => lost),
      [false, true, false],
      'the session was lost, and a new one began',
    );
    assert.equal(unsure.ends, 1);
    assert.equal(unsure.end, 'unknown');
    assert.equal(sessionsOf(anna)[1]!.session, sessionsOf(anna)[0]!.session);
  }),
];
