/** A client that has nothing but polls, behind a box that lets only small answers pass. */
import { openBox } from '@iskra/chaos';
import { connect } from '@iskra/client';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { afterAll, beforeAll, describe, it } from 'vitest';

describe('a client behind a box', () => {
  let server: Serving;
  beforeAll(async () => {
    server = await serve(createRealtime({ logger: false }), { port: 0, hostname: '127.0.0.1' });
  });
  afterAll(() => server.close());

  it.for(['limit-answers=2kB', 'limit-answers-502=2kB', 'limit-answers-cut=2kB'])(
    'with %s knows how much of an answer passes, reads what was said while it was away, and is told what does not pass (P69)',
    async (profile, { expect }) => {
      const box = await openBox({ to: server.url });
      const transports = ['long-poll'] as const;
      const reader = connect(`${box.url}/realtime`, { transports, reconnect: { min: 20, max: 200 } });
      const writer = connect(`${server.url}/realtime`);
      const name = `room:${profile.replace('=', '-')}`;
      const got: unknown[] = [];
      reader.channel(name).on('said', (payload) => got.push((payload as { number: number }).number));
      reader.channel(name).onGap(({ reason, was, now }) => got.push(`${reason} ${was[1]} to ${now[1]}`));
      await reader.channel(name).subscribe();

      await box.set(['down']);
      const say = (number: number, length: number) =>
        writer.channel(name).publish('said', { number, text: 'x'.repeat(length) }).settled;
      const said = Array.from({ length: 60 }, (_, index) => index + 1);
      for (const number of said) await say(number, number === 50 ? 5_000 : 300);
      await box.set(profile);
      const expected = said.map((number) => (number === 50 ? 'too_big 49 to 50' : number));
      await expect.poll(() => got, { timeout: 30_000, interval: 40 }).toEqual(expected);
      expect(reader.explain().path.answer).toBeLessThanOrEqual(4_096);
      expect(box.stats.struck).toHaveProperty([profile.replace(/=.*/, '')]);

      // It goes on so, and asks for more when more passes.
      await box.set('');
      const more = Array.from({ length: 100 }, (_, index) => index + 61);
      await Promise.all(more.map((number) => say(number, 2_000)));
      await expect.poll(() => got.length, { timeout: 30_000, interval: 40 }).toBe(160);
      expect(got).toEqual([...expected, ...more]);
      expect(reader.explain().path.answer ?? Infinity).toBeGreaterThan(4_096);
      await Promise.all([reader.close(), writer.close()]);
      await box.close();
    },
  );
});
