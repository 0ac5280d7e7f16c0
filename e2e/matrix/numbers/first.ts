/** From the first call to the first message. */
import { until } from '../speak.js';
import { behind } from './measure.js';
import type { Measuring } from './measure.js';

/** For the first message, ms: who has none by then has none. */
const PATIENCE = 8_000;
/** Long enough to have shown on a first visit what works, ms. */
const VISIT = 12_000;

export const firstMessage =
  (profile: string): Measuring =>
  (who) =>
    behind(who, profile, async (party, _box, _exchange, began) => {
      const came = await until(() => party.heard.length > 0, PATIENCE, 1);
      return { value: came ? performance.now() - began : undefined };
    });

/** The same on a second visit from the same network, beside a direct connection: how much later, ms. */
export const secondVisit =
  (profile: string, direct: string): Measuring =>
  async (who) => {
    const straight = await firstMessage(direct)(who);
    return behind(who, profile, async (party, box, exchange) => {
      await until(() => party.ready, PATIENCE);
      await until(() => false, VISIT);
      await party.close();
      const began = performance.now();
      const again = who.open(box.url, exchange);
      const came = await until(() => again.heard.length > 0, PATIENCE, 1);
      const value = came ? performance.now() - began - straight.value! : undefined;
      await again.close();
      return { value };
    });
  };
