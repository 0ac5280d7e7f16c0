/** A box that cuts what is idle: it does so a few times, and then never again. */
import { openBox } from '@iskra/chaos';
import { connect } from '@iskra/client';
import type { Client, TransportName } from '@iskra/client';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { afterAll, beforeAll, describe, it } from 'vitest';

/** The way of each transport through the box, so that it is met over that one. */
const WAYS: readonly [TransportName, string][] = [
  ['websocket', 'idle=3s'],
  ['sse', 'strip-upgrade,idle=3s'],
  ['long-poll', 'strip-upgrade,refuse-streams,idle=3s'],
];

const cutsOf = (client: Client): number =>
  client
    .explain()
    .attempts.filter(({ verdict }) => /^(idle|poll)-cut$|-killed-early$|^lost$/.test(verdict ?? '')).length;

describe('behind a box that cuts idle connections', { concurrent: true }, () => {
  let server: Serving;
  beforeAll(async () => {
    server = await serve(createRealtime({ logger: false }), { port: 0, hostname: '127.0.0.1' });
  });
  afterAll(() => server.close());

  it.for(WAYS)(
    '%s is cut three times at most, and not at all on the next visit (P50)',
    async ([best, profile], { expect }) => {
      const kept = new Map<string, string>();
      const storage = {
        read: (key: string) => kept.get(key),
        write: (key: string, text: string) => void kept.set(key, text),
      };
      const box = await openBox({ to: server.url, profile });
      const visit = () => connect(`${box.url}/realtime`, { environment: { storage }, probe: [500, 1_000] });

      const first = visit();
      const heard: unknown[] = [];
      const channel = first.channel(`room:${best}`);
      channel.on('said', (payload) => heard.push(payload));
      await channel.subscribe();
      await expect
        .poll(() => first.explain().path.heartbeat, { timeout: 30_000, interval: 40 })
        .toBeLessThan(2_500);
      await expect
        .poll(() => first.explain(), { timeout: 20_000, interval: 40 })
        .toMatchObject({ current: best, phase: 'steady' });
      const cuts = cutsOf(first);
      expect(cuts).toBeLessThanOrEqual(3);
      // Long enough for three more, and nothing is said.
      const attempts = first.explain().attempts.filter(({ role }) => role !== 'probe').length;
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      expect(cutsOf(first)).toBe(cuts);
      expect(first.explain().attempts.filter(({ role }) => role !== 'probe')).toHaveLength(attempts);
      await channel.publish('said', 'still here').settled;
      await expect.poll(() => heard).toEqual(['still here']);
      await first.close();

      const second = visit();
      expect(second.explain().path).toMatchObject({ heartbeat: first.explain().path.heartbeat, first: best });
      await second.channel('room:other').subscribe();
      expect(second.explain().attempts[0]!.transport).toBe(best);
      await new Promise((resolve) => setTimeout(resolve, 7_000));
      expect(cutsOf(second)).toBe(0);
      await second.close();
      await box.close();
    },
  );
});
