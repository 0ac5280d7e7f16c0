import { describe, expect, test } from 'vitest';
import { manualClock } from '@iskra/protocol/testing';
import { Hub } from './hub.js';
import type { Follower } from './hub.js';
import type { Run } from './message.js';
import { Distribution } from './observe/metrics/distribution.js';
import type { Entry, Head, Store } from './store.js';

const entry = (offset: number, body = 'x'): Entry => ({ epoch: 'e', offset, body });

/** A hub on a store of which the test decides when it answers, and turns that end when the test says so. */
function world(options: { slowWatch?: boolean } = {}) {
  let listener: (log: string, entry: Entry) => void = () => {};
  const watched: string[] = [];
  const unwatched: string[] = [];
  const ready: { resolve(): void; reject(error: Error): void }[] = [];
  let heads: readonly Head[] = [];
  const asked: (readonly string[])[] = [];
  const store: Pick<Store, 'onHint' | 'watch' | 'unwatch' | 'heads'> = {
    onHint: (given) => {
      listener = given;
      return () => {};
    },
    watch(log) {
      watched.push(log);
      if (options.slowWatch !== true) return undefined;
      return new Promise<void>((resolve, reject) => ready.push({ resolve, reject }));
    },
    unwatch: (log) => void unwatched.push(log),
    async heads(logs) {
      asked.push(logs);
      return heads;
    },
  };
  const turns: (() => void)[] = [];
  const clock = manualClock();
  const seconds = new Distribution([0.001, 1]);
  const hub = new Hub(store as Store, (task) => turns.push(task), { clock, seconds });
  return {
    ...{ hub, watched, unwatched, ready, asked, clock, seconds },
    hint: (log: string, ...entries: Entry[]) => {
      for (const one of entries) listener(log, one);
    },
    endTurn: () => {
      for (const task of turns.splice(0)) task();
    },
    setHeads: (given: readonly Head[]) => void (heads = given),
  };
}

/** Notes what it is told. */
function follower(generation = 1): Follower & { readonly told: string[]; readonly runs: Run[] } {
  const told: string[] = [];
  const runs: Run[] = [];
  const made = {
    ...{
      transport: 'websocket' as const,
      session: undefined,
      measured: undefined,
      generation,
      isPoll: false,
      told,
      runs,
      channels: 0,
      follows: () => false,
    },

    offer(run: Run, alone: boolean) {
      runs.push(run);
      told.push(`offer ${run.log} ${run.first}-${run.last}${alone ? ' alone' : ''}`);
    },
    headSeen: (log: string, head: Head) => void told.push(`head ${log} ${head.offset}`),
    superseded: () => void told.push('superseded'),
    replaced: () => void told.push('replaced'),
    regain: () => void told.push('regain'),
    heard: () => void told.push('heard'),
    echoed: (moment: number) => void told.push(`echoed ${moment}`),
    answered: (moment: number) => void told.push(`answered ${moment}`),
    changed: () => void told.push('changed'),
    identified: () => void told.push('identified'),
    flush: () => void told.push('flush'),
  };
  return made;
}

const settled = async (promise: Promise<void> | undefined): Promise<boolean> =>
  Promise.race([
    Promise.resolve(promise).then(() => true),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
  ]);

describe('a hint', () => {
  test('wakes the followers of its log, and nobody else', () => {
    const { hub, hint, endTurn } = world();
    const [one, two, other] = [follower(), follower(), follower()];
    void hub.follow('room', one);
    void hub.follow('room', two);
    void hub.follow('hall', other);
    hint('room', entry(1));
    endTurn();
    expect([one.told, two.told, other.told]).toEqual([
      ['offer room 1-1 alone'],
      ['offer room 1-1 alone'],
      [],
    ]);
  });

  test('is gathered with those of the same turn into one run, which is the same for everybody', () => {
    const { hub, hint, endTurn } = world();
    const [one, two] = [follower(), follower()];
    void hub.follow('room', one);
    void hub.follow('room', two);
    hint('room', entry(1), entry(2), entry(3));
    expect(one.told).toEqual([]);
    endTurn();
    expect(one.told).toEqual(['offer room 1-3 alone']);
    expect(one.runs[0]).toBe(two.runs[0]);
    hint('room', entry(4));
    endTurn();
    expect(one.told).toEqual(['offer room 1-3 alone', 'offer room 4-4 alone']);
  });

  test('that does not follow the run begins another, in the order of arrival (P25)', () => {
    const { hub, hint, endTurn } = world();
    const one = follower();
    void hub.follow('room', one);
    void hub.follow('hall', one);
    hint('room', entry(1));
    hint('hall', entry(7));
    hint('room', entry(2), entry(4), entry(3));
    endTurn();
    expect(one.told).toEqual(['offer room 1-2', 'offer hall 7-7', 'offer room 4-4', 'offer room 3-3']);
  });

  test('of a log that nobody reads is let go', () => {
    const { hub, hint, endTurn } = world();
    const one = follower();
    hint('room', entry(1));
    void hub.follow('room', one);
    endTurn();
    expect(one.told).toEqual([]);
  });

  test('does not reach a follower that left before the turn was over', () => {
    const { hub, hint, endTurn } = world();
    const [one, two] = [follower(), follower()];
    void hub.follow('room', one);
    void hub.follow('room', two);
    hint('room', entry(1));
    hub.unfollow('room', one);
    endTurn();
    expect([one.told, two.told]).toEqual([[], ['offer room 1-1 alone']]);
  });
});

