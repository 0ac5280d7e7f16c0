/** Numbers that are said by hand, for as long as something is watched, and what came of them. */
import type { Remote } from '../../browser/remote.js';
import type { Party } from '../party.js';
import type { MatrixVerbs } from '../served.js';
import { withoutFirst } from '../exchange.js';
import { pause, until } from '../speak.js';
import { isIntact, tallyOf } from '../tally.js';

export interface Talk {
  /** The last number that was said, by both. */
  readonly last: number;
  /** Says no more, waits for the rest, and tells whether all is there, once and in order. */
  end(): Promise<boolean>;
}

const REST = 60_000;

/** Both ends say the next number every so many ms. */
export function talk(server: Remote<MatrixVerbs>, exchange: string, party: Party, every: number): Talk {
  let n = 0;
  let stopped = false;
  const talking = (async () => {
    while (!stopped) {
      n++;
      party.say({ n, pad: '' });
      await server.say(exchange, n);
      await pause(every);
    }
  })();
  return {
    get last() {
      return n;
    },
    async end() {
      stopped = true;
      await talking;
      await until(async () => party.heard.length > n && (await server.count(exchange)) >= n, REST, 100);
      const down = tallyOf(n, withoutFirst(party.heard));
      return isIntact(down) && isIntact(tallyOf(n, await server.heard(exchange)));
    },
  };
}
