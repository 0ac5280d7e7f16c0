/** What was open goes silent and is not closed, as behind a translator of addresses that forgot it; new connections pass. */
import type { Box } from '@iskra/chaos';
import { pause, until } from '../speak.js';
import { behind } from './measure.js';
import type { Measuring } from './measure.js';
import { talk } from './talk.js';

/** Until the client rests where it will stay, ms. */
const SETTLED = 3_000;
const PATIENCE = 75_000;
/** Between two messages each way, ms. */
const PACE = 50;

async function silence(box: Box, profile: string): Promise<number> {
  const since = performance.now();
  await box.set([profile, 'half-open=1ms'].filter((part) => part !== '').join(','));
  await pause(50);
  await box.set(profile);
  return since;
}

/** While both ends speak: from the silence to the first number that was said in it, both ways. */
export const silentWhileTalking =
  (profile: string): Measuring =>
  (who) =>
    behind(who, profile, async (party, box, exchange) => {
      await until(() => party.ready, PATIENCE);
      await pause(SETTLED);
      const talking = talk(who.server, exchange, party, PACE);
      await pause(1_000);
      const since = await silence(box, profile);
      const mark = talking.last + 1;
      const down = until(() => party.heard.includes(mark), PATIENCE).then(
        (came) => came && performance.now() - since,
      );
      const up = until(async () => (await who.server.count(exchange)) >= mark, PATIENCE, 50).then(
        (came) => came && performance.now() - since,
      );
      const [heard, said] = await Promise.all([down, up]);
      const intact = await talking.end();
      return {
        value: heard !== false && said !== false ? Math.max(heard, said) : undefined,
        holds: intact,
        remark: intact ? '' : 'not intact',
      };
    });

/** While nobody speaks: from the silence to a message that is said in it. */
export const silentWhileIdle =
  (profile: string): Measuring =>
  (who) =>
    behind(who, profile, async (party, box, exchange) => {
      await until(() => party.ready, PATIENCE);
      await pause(SETTLED);
      const since = await silence(box, profile);
      await who.server.say(exchange, 1);
      const came = await until(() => party.heard.includes(1), PATIENCE);
      return { value: came ? performance.now() - since : undefined };
    });
