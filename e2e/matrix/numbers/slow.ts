/** A healthy link that is slow and loses some: how long a client is below the best transport. */
import { pause, until } from '../speak.js';
import { behind, isIskra } from './measure.js';
import type { Measuring } from './measure.js';
import { talk } from './talk.js';

const CLIENTS = 5;
const WATCHED = 90_000;
const LOOK = 100;

export const below =
  (profile: string): Measuring =>
  async (who) => {
    const all = await Promise.all(
      Array.from({ length: CLIENTS }, () =>
        behind(who, profile, async (party, _box, exchange) => {
          await until(() => party.ready, 20_000);
          const talking = talk(who.server, exchange, party, 500);
          let [longest, since] = [0, performance.now()];
          for (const end = performance.now() + WATCHED; performance.now() < end; await pause(LOOK)) {
            const now = performance.now();
            if (isIskra(party) && party.client.status.transport === 'websocket') since = now;
            longest = Math.max(longest, now - since);
          }
          return { longest, intact: await talking.end(), transports: isIskra(party) ? party.transports : [] };
        }),
      ),
    );
    const changes = all.reduce((sum, { transports }) => sum + transports.length - 1, 0);
    const intact = all.every((one) => one.intact);
    return {
      value: Math.max(...all.map(({ longest }) => longest)),
      holds: intact,
      remark: `${CLIENTS} clients, ${changes} changes${intact ? '' : ', not intact'}`,
    };
  };
