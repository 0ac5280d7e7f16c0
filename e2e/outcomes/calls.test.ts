// How a call ends that was not refused and not done: no room for it, no time, no client any more.
import { ClosedError, OutcomeUnknown, QueueFull, RequestTimeout, SendError } from '@iskra/client';
import { describe, expect, it } from 'vitest';
import { examples, plain } from './page.js';
import { errorOf, eventually, isAway, startWorld, TRANSPORTS } from './world.js';

const LOBBY = 'room:lobby';

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('takes no more than the outbox holds, and what it took is done later', async () => {
    const world = await startWorld();
    const { client } = await world.open(transport, { outbox: { messages: 2 } });
    const room = client.channel(LOBBY);
    world.network.cut();
    const taken = [room.publish('counted', 1), room.publish('counted', 2)];
    const refused = room.publish('counted', 3);
    const error = await errorOf(refused.settled);
    expect(error).toBeInstanceOf(QueueFull);
    expect(refused).toMatchObject({ number: 0, state: 'rejected' });
    expect(examples).toContainEqual(plain(error));
    world.network.mend();
    await Promise.all(taken.map(({ settled }) => settled));
    await room.publish('counted', 4).settled;
    expect(await world.log(LOBBY)).toEqual([1, 2, 4]);
  });

  it('stops waiting for a reply; the request is done all the same', async () => {
    const orders: unknown[] = [];
    const world = await startWorld({
      prepare: (realtime) => realtime.handle('order', (input) => orders.push(input)),
    });
    const { client } = await world.open(transport);
    world.network.cut();
    const error = await errorOf(client.request('order', 'tea', { timeout: 1 }));
    expect(error).toBeInstanceOf(RequestTimeout);
    expect(examples).toContainEqual(plain(error));
    expect(orders).toEqual([]);
    world.network.mend();
    await eventually(() => orders).toEqual(['tea']);
  });

  it('is closed by close(): what was under way is unknown, what comes later is refused', async () => {
    const world = await startWorld();
    const { client } = await world.open(transport);
    const room = client.channel(LOBBY);
    world.network.cut();
    const under = errorOf(room.publish('counted', 1).settled);
    await client.close();
    expect(await under).toBeInstanceOf(OutcomeUnknown);
    const error = await errorOf(room.publish('counted', 2).settled);
    expect(error).toBeInstanceOf(ClosedError);
    expect(examples).toContainEqual(plain(error));
    expect(client.status.state).toBe('closed');
  });

  it('is closed when its credentials no longer count: told once as an error, and by every call', async () => {
    let isMember = true;
    const world = await startWorld({ authenticate: () => (isMember ? { subject: 'ada' } : undefined) });
    const witness = await world.open(transport, { auth: 'of Ada' });
    const { client, errors } = witness;
    const room = client.channel(LOBBY);
    world.network.cut();
    isMember = false;
    const under = errorOf(room.publish('counted', 1).settled);
    await isAway(witness);
    world.network.mend();
    await eventually(() => client.status.state).toBe('closed');
    expect(await under).toBeInstanceOf(OutcomeUnknown);
    expect(errors).toEqual([expect.any(SendError)]);
    expect(examples).toContainEqual(plain(errors[0]));
    const error = await errorOf(client.request('order'));
    expect(error).toBeInstanceOf(ClosedError);
    expect(examples).toContainEqual(plain(error));
  });
});
