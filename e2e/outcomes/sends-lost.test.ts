// The store forgot sends that it had acknowledged: the application is told which, and the next one is done once.
import { SendError } from '@iskra/client';
import type { TransportName } from '@iskra/client';
import { describe, expect, it } from 'vitest';
import { failingOver } from './failing-over.js';
import { examples, plain } from './page.js';
import { eventually, isAway, record, startWorld, told, TRANSPORTS } from './world.js';

const LOBBY = 'room:lobby';

/** A client whose sends 3 and 4 were acknowledged, and a store that is about to forget them. */
async function loseTwo(transport: TransportName) {
  const stores = failingOver();
  const orders: unknown[] = [];
  const world = await startWorld({
    store: () => stores.store,
    prepare: (realtime) => realtime.handle('order', (input) => orders.push(input)),
  });
  const witness = await world.open(transport);
  const room = witness.client.channel(LOBBY);
  const seen = record(room);
  await room.subscribe();
  await room.publish('counted', 1).settled;

  stores.fallBehind();
  const lost = [room.publish('counted', 2), room.publish('counted', 3)];
  await Promise.all(lost.map(({ settled }) => settled));
  expect(lost.map(({ number }) => number)).toEqual([3, 4]);

  /** Three sends follow: each is done once, and the loss was told once and skipped once. */
  const goesOn = async (sends: Promise<unknown>[]): Promise<void> => {
    await Promise.all(sends);
    expect(await world.log(LOBBY)).toEqual([1, 2, 3, 4, 5]);
    expect(orders).toEqual(['tea']);
    await eventually(() => seen).toEqual([1, 2, 3, 4, 5]);
    expect(stores.skips).toEqual([4]);
    expect(told(witness, 'sends_lost')).toEqual([{ from: 3, to: 4 }]);
    expect(witness.errors).toEqual([expect.any(SendError)]);
    expect(witness.errors).toMatchObject([
      { code: 'sends_lost', advice: 'resynchronize', message: 'The store lost sends 3 to 4.' },
    ]);
    expect(witness.sessions).toHaveLength(1);
    expect(witness.client.status).toMatchObject({ state: 'connected', unsettled: 0 });
    expect(examples).toContainEqual(plain(witness.errors[0]));
    expect(examples).toContainEqual({ delta: 'sends_lost', payload: { from: 3, to: 4 } });
  };
  const publish = (n: number): Promise<void> => room.publish('counted', n).settled;
  const order = (): Promise<unknown> => witness.client.request('order', 'tea');
  return { stores, network: world.network, witness, publish, order, goesOn };
}

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('tells of lost sends once, skips them once and goes on (P32, P40)', async () => {
    const { stores, publish, order, goesOn } = await loseTwo(transport);
    stores.failOver();
    await goesOn([publish(4), order(), publish(5)]);
  });

  it('does so on the next connection', async () => {
    const { stores, network, witness, publish, order, goesOn } = await loseTwo(transport);
    network.cut();
    await isAway(witness);
    stores.failOver();
    const sends = [publish(4), order(), publish(5)];
    network.mend();
    await goesOn(sends);
  });

  it('does so when the connection ends before the skip arrives', async () => {
    const { stores, network, witness, publish, order, goesOn } = await loseTwo(transport);
    witness.client.on('error', () => network.cut());
    stores.failOver();
    const sends = [publish(4), order(), publish(5)];
    await isAway(witness);
    expect(stores.skips).toEqual([]);
    network.mend();
    await goesOn(sends);
  });
});

it('does so when each of many sends was answered with the number that is expected', async () => {
  // Over HTTP one message is under way at a time (P36).
  const { stores, network, publish, order, goesOn } = await loseTwo('websocket');
  stores.failOver();
  network.hold();
  const sends: Promise<unknown>[] = [];
  for (const send of [() => publish(4), order, () => publish(5)]) {
    sends.push(send());
    await eventually(() => stores.expected).toBe(sends.length);
  }
  network.release();
  await goesOn(sends);
});
