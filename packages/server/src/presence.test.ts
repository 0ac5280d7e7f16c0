import { describe, expect, test } from 'vitest';
import { decodeBody } from '@iskra/protocol/wire';
import { Presence } from './presence.js';
import { memoryStore } from './stores/memory.js';

async function world() {
  let now = 0;
  const store = memoryStore({ now: () => now });
  const opened = await store.openSession('n'.repeat(22), { subject: 'ann' });
  if (opened.kind !== 'opened') throw new Error('not opened');
  return {
    store,
    presence: new Presence(store),
    session: opened.state.session,
    advance: (ms: number) => void (now += ms),
    /** What the channel was told, in order. */
    told: async () => {
      const [head] = await store.heads(['room']);
      const read = await store.read('room', head?.epoch ?? '', 0, 100);
      if (read.kind !== 'entries') return [];
      return read.entries.map(({ body }) => {
        const { delta, dimension, payload } = decodeBody(body).envelope;
        return [delta, dimension, payload];
      });
    },
  };
}

describe('a member', () => {
  test('is told in the channel when it joins and when it leaves, with its data, at dimension 3 (P45)', async () => {
    const { presence, session, told } = await world();
    const member = { id: session, subject: 'ann', data: { colour: 'red' } };
    await presence.enter(session, 'room', member);
    await presence.leave(session, 'room');
    expect(await told()).toEqual([
      ['member_joined', 3, member],
      ['member_left', 3, member],
    ]);
  });

  test('is told once, however often it enters or leaves (P46)', async () => {
    const { presence, session, told } = await world();
    await presence.enter(session, 'room', { id: session, data: 1 });
    await presence.enter(session, 'room', { id: session, data: 2 });
    await presence.leave(session, 'room');
    await presence.leave(session, 'room');
    expect(await told()).toEqual([
      ['member_joined', 3, { id: session, data: 1 }],
      ['member_left', 3, { id: session, data: 2 }],
    ]);
  });

  test('that never entered does not leave (P46)', async () => {
    const { presence, session, told } = await world();
    await presence.leave(session, 'room');
    expect(await told()).toEqual([]);
  });

  test('that was silent leaves once, and joins again when its session comes back (P46)', async () => {
    const { presence, session, store, told, advance } = await world();
    await presence.enter(session, 'room', { id: session });
    advance(30_001);
    const sweeps = await Promise.all([store.sweep(), store.sweep()]);
    for (const { lapsed } of sweeps) await presence.ended(lapsed);
    const back = await store.attach(session);
    await presence.rejoined(back.kind === 'attached' ? back.rejoined : []);
    await presence.ended(await store.close(session));
    expect((await told()).map(([delta]) => delta)).toEqual([
      ...['member_joined', 'member_left'],
      ...['member_joined', 'member_left'],
    ]);
  });
});
