/** A conversation over every transport at once, while something happens to whoever has it. */
import type { TransportName } from '@iskra/client';
import { expect } from 'vitest';
import type { Report } from '../browser/participant.js';
import { eventually, isConnected, newRoom, upTo } from '../transports/rig.js';
import type { Client, Rig } from '../transports/rig.js';

export const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];
/** Of the server to each client; with the pause between them that is longer than a client may be away unnoticed. */
const DOWN = 140;
const UP = 60;
const PAUSE = 50;

export interface Talk {
  readonly transport: TransportName;
  readonly client: Client;
  readonly up: `room:${string}`;
  readonly down: `room:${string}`;
}

/** A client on each transport, each connected. */
export const startTalks = (rig: Rig): Promise<Talk[]> =>
  Promise.all(
    TRANSPORTS.map(async (transport) => {
      const [up, down] = [newRoom(), newRoom()];
      const client = await rig.open({ transports: [transport] });
      await client.subscribe(down);
      await isConnected(client, transport);
      return { transport, client, up, down };
    }),
  );

/** The clients begin to count aloud. */
export const countUp = (talks: Talk[]): Promise<void[]> =>
  Promise.all(talks.map(({ client, up }) => client.startNumbers(up, 1, UP, PAUSE)));

/** The server counts to each of them, for 7 s. */
export const countDown = (rig: Rig, talks: Talk[]): Promise<void[]> =>
  Promise.all(talks.map(({ down }) => rig.server.publishNumbers(down, 1, DOWN, PAUSE)));

/** Everything came once and in order, both ways, and no application was told of a disconnect. */
export async function nothingHappened(rig: Rig, talks: Talk[]): Promise<void> {
  for (const { client, transport, up, down } of talks) {
    await eventually(() => client.numbers(down)).toEqual(upTo(DOWN));
    await eventually(() => client.settledNumbers()).toEqual({ acknowledged: upTo(UP), others: [] });
    expect((await rig.server.history(up)).map(({ payload }) => payload['n'])).toEqual(upTo(UP));
    const told: Report = await client.report();
    expect(told, transport).toMatchObject({
      states: ['connecting', 'connected'],
      transports: [transport],
      gaps: [],
      errors: [],
      status: { state: 'connected', unsettled: 0 },
    });
    expect(told.sessions, transport).toHaveLength(1);
  }
}