describe('following a log', () => {
  test('watches it once, and unwatches it when the last one leaves', () => {
    const { hub, watched, unwatched } = world();
    const [one, two] = [follower(), follower()];
    void hub.follow('room', one);
    void hub.follow('room', two);
    expect(watched).toEqual(['room']);
    hub.unfollow('room', one);
    expect(unwatched).toEqual([]);
    hub.unfollow('room', two);
    hub.unfollow('room', two);
    expect(unwatched).toEqual(['room']);
    void hub.follow('room', one);
    expect(watched).toEqual(['room', 'room']);
  });

  test('waits until the hints arrive, also for those who come while they are being switched on (P26)', async () => {
    const { hub, ready } = world({ slowWatch: true });
    const first = hub.follow('room', follower());
    const second = hub.follow('room', follower());
    expect([await settled(first), await settled(second)]).toEqual([false, false]);
    ready[0]?.resolve();
    await Promise.all([first, second]);
    expect(await settled(hub.follow('room', follower()))).toBe(true);
    expect(ready).toHaveLength(1);
  });

  test('waits for the newer watch when an older one of the same log is answered late (P26)', async () => {
    const { hub, ready } = world({ slowWatch: true });
    const one = follower();
    const before = hub.follow('room', one);
    hub.unfollow('room', one);
    const after = hub.follow('room', follower());
    ready[0]?.resolve();
    await before;
    const third = hub.follow('room', follower());
    expect([await settled(after), await settled(third)]).toEqual([false, false]);
    ready[1]?.resolve();
    await Promise.all([after, third]);
  });

  test('fails for all who wait when the store does not answer, and can be tried again', async () => {
    const { hub, ready, watched } = world({ slowWatch: true });
    const [one, two] = [follower(), follower()];
    const both = [one, two].map(async (each) => hub.follow('room', each));
    ready[0]?.reject(new Error('gone'));
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    hub.unfollow('room', one);
    hub.unfollow('room', two);
    const again = hub.follow('room', one);
    ready[1]?.resolve();
    await again;
    expect(watched).toHaveLength(2);
  });
});

describe('heads', () => {
  test('are asked for in one call, and told to the followers of each log (P27)', async () => {
    const { hub, asked, setHeads } = world();
    const [one, two] = [follower(), follower()];
    void hub.follow('room', one);
    void hub.follow('hall', one);
    void hub.follow('hall', two);
    setHeads([
      { epoch: 'e', offset: 3, first: 1 },
      { epoch: 'e', offset: 8, first: 1 },
    ]);
    await hub.checkHeads();
    expect(asked).toEqual([['room', 'hall']]);
    expect([one.told, two.told]).toEqual([['head room 3', 'head hall 8'], ['head hall 8']]);
  });
});

