/** A box that cuts what is quiet for 5 s: how often it does. */
import { pause, until } from '../speak.js';
import { behind } from './measure.js';
import type { Measuring } from './measure.js';
import { talk } from './talk.js';

/** How long it is watched, and how long the last part is in which there must be no cut, ms. */
const WATCHED = 90_000;
const CALM = 30_000;
/** Between two messages each way, ms: much longer than the box allows. */
const PACE = 13_000;

export const cuts =
  (profile: string): Measuring =>
  (who) =>
    behind(who, profile, async (party, box, exchange) => {
      const struck = (): number => box.stats.struck.idle ?? 0;
      await until(() => party.ready, 10_000);
      const talking = talk(who.server, exchange, party, PACE);
      await pause(WATCHED - CALM);
      const before = struck();
      await pause(CALM);
      const value = struck();
      const intact = await talking.end();
      const late = value - before;
      return {
        value,
        holds: intact && late === 0,
        remark: [late > 0 ? `${late} in the last ${CALM / 1_000} s` : '', intact ? '' : 'not intact']
          .filter((part) => part !== '')
          .join(', '),
      };
    });
