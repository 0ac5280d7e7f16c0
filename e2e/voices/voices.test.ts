/** What a line does to the voices, for real: latency, jitter and loss between a client and its server. */
import { openBox } from '@iskra/chaos';
import type { Box } from '@iskra/chaos';
import { connect, raisedBy } from '@iskra/client';
import type { Client, TransportName } from '@iskra/client';
import { createRealtime } from '@iskra/server';
import type { Realtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** Milliseconds between heartbeats: as often as something has to be seen within 3 s. */
const HEARTBEAT = 500;
/** Both ways together 300 ms, 100 more or less; and where there are requests, two of a hundred are lost. */
const BAD_LINE = 'latency=150ms,jitter=50ms,resets=2%';

let realtime: Realtime;
let server: Serving;
let box: Box;
let client: Client;

beforeEach(async () => {
  realtime = createRealtime({ logger: false, times: { heartbeat: HEARTBEAT } });
  server = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
  box = await openBox({ to: server.url });
});
afterEach(async () => {
  await client.close();
  await box.close();
  await server.close();
});

/** A client whose heartbeats went well for some time, and its session. */
async function proven(transport: TransportName): Promise<string> {
  client = connect(`${box.url}/realtime`, { transports: [transport] });
  const session = new Promise<string>((resolve) => client.on('session', (change) => resolve(change.session)));
  await expect.poll(() => client.status.quality, { timeout: 10_000 }).toBe('good');
  const id = await session;
  const heard = () => raisedBy(realtime.voicesOf('session', id) ?? { pain: 1, chaos: 0, trust: 0 });
  await expect.poll(heard, { timeout: 10_000 }).toEqual(['Celebration']);
  return id;
}

/** Neither end is off by more than 15 %. */
const within = (roundTrip = 0): boolean => Math.abs(roundTrip - 300) <= 45;

test.each<TransportName>(['websocket', 'sse'])(
  'over %s the class changes within 3 s on a bad line, and both ends know its round trip within 15 %% (E4)',
  async (transport) => {
    const session = await proven(transport);
    await box.set(BAD_LINE);
    const began = performance.now();
    await expect.poll(() => client.status.quality, { timeout: 10_000, interval: 20 }).not.toBe('good');
    expect(performance.now() - began).toBeLessThan(3_000);

    const both = () => [client.status.roundTrip, realtime.voicesOf('session', session)?.roundTrip];
    await expect.poll(() => both().every(within), { timeout: 30_000, interval: 100 }).toBe(true);
    // It stays known, and the class stays what it is.
    const seen: [number | undefined, number | undefined, string][] = [];
    for (let look = 0; look < 20; look++) {
      await new Promise((resolve) => setTimeout(resolve, HEARTBEAT / 2));
      seen.push([...(both() as [number?, number?]), client.status.quality] as (typeof seen)[number]);
    }
    for (const [ours, theirs, quality] of seen) {
      expect([within(ours), within(theirs), quality]).toEqual([
        true,
        true,
        expect.not.stringMatching('good'),
      ]);
    }
  },
);

test('the voices of server, session, node and cluster raise curiosity, alarm and concern, and celebrate again (E4)', async () => {
  const session = await proven('websocket');
  const levels = () => [
    realtime.voicesOf('session', session),
    realtime.voicesOf('node'),
    realtime.voicesOf('cluster'),
  ];
  const all = (voice: string) => () =>
    levels().every((felt) => felt !== undefined && raisedBy(felt).includes(voice as never));
  await expect.poll(all('Celebration'), { timeout: 10_000 }).toBe(true);

  await box.set('latency=150ms');
  await expect.poll(all('Curiosity'), { timeout: 10_000, interval: 20 }).toBe(true);

  // Nothing passes: heartbeats go unanswered, until each end gives the connection up.
  await box.set('stall');
  await expect.poll(all('Alarm'), { timeout: 10_000, interval: 20 }).toBe(true);
  expect(all('Concern')()).toBe(true);

  await box.set('');
  const healed = () => raisedBy(client.status.voices).includes('Celebration');
  await expect.poll(healed, { timeout: 60_000, interval: 200 }).toBe(true);
});