describe('the connections of a session', () => {
  test('are told when a newer generation joins (P13)', () => {
    const { hub } = world();
    const [one, two, other] = [follower(1), follower(2), follower(1)];
    hub.join('s', one);
    hub.join('other', other);
    hub.join('s', two);
    expect([one.told, two.told, other.told]).toEqual([['superseded'], [], []]);
  });

  test('take the session again when the newest one is gone, the newest of them (P13)', () => {
    const { hub } = world();
    const [one, two, three] = [follower(1), follower(2), follower(3)];
    for (const each of [one, two, three]) hub.join('s', each);
    hub.leave('s', three);
    expect([one.told, two.told]).toEqual([
      ['superseded', 'superseded'],
      ['superseded', 'regain'],
    ]);
  });

  test('stay as they are when a poll was answered: its client goes on with the next one (P13)', () => {
    const { hub } = world();
    const [stream, poll] = [follower(1), { ...follower(2), isPoll: true }];
    for (const each of [stream, poll]) hub.join('s', each);
    hub.leave('s', poll);
    expect(stream.told).toEqual(['superseded']);
  });

  test('stay as they are when sends of the newest generation were taken between two polls (P13)', () => {
    const { hub } = world();
    const [stream, poll, sends] = [follower(1), { ...follower(2), isPoll: true }, follower(2)];
    for (const each of [stream, poll]) hub.join('s', each);
    hub.leave('s', poll);
    hub.leave('s', sends);
    expect(stream.told).toEqual(['superseded']);
  });

  test('stay as they are when an older one leaves', () => {
    const { hub } = world();
    const [one, two] = [follower(1), follower(2)];
    for (const each of [one, two]) hub.join('s', each);
    hub.leave('s', one);
    expect(two.told).toEqual([]);
  });

  test('are superseded also when the older one joins late (P13)', () => {
    const { hub } = world();
    const [one, two] = [follower(1), follower(2)];
    hub.join('s', two);
    hub.join('s', one);
    expect([one.told, two.told]).toEqual([['superseded'], []]);
  });

  test('of one generation are replaced: a newer poll ends the one before (P64)', () => {
    const { hub } = world();
    const [one, two] = [follower(3), follower(3)];
    hub.join('s', one);
    hub.join('s', two);
    expect([one.told, two.told]).toEqual([['replaced'], []]);
  });

  test('are told that the session was heard elsewhere (P53)', () => {
    const { hub } = world();
    const [one, two] = [follower(1), follower(2)];
    hub.join('s', one);
    hub.join('s', two);
    hub.heard('s');
    hub.heard('nobody');
    expect([one.told, two.told]).toEqual([['superseded', 'heard'], ['heard']]);
  });

  test('are found until they leave', () => {
    const { hub } = world();
    const [one, two] = [follower(1), follower(2)];
    hub.join('s', one);
    hub.join('s', two);
    expect(hub.ofSession('s')).toEqual([one, two]);
    hub.leave('s', one);
    hub.leave('s', one);
    expect(hub.ofSession('s')).toEqual([two]);
    hub.leave('s', two);
    expect(hub.ofSession('s')).toEqual([]);
  });
});

test('a connection that never joined its session, as a batch of sends, leaves without a word', () => {
  const { hub } = world();
  const one = follower(2);
  hub.leave('s', follower(1));
  hub.join('s', one);
  hub.leave('s', follower(1));
  expect(one.told).toEqual([]);
  expect(hub.ofSession('s')).toEqual([one]);
});

describe('a flush', () => {
  test('comes once at the end of the turn, however often it was asked for, behind what was offered', () => {
    const { hub, hint, endTurn } = world();
    const one = follower();
    void hub.follow('room', one);
    hub.wantsFlush(one);
    hub.wantsFlush(one);
    hint('room', entry(1));
    endTurn();
    expect(one.told).toEqual(['offer room 1-1 alone', 'flush']);
    endTurn();
    expect(one.told).toHaveLength(2);
  });

  test('that is asked for in a flush comes in the next turn', () => {
    const { hub, endTurn } = world();
    const one = follower();
    const eager: Follower = { ...one, flush: () => hub.wantsFlush(one) };
    hub.wantsFlush(eager);
    endTurn();
    expect(one.told).toEqual([]);
    endTurn();
    expect(one.told).toEqual(['flush']);
  });
});

test('takes the time from the first entry of a turn until all of it is written, for each of its entries', () => {
  const { hub, hint, endTurn, clock, seconds } = world();
  const slow = follower();
  void hub.follow('room', { ...slow, flush: () => clock.advance(5), offer: () => hub.wantsFlush(slow) });
  void hub.follow('room', { ...follower(), offer: () => clock.advance(7) });
  hint('room', entry(1));
  clock.advance(30);
  hint('room', entry(2), entry(3));
  endTurn();
  expect(seconds.count).toBe(3);
  expect(seconds.sum).toBeCloseTo(3 * 0.037);
  hint('nobody reads it', entry(1));
  endTurn();
  expect(seconds.count).toBe(3);
});
