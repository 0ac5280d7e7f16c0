import { describe, expect, test } from 'vitest';
import { createAttempt } from './attempt.js';
import type { Attempt } from './attempt.js';
import { createPath } from './path.js';
import type { TransportName } from './transports/transport.js';

/** A connection that was last heard at 0 and ended by the network after so long, unless told otherwise. */
const cutAfter = (
  silence: number,
  transport: TransportName = 'websocket',
  more: Partial<Attempt> = {},
): Attempt => ({
  ...createAttempt(1, { transport, server: 'primary', rank: 0 }, 'race', 0),
  openedAt: 0,
  welcomeAt: 1e-9,
  provenAt: 1e-9,
  heardAt: 0,
  endedAt: silence,
  cause: { status: 1006 },
  ...more,
});

describe('what was learned of the way', () => {
  test('takes one cut for what may be an accident, and the second after the same silence for a habit', () => {
    const path = createPath();
    expect(path.ended!(cutAfter(5_000))).toBe(null);
    expect(path.heartbeat).toBeUndefined();
    expect(path.ended!(cutAfter(5_200, 'sse', { cause: { status: 200 } }))).toBe(true);
    expect(path.heartbeat).toBe(3_000);
  });

  test('finds the habit between accidents', () => {
    const path = createPath();
    const told = [20_000, 3_000, 9_000, 20_400].map((silence) => path.ended!(cutAfter(silence)));
    expect(told).toEqual([null, null, null, true]);
    expect(path.heartbeat).toBe(12_000);
  });

  test('learns from polls that are cut, however they are told', () => {
    for (const status of [504, 502, 0]) {
      const path = createPath();
      const poll = (): Attempt =>
        cutAfter(12_000, 'long-poll', { polledAt: 7_000, heardAt: 6_990, cause: { status } });
      expect([path.ended!(poll()), path.ended!(poll())]).toEqual([null, true]);
      expect(path.heartbeat).toBe(3_000);
    }
  });

  const NOTHING: Record<string, Partial<Attempt>> = {
    'an attempt that was never welcome': { welcomeAt: undefined as never },
    'a probe, which says nothing for long': { role: 'probe' },
    'a connection that the server ended, with a reason': { cause: { status: 1006, advice: 'resume' } },
    'one that is no longer needed': { cause: { verdict: 'left' } },
    'a connection of a machine that slept': { slept: true },
    'one that is dead, because nothing came': { cause: { silent: 30_000 } },
  };
  test.each(Object.entries(NOTHING))('learns nothing from %s', (_, more) => {
    const path = createPath();
    for (let times = 0; times < 3; times++)
      expect(path.ended!(cutAfter(5_000, 'websocket', more))).toBe(false);
  });

  test('learns nothing from cuts of busy connections', () => {
    const path = createPath();
    for (let times = 0; times < 5; times++) expect(path.ended!(cutAfter(1_400))).toBe(false);
  });

  test('never asks for more than one heartbeat a second', () => {
    const path = createPath();
    const cut = () => path.ended!(cutAfter(1_600));
    expect([cut(), cut(), cut()]).toEqual([null, true, false]);
    expect(path.heartbeat).toBe(1_000);
  });

  test('unlearns what turns out to be wrong, but not for one accident', () => {
    const path = createPath({ heartbeat: 3_000 });
    path.ended!(cutAfter(2_000));
    expect(path.heartbeat).toBe(3_000);
    path.ended!(cutAfter(1_500));
    expect(path.heartbeat).toBeUndefined();
  });

  test('learns again when the limit has become lower', () => {
    const path = createPath({ heartbeat: 30_000 });
    for (let times = 0; times < 4; times++) path.ended!(cutAfter(10_000));
    expect(path.heartbeat).toBe(6_000);
  });
});
