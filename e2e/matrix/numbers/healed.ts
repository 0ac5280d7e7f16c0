/** A box stops to break things: how long until there is a WebSocket again, with nothing lost and nothing shown. */
import { pause, until } from '../speak.js';
import { behind, isIskra } from './measure.js';
import type { Measuring } from './measure.js';
import { talk } from './talk.js';

/** Long enough that the client has looked for better in vain, ms. */
const SICK = 20_000;
const PATIENCE = 90_000;

export const webSocketBack =
  (profile: string): Measuring =>
  (who) =>
    behind(who, profile, async (party, box, exchange) => {
      await until(() => party.ready, PATIENCE);
      const talking = talk(who.server, exchange, party, 200);
      await pause(SICK);
      await box.set('');
      const since = performance.now();
      const back = await until(
        () => isIskra(party) && party.client.status.transport === 'websocket',
        PATIENCE,
      );
      const value = back ? performance.now() - since : undefined;
      const intact = await talking.end();
      const shown = party.disconnects;
      return {
        value,
        holds: intact && shown === 0,
        remark: [intact ? '' : 'not intact', shown > 0 ? `${shown} disconnects shown` : '']
          .filter((part) => part !== '')
          .join(', '),
      };
    });
