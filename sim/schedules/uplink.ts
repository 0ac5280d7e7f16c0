/** Races of the way up. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';

export const uplink: readonly Schedule[] = [
  schedule(
    'R01',
    'a POST is processed, its answer lost, and its sends come again over WebSocket',
    {},
    async (stage) => {
      const page = stage.page('anna', { transports: ['websocket', 'sse'] });
      page.way.webSockets = { how: 'refused' };
      assert(await stage.until(() => page.client.status.transport === 'sse'));
      await stage.run(1_000);
      page.way.requests = { lost: 0, unanswered: 1, twice: 0, late: 0, truncated: 0, gateway: 0 };
      const sent = page.request('echo', 0);
      assert(await stage.until(() => stage.truth.runs.length === 1));
      page.way.requests = undefined;
      page.way.webSockets = undefined;
      page.way.cutAll(
        () => 0,
        () => 0,
      );
      assert(await stage.until(() => sent.end !== undefined));
      assert.deepEqual(sent.reply, { id: sent.id });
      assert.equal(stage.truth.runs.length, 1, 'the handler ran once');
    },
  ),
];
