/** Races between two connections of one session: the old one and the one that takes over. */
import assert from 'node:assert/strict';
import type { Page } from '../page.js';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Stage } from '../stage.js';
import type { Wire } from '../wire.js';
import { appendedTo, entriesOf, isOn, reach, ROOM, say, settle, speaker, verdictsOf } from './seen.js';

/** Ms that a connection may deliver after another one has taken its session (P13). */
const GRACE = 5_000;

export const switching: readonly Schedule[] = [
  schedule(
    'R04',
    'an old event stream still delivers while a WebSocket has resumed, and the server never hears that it was left',
    { store: 'shared' },
    async (stage) => {
      const [node] = stage.nodes;
      const bo = await speaker(stage);
      const { anna, old } = await onStream(stage);
      const before = await say(stage, bo, 2);
      old.up.hold();
      let welcomedAt = Infinity;
      const young = upgrade(stage, anna, 'welcomed', () => (welcomedAt = stage.world.now));
      await reach(stage, 'the WebSocket is welcome, and no more comes', () => young.wire !== undefined);
      const during = await say(stage, bo, 3);
      await stage.run(100);
      assert.deepEqual(entriesOf(anna), [...before, ...during], 'the old one delivers meanwhile');
      young.wire!.down.release();
      await reach(stage, 'anna is on the WebSocket', () => isOn(anna, 'websocket'));
      const after = await say(stage, bo, 2);
      const isLeft = (): boolean =>
        [...node!.core.connections].every(
          ({ session, generation }) => session !== anna.client.status.session || generation > 1,
        );
      await reach(
        stage,
        'the server has closed the old one',
        isLeft,
        welcomedAt + GRACE + 100 - stage.world.now,
      );
      await stage.run(1_000);
      assert.deepEqual(entriesOf(anna), [...before, ...during, ...after], 'each once, in order');
      assert(isOn(anna, 'websocket'));
    },
  ),

  schedule(
    'R05',
    'two entries come by the old connection, then again by the new one, which was attached before them',
    { store: 'shared' },
    async (stage) => {
      const bo = await speaker(stage);
      const { anna } = await onStream(stage);
      const before = await say(stage, bo, 2);
      await stage.run(100);
      const young = upgrade(stage, anna, 'asked');
      await reach(
        stage,
        'the WebSocket has said hello, and nothing comes back',
        () => young.wire !== undefined,
      );
      const both = await say(stage, bo, 2);
      await stage.run(100);
      assert.deepEqual(entriesOf(anna), [...before, ...both], 'they came by the old one');
      young.wire!.down.release();
      await stage.run(500);
      for (const id of both) assert(young.heard.includes(id), 'and again by the new one');
      assert.deepEqual(entriesOf(anna), [...before, ...both], 'where they were dropped');
      const after = await say(stage, bo, 1);
      await stage.run(1_000);
      assert.deepEqual(entriesOf(anna), [...before, ...both, ...after]);
      assert(!verdictsOf(anna).includes('resync'));
    },
  ),

  schedule(
    'R06',
    'a WebSocket is cut with entries under way that the server has written',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const bo = await speaker(stage);
      const anna = stage.page('anna');
      await settle(stage, anna, 'websocket');
      const before = await say(stage, bo, 5);
      await stage.run(100);
      const wire = anna.way.newest('websocket')!;
      wire.down.hold();
      const lost = await say(stage, bo, 5);
      await reach(stage, 'the server has written them', () => wire.down.bytes > 0);
      await stage.run(100);
      assert.deepEqual(entriesOf(anna), before);
      const asked: string[] = [];
      anna.way.overhears = ({ by, text }) => void (by === 'page' && asked.push(text));
      wire.cut(0, 0);
      await reach(stage, 'anna has all', () => entriesOf(anna).length >= 10);
      await stage.run(1_000);
      assert.match(asked[0]!, new RegExp(`"${ROOM}":\\["\\w+",5\\]`), 'it goes on from what it had');
      assert.deepEqual(entriesOf(anna), [...before, ...lost], 'each once, in order');
    },
  ),

  schedule(
    'R08',
    'two connections of one page attach at the same time, and the older one is welcomed last',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const bo = await speaker(stage);
      const anna = stage.page('anna', { transports: ['websocket', 'sse'] });
      anna.way.to = first;
      await settle(stage, anna, 'websocket');
      const before = await say(stage, bo, 2);
      // A WebSocket that dies young is not the first to be tried again.
      await stage.run(15_000);
      let late: Wire | undefined;
      const welcomes: (string | undefined)[] = [];
      anna.way.overhears = ({ by, wire, text }) => {
        if (by === 'node' && text.includes('"welcome"')) welcomes.push(/"generation":(\d)/.exec(text)?.[1]);
        if (by !== 'page' || wire.carries !== 'websocket' || late) return;
        late = wire;
        wire.down.hold();
        anna.way.to = second;
      };
      anna.way.cutAll(
        () => 0,
        () => 0,
      );
      await stage.run(10);
      const said = anna.publish(ROOM);
      await reach(stage, 'the event stream has overtaken it', () => welcomes.length > 0);
      const during = await say(stage, bo, 2);
      await reach(stage, 'anna has it by then', () => entriesOf(anna).length === 5);
      late!.down.release();
      await reach(stage, 'the older one is welcome too', () => welcomes.length > 1);
      assert.deepEqual(welcomes, ['3', '2']);
      await stage.run(30_000);
      const after = await say(stage, bo, 1);
      await stage.run(1_000);
      assert(isOn(anna, 'websocket'));
      assert(!verdictsOf(anna).includes('superseded'), 'the page stays with its newest connection');
      assert.deepEqual([said.end, said.ends], ['acknowledged', 1]);
      assert.deepEqual(appendedTo(stage), entriesOf(anna), 'each once, in order');
      assert.deepEqual([...entriesOf(anna)].sort(), [...before, ...during, ...after, said.id].sort());
    },
  ),
];

/** Anna, on an event stream that is subscribed; WebSockets work from now on. */
async function onStream(stage: Stage): Promise<{ anna: Page; old: Wire }> {
  const anna = stage.page('anna', { transports: ['websocket', 'sse'] });
  anna.way.webSockets = { how: 'refused' };
  await settle(stage, anna, 'sse');
  anna.way.webSockets = undefined;
  return { anna, old: anna.way.newest('sse')! };
}

/** What comes down the next WebSocket is held from the moment at which it said hello, or was welcomed. */
function upgrade(stage: Stage, page: Page, from: 'asked' | 'welcomed', held = (): void => {}) {
  const young = { wire: undefined as Wire | undefined, heard: '' };
  page.way.overhears = ({ by, wire, text }) => {
    if (wire === young.wire && by === 'node') young.heard += text;
    if (wire.carries !== 'websocket' || young.wire) return;
    const isIt =
      from === 'asked' ? /"hello"(?!.*"probe")/.test(text) : /"welcome".*"generation":[1-9]/.test(text);
    if (!isIt) return;
    young.wire = wire;
    wire.down.hold();
    held();
  };
  return young;
}
