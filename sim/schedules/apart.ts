/** What two nodes have to know of each other's connections of one session. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import { disconnects } from './evidence.js';
import { isOn, reach, settle, verdictsOf } from './seen.js';

/** Ms that a connection may deliver after another one, on another node, has taken its session: 5 s until its node knows, and 5 s (P13, P27). */
const GRACE = 10_000;

export const apart: readonly Schedule[] = [
  schedule(
    'P13 apart',
    'a connection that was left, unheard by its node, is closed within 10 s of its successor on another node',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const anna = stage.page('anna', { transports: ['websocket'] });
      anna.way.to = first;
      await settle(stage, anna, 'websocket');
      const old = anna.way.newest('websocket');
      anna.way.to = second;
      anna.way.cutAll(
        () => 0,
        () => Infinity,
      );
      const isWelcome = (): boolean =>
        isOn(anna, 'websocket') && anna.way.newest('websocket')?.server === second!.actor;
      await reach(stage, 'anna is on the other node', isWelcome);
      assert.notEqual(anna.way.newest('websocket'), old);
      await reach(stage, 'the first one lets go', () => first!.core.connections.size === 0, GRACE + 200);
    },
  ),

  schedule(
    'P53 apart',
    'an event stream stays, though what its page says in between goes to other nodes',
    { nodes: 3, store: 'shared' },
    async (stage) => {
      const anna = stage.page('anna', { transports: ['sse'] });
      await settle(stage, anna, 'sse');
      await stage.run(600_000);
      // Pings that it asks for beside it are answered elsewhere: it looks after that a few times, and no more (P56).
      const ends = verdictsOf(anna);
      assert(
        ends.length <= 2 && ends.every((verdict) => verdict === 'left'),
        `it was closed: ${ends.join()}`,
      );
      assert.equal(disconnects(anna), 0);
    },
  ),
];
