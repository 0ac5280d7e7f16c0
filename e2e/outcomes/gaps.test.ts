// What a log can no longer give is told as one gap, in its place, with its reason; what follows it comes.
import { openBox } from '@iskra/chaos';
import { OutcomeUnknown } from '@iskra/client';
import { memoryStore } from '@iskra/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { examples, plain } from './page.js';
import { errorOf, eventually, record, startWorld, told, TRANSPORTS } from './world.js';

const LOBBY = 'room:lobby';
const KEPT = 5;
const fewEntries = () => memoryStore({ retention: { entries: KEPT } });

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('tells once what the log has trimmed, behind the last entry and before the next (P23, P25, P28)', async () => {
    const world = await startWorld({ store: fewEntries });
    const witness = await world.open(transport);
    const room = witness.client.channel(LOBBY);
    const seen = record(room);
    await room.subscribe();
    await world.publish(LOBBY, 1, 3);
    await eventually(() => seen).toEqual([1, 2, 3]);
    const [epoch] = room.position!;

    world.network.cut();
    await world.publish(LOBBY, 4, 20);
    world.network.mend();
    const gap = { channel: LOBBY, reason: 'trimmed', was: [epoch, 3], now: [epoch, 15] };
    await eventually(() => seen).toEqual([1, 2, 3, gap, 16, 17, 18, 19, 20]);
    expect(examples).toContainEqual(plain(gap));

    // It is over: neither the next entry nor the next connection tells of it again.
    await world.publish(LOBBY, 21, 21);
    await eventually(() => seen.at(-1)).toBe(21);
    world.network.cut();
    await world.publish(LOBBY, 22, 22);
    world.network.mend();
    await eventually(() => seen).toEqual([1, 2, 3, gap, 16, 17, 18, 19, 20, 21, 22]);
    expect(told(witness, 'gap')).toEqual([gap]);
    expect(witness.errors).toEqual([]);
  });

  it('tells once that the log of another epoch goes on, when the server lost its memory (P28)', async () => {
    const world = await startWorld();
    const witness = await world.open(transport);
    const room = witness.client.channel(LOBBY);
    const seen = record(room);
    await room.subscribe();
    await world.publish(LOBBY, 1, 3);
    await eventually(() => seen).toEqual([1, 2, 3]);
    const was = room.position;

    await world.restart();
    await world.publish(LOBBY, 4, 5);
    world.network.mend();
    await eventually(() => seen.slice(4)).toEqual([4, 5]);
    const [epoch] = room.position!;
    const gap = { channel: LOBBY, reason: 'epoch', was, now: [epoch, 0] };
    await world.publish(LOBBY, 6, 6);
    await eventually(() => seen).toEqual([1, 2, 3, gap, 4, 5, 6]);
    expect(epoch).not.toBe(was![0]);
    expect(told(witness, 'gap')).toEqual([gap]);
    expect(examples).toContainEqual(plain(gap));
  });

  it('tells a place that the log never came to, and goes on at its head (P28)', async () => {
    const world = await startWorld();
    const first = await world.realtime.publish(LOBBY, 'counted', 1);
    const witness = await world.open(transport);
    const room = witness.client.channel(LOBBY);
    const seen = record(room);
    await room.subscribe({ since: [first[0], 3] });
    const gap = { channel: LOBBY, reason: 'diverged', was: [first[0], 3], now: first };
    await eventually(() => seen).toEqual([gap]);
    await world.publish(LOBBY, 2, 3);
    await eventually(() => seen).toEqual([gap, 2, 3]);
    expect(told(witness, 'gap')).toEqual([gap]);
    expect(examples).toContainEqual(plain(gap));
  });

  it('tells once that a permission ended; the channel is left, the others go on (P44)', async () => {
    let isOpen = true;
    const world = await startWorld({ authorize: (_session, _action, name) => isOpen || name === LOBBY });
    const witness = await world.open(transport);
    const [staff, lobby] = [witness.client.channel('room:staff'), witness.client.channel(LOBBY)];
    const [seen, others] = [record(staff), record(lobby)];
    await Promise.all([staff.subscribe(), lobby.subscribe()]);
    await world.publish(staff.name, 1, 3);
    await eventually(() => seen).toEqual([1, 2, 3]);
    const at = staff.position;

    world.network.cut();
    isOpen = false;
    await world.publish(staff.name, 4, 4);
    await world.publish(LOBBY, 4, 4);
    world.network.mend();
    const gap = { channel: staff.name, reason: 'denied', was: at, now: at };
    await eventually(() => [seen, others]).toEqual([[1, 2, 3, gap], [4]]);
    expect(staff.position).toBeUndefined();

    await world.publish(staff.name, 5, 5);
    world.network.cut();
    await world.publish(LOBBY, 5, 5);
    world.network.mend();
    await eventually(() => others).toEqual([4, 5]);
    expect(seen).toEqual([1, 2, 3, gap]);
    expect(told(witness, 'gap')).toEqual([gap]);
    expect(examples).toContainEqual(plain(gap));
    // Asking for it again is refused.
    expect(await errorOf(staff.subscribe())).toMatchObject({ code: 'forbidden', field: 'channel' });
  });

  it('tells once that the inbox overflowed: the outcome that was in there is unknown, what follows comes (P28, P34)', async () => {
    let answer: ((output: string) => void) | undefined;
    const world = await startWorld({
      store: () => memoryStore({ inbox: { entries: 3 } }),
      prepare: (realtime) =>
        realtime.handle('order', () => new Promise<string>((resolve) => (answer = resolve))),
    });
    const witness = await world.open(transport);
    const inbox: unknown[] = [];
    witness.client.on('message', ({ payload }) => void inbox.push(payload));
    witness.client.on('system', ({ delta, payload }) => void (delta === 'gap' && inbox.push(payload)));
    const outcome = errorOf(witness.client.request('order', 'tea'));
    await eventually(() => answer).toBeDefined();
    const { session } = witness.client.status;

    world.network.cut();
    answer!('served');
    await eventually(async () => (await world.store.heads([`@${session}`]))[0]!.offset).toBe(1);
    for (const n of [2, 3, 4, 5]) await world.realtime.send(session!, 'counted', n);
    world.network.mend();
    expect(await outcome).toBeInstanceOf(OutcomeUnknown);
    const epoch = expect.any(String) as string;
    const gap = { channel: '@', reason: 'inbox_overflow', was: [epoch, 0], now: [epoch, 2] };
    await eventually(() => inbox).toEqual([gap, 3, 4, 5]);
    await world.realtime.send(session!, 'counted', 6);
    await eventually(() => inbox).toEqual([gap, 3, 4, 5, 6]);
    expect(examples).toContainEqual(plain(inbox[0]));
    expect(witness.sessions).toHaveLength(1);
  });
});

it.each(['long-poll', 'polling'] as const)(
  'over %s tells once that an entry never came, though small ones do, and goes on behind it (P28, P69)',
  async (transport) => {
    const world = await startWorld();
    const box = await openBox({ to: `http://127.0.0.1:${world.network.port}`, profile: 'limit-answers=2kB' });
    onTestFinished(() => box.close());
    const witness = await world.open(transport, {}, `${box.url}/realtime`);
    const room = witness.client.channel(LOBBY);
    const seen = record(room);
    await room.subscribe();
    await world.publish(LOBBY, 1, 3);
    await world.realtime.publish(LOBBY, 'counted', 'x'.repeat(3_000));
    await world.publish(LOBBY, 5, 9);
    const epoch = expect.any(String) as string;
    const gap = { channel: LOBBY, reason: 'too_big', was: [epoch, 3], now: [epoch, 4] };
    await eventually(() => seen).toEqual([1, 2, 3, gap, 5, 6, 7, 8, 9]);
    expect(examples).toContainEqual(plain(seen[3]));
    expect(told(witness, 'gap')).toEqual([gap]);
    expect(witness.errors).toEqual([]);
    expect(witness.sessions).toHaveLength(1);
  },
);
