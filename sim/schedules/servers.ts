/** A page with a primary and a backup over one store: away from the primary and back to it, with one session. */
import assert from 'node:assert/strict';
import { ADDRESSES } from '../door.js';
import type { Page } from '../page.js';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Stage } from '../stage.js';
import { disconnects, enters, ids, nothingBroken, say, story } from './evidence.js';

const ROOM = 'room';
const [PRIMARY, BACKUP] = ADDRESSES;

/** Until a primary that is back carries the session again: the next look at it, and the time that it must live through. */
const RETURN = 65_000;

async function isAt(stage: Stage, page: Page, server: string, atMost: number): Promise<void> {
  const isSo = await stage.until(() => {
    const { phase, current } = page.client.explain();
    return phase === 'steady' && page.client.status.server === server && current === 'websocket';
  }, atMost);
  assert(isSo, `${page.name} is at ${server} within ${atMost} ms`);
}

/** Anna reads a room by her primary, which is the first node; the second one is her backup. */
async function onPrimary(stage: Stage): Promise<Page> {
  const anna = stage.page('anna', {}, [[0], [1]]);
  await enters(stage, anna, ROOM, 'websocket');
  assert.equal(anna.client.status.server, PRIMARY);
  return anna;
}

/** What is said before, meanwhile and after is read once, and it was one session all the time. */
async function readsOn(stage: Stage, anna: Page, last: number): Promise<void> {
  const isSo = await stage.until(() => story(anna, ROOM).length === last);
  assert(isSo, 'everything is read');
  assert.deepEqual(story(anna, ROOM), ids(1, last));
  assert.equal(disconnects(anna), 0, 'no disconnect is shown');
  const strikes = anna.client.explain().transports.flatMap((one) => one.strikes ?? []);
  assert.deepEqual(strikes, [], 'nothing is held against a transport');
  nothingBroken(stage);
}

export const servers: readonly Schedule[] = [
  schedule(
    'T5 killed',
    'the primary dies, the backup carries the session, and the primary gets it back when it lives again',
    { store: 'shared', nodes: 2 },
    async (stage) => {
      const anna = await onPrimary(stage);
      await say(stage, ROOM, ...ids(1, 3));
      stage.kill(stage.nodes[0]!);
      const sent = anna.publish(ROOM);
      await isAt(stage, anna, BACKUP, 4_000);
      await stage.until(() => sent.end !== undefined);
      assert.equal(sent.end, 'acknowledged');
      // Its own was said between.
      assert.deepEqual(story(anna, ROOM), [...ids(1, 3), sent.id]);
      await stage.run(100_000);
      const { servers: known, why } = anna.client.explain();
      assert.deepEqual(
        known.map(({ verdict }) => verdict),
        ['server-down', undefined],
      );
      assert.equal(why, 'server-down');
      stage.nodes[0]!.start();
      await isAt(stage, anna, PRIMARY, RETURN);
      await say(stage, ROOM, 'e4');
      const isSo = await stage.until(() => story(anna, ROOM).at(-1) === 'e4');
      assert(isSo, 'it reads on');
      assert.equal(disconnects(anna), 0, 'no disconnect is shown');
      assert.deepEqual(
        anna.client.explain().transports.flatMap((one) => one.strikes ?? []),
        [],
      );
      nothingBroken(stage);
    },
  ),

  schedule(
    'T5 hangs',
    'nothing comes back from the primary any more, and nobody waits for its last transport before the backup is asked',
    { store: 'shared', nodes: 2 },
    async (stage) => {
      const anna = await onPrimary(stage);
      const [door] = anna.way.doors;
      await say(stage, ROOM, ...ids(1, 3));
      await stage.run(100);
      anna.way.shut(door!, 'hangs');
      // The socket that hangs is dead after one and a half heartbeats (P52).
      await isAt(stage, anna, BACKUP, 34_000);
      await say(stage, ROOM, ...ids(4, 6));
      await stage.run(60_000);
      door!.shut = undefined;
      await isAt(stage, anna, PRIMARY, RETURN);
      await say(stage, ROOM, 'e7');
      await readsOn(stage, anna, 7);
    },
  ),

  schedule(
    'T5 drains',
    'the primary drains and takes nobody any more: its clients go on there, and to the backup when it ends',
    { store: 'shared', nodes: 2 },
    async (stage) => {
      const anna = await onPrimary(stage);
      await say(stage, ROOM, 'e1');
      stage.nodes[0]!.drain(1_000);
      await stage.run(8_000);
      await say(stage, ROOM, 'e2');
      stage.kill(stage.nodes[0]!);
      await isAt(stage, anna, BACKUP, 4_000);
      await say(stage, ROOM, 'e3');
      await readsOn(stage, anna, 3);
    },
  ),
];
