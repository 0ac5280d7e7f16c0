/** A first visit over a healthy line: how many transports carry it until it is a WebSocket, which is one at best. */
import { pause, until } from '../speak.js';
import { behind, isIskra } from './measure.js';
import type { Measuring } from './measure.js';

const PATIENCE = 8_000;
/** By then whatever is better has taken over, ms. */
const SETTLED = 3_000;

export const transportsOf =
  (profile: string): Measuring =>
  (who) =>
    behind(who, profile, async (party) => {
      await until(() => party.ready, PATIENCE, 1);
      await pause(SETTLED);
      const transports = isIskra(party) ? party.transports : [];
      // So many until it is a WebSocket.
      return {
        value: transports.lastIndexOf('websocket') + 1 || undefined,
        remark: transports.join(', '),
      };
    });
