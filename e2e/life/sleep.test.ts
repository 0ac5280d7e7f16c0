/** Sleep and wake: nothing of it shows, as long as the session lives; when it does not, what became of everything is told. */
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually, upTo, withRig } from '../transports/rig.js';
import { inProcess, inSleepyBrowser } from './sleep.js';
import { countDown, countUp, nothingHappened, startTalks } from './talk.js';
import type { Talk } from './talk.js';

describe.each([inProcess(), inSleepyBrowser('Chromium'), inSleepyBrowser('Firefox')])(
  'a client in $name',
  (place) => {
    const rig = withRig(place);
    // Whoever says nothing for 2.5 s has no connection any more.
    beforeAll(async () => rig.replaceBy(await rig.another({ times: { heartbeat: 1_000 } })));

    const sleep = async (talks: Talk[]): Promise<void> => {
      const wake = place.sleep();
      try {
        await countDown(rig, talks);
        await rig.proxy.unblock();
      } finally {
        wake();
      }
    };

    it('shows no disconnect for its sleep, and goes on where it was', async () => {
      const talks = await startTalks(rig);
      await countUp(talks);
      await sleep(talks);
      await nothingHappened(rig, talks);
    });

    it('does not count its sleep as time without a network, when it fell asleep without one', async () => {
      const talks = await startTalks(rig);
      await countUp(talks);
      await rig.proxy.block('down');
      for (const { client } of talks)
        await eventually(async () => (await client.report()).system).toContain('connection_lost');
      await sleep(talks);
      await nothingHappened(rig, talks);
    });
  },
);

describe('a client that sleeps for longer than its session lives', () => {
  const place = inProcess();
  const rig = withRig(place);
  beforeAll(async () => rig.replaceBy(await rig.another({ times: { heartbeat: 1_000, window: 2_000 } })));

  it('is told that the session was lost, misses nothing of its channels, and knows the end of each send (P14)', async () => {
    const talks = await startTalks(rig);
    await countUp(talks);
    const wake = place.sleep();
    try {
      await countDown(rig, talks);
    } finally {
      wake();
    }
    for (const { client, transport, up, down } of talks) {
      await eventually(async () => (await client.report()).sessions.map(({ lost }) => lost)).toEqual([
        false,
        true,
        false,
      ]);
      await eventually(() => client.numbers(down)).toEqual(upTo(140));
      await eventually(async () => (await client.status()).unsettled).toBe(0);
      expect((await client.report()).gaps, transport).toEqual([]);
      const { acknowledged, others } = await client.settledNumbers();
      const log = (await rig.server.history(up)).map(({ payload }) => payload['n'] as number);
      expect(
        acknowledged.filter((n) => !log.includes(n)),
        transport,
      ).toEqual([]);
      expect(log, transport).toEqual([...new Set(log)].sort((a, b) => a - b));
      for (const other of others) expect(other).toMatch(/^\d+: .*It may have happened/);
    }
  });
});
