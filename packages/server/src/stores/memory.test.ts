import { describe, expect, it, test } from 'vitest';
import { memoryStore } from './memory.js';
import type { MemoryStoreOptions } from './memory.js';
import { storeConformance } from '../testing.js';

storeConformance(
  'the memory store',
  ({ window, presenceWindow, entries }) => {
    let now = 5_000;
    const store = memoryStore({
      ...{ window, presenceWindow, retention: { entries }, inbox: { entries } },
      now: () => now,
    });
    return { store, advance: (ms) => void (now += ms) };
  },
  { describe, it },
);

/** A store on a hand-moved time, and the few questions that the tests below ask. */
function world(options: MemoryStoreOptions = {}) {
  let now = 5_000;
  const store = memoryStore({ now: () => now, ...options });
  return {
    store,
    advance: (ms: number) => void (now += ms),
    head: async (log: string) => (await store.heads([log]))[0],
    async append(log: string, ...bodies: string[]) {
      for (const body of bodies) await store.append(log, body);
    },
    async kept(log: string) {
      const [head] = await store.heads([log]);
      if (head === undefined) return [];
      const read = await store.read(log, head.epoch, head.first - 1, 10_000);
      return read.kind === 'entries' ? read.entries.map(({ body }) => body) : [];
    },
  };
}

describe('the memory store keeps', () => {
  test('the newest entries of a log, as many as it was told', async () => {
    const { append, kept } = world({ retention: { entries: 3 } });
    await append('log', 'a', 'b', 'c', 'd', 'e');
    expect(await kept('log')).toEqual(['c', 'd', 'e']);
  });

  test('the newest characters of a log, and one entry however long', async () => {
    const { append, kept } = world({ retention: { bytes: 10 } });
    await append('log', '1234', '5678', '90');
    expect(await kept('log')).toEqual(['1234', '5678', '90']);
    await append('log', '!');
    expect(await kept('log')).toEqual(['5678', '90', '!']);
    await append('log', 'x'.repeat(50));
    expect(await kept('log')).toEqual(['x'.repeat(50)]);
  });

  test('entries up to their age, and goes on in the same epoch when none is left', async () => {
    const { store, append, kept, head, advance } = world({ retention: { age: 1_000 } });
    await append('log', 'old');
    advance(600);
    await append('log', 'young');
    advance(600);
    await store.sweep();
    expect(await kept('log')).toEqual(['young']);
    const before = await head('log');
    advance(600);
    await store.sweep();
    expect(await kept('log')).toEqual([]);
    expect(await head('log')).toEqual({ ...before, first: 3 });
  });

  test('no log that was silent for longer than its entries live, and two windows, and says so with a new epoch (P28)', async () => {
    const { store, append, head, advance } = world({ retention: { age: 1_000 }, window: 800 });
    await append('log', 'a');
    const before = await head('log');
    advance(1_600);
    await store.sweep();
    expect((await head('log'))?.epoch).toBe(before?.epoch);
    advance(1_601);
    await store.sweep();
    const after = await head('log');
    expect(after?.offset).toBe(0);
    expect(after?.epoch).not.toBe(before?.epoch);
    expect(await store.read('log', before?.epoch ?? '', 1, 10)).toEqual({
      ...{ kind: 'gap', reason: 'epoch' },
      now: [after?.epoch, 0],
    });
  });

  test('the last key of a session as long as it lives and a window more, whatever became of the entry', async () => {
    const { store, advance } = world({ retention: { entries: 2 } });
    const opened = await store.openSession('n'.repeat(22), {});
    const session = opened.kind === 'opened' ? opened.state.session : '';
    const append = async () =>
      (await store.append('log', 'x', { session, claim: 'a', number: 1, part: 0 })).kind;
    expect(await append()).toBe('appended');
    for (const body of ['a', 'b', 'c']) await store.append('log', body);
    expect(await append()).toBe('duplicate');
    await store.close(session);
    advance(200_000);
    await store.sweep();
    expect(await append()).toBe('duplicate');
    advance(100_000);
    await store.sweep();
    expect(await append()).toBe('appended');
  });

  test('an inbox by its own limits', async () => {
    const { store, kept } = world({ retention: { entries: 2 }, inbox: { entries: 4 } });
    const opened = await store.openSession('n'.repeat(22), {});
    const session = opened.kind === 'opened' ? opened.state.session : '';
    for (const body of ['a', 'b', 'c', 'd', 'e']) await store.post(session, body);
    expect(await kept(`@${session}`)).toEqual(['b', 'c', 'd', 'e']);
  });
});

test('the memory store asks a node what it says of itself when another one hears it, and not before', async () => {
  const { store } = world();
  let said = 0;
  const text = () => `said ${++said} times`;
  await store.report('alone', text, 5_000);
  expect(await store.report('alone', text, 5_000)).toEqual([]);
  expect(said).toBe(0);
  expect(await store.report('another', () => '', 5_000)).toEqual(['said 1 times']);
});

