/** A client on a network that takes one transport after another away, and gives them back. */
import type { TransportName } from '@iskra/client';
import { describe, expect, it } from 'vitest';
import { inBrowser, inNode } from '../browser/places.js';
import type { Fault } from './proxy.js';
import { eventually, isConnected, newRoom, upTo, withRig } from './rig.js';

/** On each step this many, both ways: a thousand in all. */
const SHARE = 200;
/** Milliseconds between two of them, so that they flow while the client steps. */
const PACE = 4;
/** Milliseconds of one step. Firefox finds the dead connections of its pool one after the other: 12 to 14 s from a long poll to polling. */
const STEP = 45_000;

/** What is blocked, and where the client then goes by itself. */
const WAY_DOWN: readonly [Fault, TransportName][] = [
  ['ws-refuse', 'sse'],
  ['sse-refuse', 'long-poll'],
  ['poll-cut', 'polling'],
];

describe.each([inNode(), inBrowser('Chromium'), inBrowser('Firefox')])(
  'a client in $name',
  { timeout: 150_000 },
  (place) => {
    const rig = withRig(place);

    it('steps down and up again by itself, while 1,000 numbers pass each way once and in order (T2, T3)', async () => {
      const [up, down] = [newRoom(), newRoom()];
      const client = await rig.open({ probe: [300], stagger: 150, patience: 2_000 });
      await client.subscribe(down);
      await isConnected(client, 'websocket');

      let sent = 0;
      const step = async (transport: TransportName, change: () => Promise<void>): Promise<void> => {
        const [from, to] = [sent + 1, (sent += SHARE)];
        const flowing = Promise.all([
          client.publishNumbers(up, from, to, PACE),
          rig.server.publishNumbers(down, from, to, PACE),
        ]);
        await eventually(async () => (await client.numbers(down)).length).toBeGreaterThan(from + SHARE / 10);
        await change();
        await isConnected(client, transport, STEP);
        await flowing;
      };

      for (const [fault, transport] of WAY_DOWN) await step(transport, () => rig.proxy.block(fault));
      await step('websocket', () => rig.proxy.unblock());
      await step('websocket', async () => {});

      await eventually(async () => (await client.numbers(down)).length).toBe(sent);
      await eventually(async () => (await client.settledNumbers()).acknowledged.length).toBe(sent);
      expect(sent).toBe(1_000);
      expect(await client.numbers(down)).toEqual(upTo(sent));
      expect((await rig.server.history(up)).map(({ payload }) => payload['n'])).toEqual(upTo(sent));
      expect(await client.settledNumbers()).toEqual({ acknowledged: upTo(sent), others: [] });

      const { states, transports, gaps, errors, sessions, system } = await client.report();
      expect({ states, gaps, errors, lost: sessions.map(({ lost }) => lost) }).toEqual({
        states: ['connecting', 'connected'],
        gaps: [],
        errors: [],
        lost: [false],
      });
      // On the way up it may rest on a rung between.
      expect(transports.slice(0, 4)).toEqual(['websocket', 'sse', 'long-poll', 'polling']);
      expect(transports.at(-1)).toBe('websocket');
      expect(system.filter((delta) => delta === 'transport_downgraded')).toHaveLength(3);
      expect(system).toContain('transport_upgraded');
    });
  },
);