describe('the memory store forgets', () => {
  test('over its limit the logs appended to or read longest ago, whose readers learn it from another epoch (P28)', async () => {
    const { store, append, head, kept, advance } = world({ maxBytes: 3_000 });
    for (const log of ['a', 'b', 'c']) {
      await append(log, 'x'.repeat(1_000));
      advance(1);
    }
    const before = await head('b');
    advance(1);
    await append('c', 'again');
    expect(await kept('a')).toHaveLength(1);
    await store.sweep();
    expect(await kept('a')).toHaveLength(1);
    expect(await kept('c')).toHaveLength(2);
    const after = await head('b');
    expect(after).toMatchObject({ offset: 0, first: 1 });
    expect(after?.epoch).not.toBe(before?.epoch);
    expect(await store.read('b', before?.epoch ?? '', 1, 10)).toMatchObject({ kind: 'gap', reason: 'epoch' });
  });

  test('also between two sweeps, once it is an eighth over its limit: a flood over many logs does not wait', async () => {
    const { store, append, head, advance } = world({ maxBytes: 100_000 });
    const logs = Array.from({ length: 500 }, (_, n) => `flood:${n}`);
    const epochs = new Map<string, string>();
    for (const log of logs) {
      await append(log, 'x'.repeat(1_000));
      epochs.set(log, (await head(log))!.epoch);
      advance(1);
    }
    const kept = await Promise.all(logs.map(async (log) => (await head(log))?.epoch === epochs.get(log)));
    expect(kept.filter((is) => is).length).toBeLessThan(115);
    expect(kept.at(-1)).toBe(true);
    await store.sweep();
  });

  test('nothing while it is under its limit', async () => {
    const { store, append, head } = world({ maxBytes: 10_000 });
    await append('a', 'x'.repeat(4_000));
    await append('b', 'x'.repeat(4_000));
    const before = [await head('a'), await head('b')];
    await store.sweep();
    expect([await head('a'), await head('b')]).toEqual(before);
  });

  test('logs that were only asked for, however many names somebody invents', async () => {
    const { store, append, head, advance } = world({ maxBytes: 10_000 });
    const invented = Array.from({ length: 1_000 }, (_, n) => `invented:${n}`);
    const before = await store.heads(invented);
    advance(1);
    await append('real', 'x');
    const real = await head('real');
    await store.sweep();
    expect(await head('real')).toEqual(real);
    const after = await store.heads(invented.slice(0, 900));
    expect(after.filter(({ epoch }, n) => epoch === before[n]?.epoch)).toEqual([]);
  });

  test('100,000 sessions and their nonces when their windows have passed', async () => {
    const { store, advance } = world();
    const nonces = Array.from({ length: 100_000 }, (_, n) => `nonce${n}`.padEnd(22, '-'));
    const first = new Set<string>();
    for (const nonce of nonces) {
      const opened = await store.openSession(nonce, {});
      if (opened.kind === 'opened') first.add(opened.state.session);
    }
    expect(first.size).toBe(100_000);
    advance(120_001);
    await store.sweep();
    advance(120_001);
    await store.sweep();
    const again = await store.openSession(nonces[0] ?? '', {});
    expect(again.kind === 'opened' && !first.has(again.state.session)).toBe(true);
  }, 30_000);

  test('40,000 sessions of one subject, as of all who are a guest, without going through them for each', async () => {
    const { store, advance } = world();
    for (let n = 0; n < 40_000; n++)
      await store.openSession(`guest${n}`.padEnd(22, '-'), { subject: 'guest' });
    expect((await store.sessionsOf('guest')).length).toBe(40_000);
    advance(120_001);
    await store.sweep();
    expect(await store.sessionsOf('guest')).toEqual([]);
  }, 5_000);

  test('the sessions of a subject when they end, by their client, by the server, or by themselves', async () => {
    let now = 0;
    const store = memoryStore({ window: 1_000, now: () => now });
    const ids: string[] = [];
    for (const nonce of ['one', 'two', 'three']) {
      const opened = await store.openSession(nonce, { subject: 'ann' });
      if (opened.kind === 'opened') ids.push(opened.state.session);
    }
    expect(await store.sessionsOf('ann')).toEqual(ids);
    await store.close(ids[0]!);
    await store.close(ids[1]!, 'forbidden');
    expect(await store.sessionsOf('ann')).toEqual([ids[2]]);
    now = 1_001;
    await store.sweep();
    expect(await store.sessionsOf('ann')).toEqual([]);
  });

  test('all but the newest of 100,000 appends', async () => {
    const { append, store, head, kept } = world({ retention: { entries: 100 } });
    for (let n = 0; n < 100_000; n++)
      await store.append('log', `${n}`, { session: 'session', claim: 'a', number: n, part: 0 });
    await append('log', 'last');
    expect(await head('log')).toMatchObject({ offset: 100_001, first: 99_902 });
    expect(await kept('log')).toHaveLength(100);
  });

  test('everything in a restart, and says so to every cursor (P28)', async () => {
    const before = world();
    const after = world();
    await before.append('log', 'a', 'b');
    await after.append('log', 'c', 'd', 'e');
    const old = await before.head('log');
    const now = await after.head('log');
    expect(await after.store.read('log', old?.epoch ?? '', 2, 10)).toEqual({
      ...{ kind: 'gap', reason: 'epoch' },
      now: [now?.epoch, 0],
    });
    const opened = await before.store.openSession('n'.repeat(22), {});
    const session = opened.kind === 'opened' ? opened.state.session : '';
    expect(await after.store.touch(session)).toEqual({ kind: 'unknown' });
    const inbox = opened.kind === 'opened' ? opened.state.inbox[0] : '';
    expect(await after.store.read(`@${session}`, inbox, 0, 10)).toMatchObject({
      kind: 'gap',
      reason: 'epoch',
    });
  });
});
