/** An outbox that outlives its page: pages that come and go over one IndexedDB, and a server that the test plays. */
import { IDBDatabase, IDBFactory, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { OutcomeUnknown, QueueFull } from './errors.js';
import { openOutbox } from './offline.js';
import type { KeptSend, OutboxOptions } from './offline.js';
import type { ConnectOptions } from './connect.js';
import type { PageSignal } from './environment.js';
import { shareTabs } from './tabs.js';
import { code, envelope, scene } from './testing.js';

beforeEach(() => {
  vi.restoreAllMocks();
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  return () => vi.unstubAllGlobals();
});

describe('a page', () => {
  test('gives a connection only what is written down, all of a turn together', async () => {
    const written = vi.spyOn(IDBObjectStore.prototype, 'put');
    const transactions = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const p = await page();
    p.welcome();
    const room = p.client.channel('room');
    room.publish('said', 1);
    room.publish('said', 2);
    await p.turn();
    expect(p.up()).toEqual([]);
    expect(p.states()).toEqual(['1 queued', '2 queued']);
    await until(() => p.up().length === 2);
    expect(p.up()).toEqual(['publish 1', 'publish 2']);
    expect(p.states()).toEqual(['1 sent', '2 sent']);
    expect(written.mock.calls.map(([row]) => (row as { number?: number }).number)).toEqual([1, undefined, 2]);
    expect(transactions.mock.calls.filter(([, mode]) => mode === 'readwrite')).toHaveLength(1);
    p.hear(['acked', 2, 'e', 0]);
    expect(p.states()).toEqual([]);
    expect(p.ends).toEqual(['1 acknowledged', '2 acknowledged']);
  });

  test('keeps publishes and requests, of these the ones that it is told to, and nothing that is its own', async () => {
    const p = await page({ keep: ({ delta }) => delta !== 'typing' });
    const room = p.client.channel('room');
    p.welcome();
    void room.subscribe();
    room.publish('typing');
    void p.client.request('@members', { channel: 'room' }).catch(() => {});
    void p.client.request('@verdicts', []).catch(() => {});
    room.publish('said', 1);
    void p.client.request('rename', 2).catch(() => {});
    expect(p.outbox.sends.map(({ channel, envelope }) => [channel, envelope.delta])).toEqual([
      ['room', 'said'],
      [undefined, 'rename'],
    ]);
    await until(() => p.up().length === 6);
    expect(p.up()).toEqual([
      ...['subscribe 1', 'publish 2', 'request 3', 'request 4', 'publish 5', 'request 6'],
    ]);
  });

  test('says of itself that it is full', async () => {
    const p = await page({}, { outbox: { messages: 2 } });
    const room = p.client.channel('room');
    room.publish('said', 1);
    room.publish('said', 2);
    await expect(room.publish('said', 3).settled).rejects.toThrow(QueueFull);
    expect(p.states()).toEqual(['1 queued', '2 queued']);
    await p.crash();
    const next = await page({}, { outbox: { messages: 1 } });
    expect(next.states()).toEqual(['1 queued', '2 queued']);
    next.welcome();
    await until(() => next.up().length === 1);
  });

  test('shares no session with other tabs at the same time', async () => {
    const p = await page();
    await expect(scene({ offline: p.outbox, tabs: shareTabs('ada') })).rejects.toMatchObject({
      code: 'offline',
    });
  });

  test('has no two clients on one outbox, one after another it may', async () => {
    const p = await page();
    const again = () => scene({ offline: p.outbox });
    await expect(again()).rejects.toMatchObject({ code: 'outbox_in_use' });
    const send = p.client.channel('room').publish('said', 1);
    await p.client.close();
    await expect(send.settled).rejects.toThrow(OutcomeUnknown);
    expect(p.states()).toEqual(['1 queued']);
    const next = await again();
    next.welcome();
    await until(() => next.sockets[0]!.sent.flat().some(([tag]) => tag === 'publish'));
  });

  test('says no bye while something waits, as the next one goes on with its session', async () => {
    const p = await page();
    p.welcome();
    p.client.channel('room').publish('said', 1);
    await until(() => p.up().length === 1);
    p.signal('left');
    expect(p.sockets[0]!.sent.flat()).not.toContainEqual(['bye']);
    p.hear(['acked', 1, 'e', 0]);
    await until(async () => (await rows()).length === 1);
    await until(() => (p.signal('left'), p.sockets[0]!.sent.flat().some(([tag]) => tag === 'bye')));
  });

  test('drops what it is told to: what no connection was given was never sent', async () => {
    const p = await page();
    const room = p.client.channel('room');
    p.welcome();
    const sent = room.publish('said', 1);
    await until(() => p.up().length === 1);
    p.sockets[0]!.onclose!({ code: 1006, reason: '' });
    const queued = room.publish('said', 2);
    room.publish('said', 3);
    const [first, second] = p.outbox.sends;
    // Twice is once.
    for (const send of [first!, second!, first!]) p.outbox.discard(send);
    await expect(sent.settled).rejects.toThrow(OutcomeUnknown);
    await expect(queued.settled).rejects.toMatchObject({ code: 'discarded' });
    expect(p.ends).toEqual(['1 unknown', '2 rejected']);
    p.clock.advance(1_000);
    await p.turn();
    p.welcome();
    await until(() => p.up(1).length === 1);
    expect(p.up(1)).toEqual(['publish 3']);
    p.hear(['expect', 1]);
    expect(p.sockets[1]!.sent.flat()).toContainEqual(['skip', 1, 2]);
    expect([sent.state, queued.state]).toEqual(['unknown', 'rejected']);
  });
});

describe('the next page', () => {
  test('goes on in the same session with the same numbers, and is told how they ended (P31, P38)', async () => {
    const before = await page();
    before.welcome();
    void before.client.channel('room').subscribe();
    before.client.channel('room').publish('said', 1);
    void before.client.request('rename', 2).catch(() => {});
    await until(() => before.up().length === 3);
    const [[hello]] = before.sockets[0]!.sent as [[[string, { nonce: string }]]];
    await before.crash();

    const p = await page();
    expect(p.states()).toEqual(['1 sent', '2 sent']);
    p.sockets[0]!.onopen!();
    const opening = p.sockets[0]!.sent[0]!;
    expect(opening[0]).toMatchObject([
      'hello',
      { nonce: hello[1].nonce, key: 'k', cursors: { '@': ['e', 0] } },
    ]);
    // Not the subscription, which was that page's own.
    expect(p.up()).toEqual(['publish 2', 'request 3']);
    expect(opening.slice(1)).toEqual(before.sockets[0]!.sent.flat().filter(isSend).slice(1));
    p.welcome();
    expect(p.sessions).toEqual([{ session: 's', lost: false }]);
    p.hear(['entry', '@', 'e', 1, envelope('reply', 'done'), 3], ['acked', 3, 'e', 1]);
    expect(p.ends).toEqual(['1 acknowledged', '2 acknowledged "done"']);
    await until(async () => (await rows()).length === 1);
  });

  test('counts on behind every number that may have been used (P40)', async () => {
    const before = await page();
    const room = before.client.channel('room');
    before.welcome();
    room.publish('said', 1);
    await until(() => before.up().length === 1);
    // It has a number, and is written down nowhere.
    void room.subscribe().catch(() => {});
    expect(before.up()).toEqual(['publish 1', 'subscribe 2']);
    await before.crash();

    const p = await page();
    p.welcome();
    p.client.channel('room').publish('said', 2);
    await until(() => p.up().length === 2);
    const number = Number(p.up()[1]!.split(' ')[1]);
    expect(number).toBeGreaterThan(1_000);
    p.hear(['acked', 1, 'e', 0], ['expect', 2]);
    expect(p.sockets[0]!.sent.flat()).toContainEqual(['skip', 2, number - 1]);
  });

  test('that takes less gives no number to the server that stands for nothing: what does not fit is unknown', async () => {
    const before = await page();
    const room = before.client.channel('room');
    before.welcome();
    room.publish('said', 1);
    room.publish('said', 2);
    await until(() => before.up().length === 2);
    await before.crash();

    const p = await page({}, { outbox: { messages: 1 } });
    expect([p.ends, p.states()]).toEqual([['2 unknown'], ['1 sent']]);
    p.welcome();
    expect(p.up()).toEqual(['publish 1']);
    p.hear(['acked', 1, 'e', 0]);
    // Behind a hole, that the server is told to skip.
    p.client.channel('room').publish('said', 3);
    await until(() => p.up().length === 2);
    const number = Number(p.up()[1]!.split(' ')[1]);
    p.hear(['expect', 2]);
    expect(p.sockets[0]!.sent.flat()).toContainEqual(['skip', 2, number - 1]);
    p.hear(['acked', number, 'e', 0]);
    await p.crash();

    const next = await page();
    next.welcome();
    next.hear(['acked', number, 'e', 0]);
    expect(next.ends).toEqual([]);
  });

  test('is told a refusal that came before its acknowledgement (P34)', async () => {
    const before = await page();
    before.welcome();
    before.client.channel('room').publish('said', 1);
    await until(() => before.up().length === 1);
    before.hear(['entry', '@', 'e', 1, code('forbidden', 'stop'), 1]);
    await before.crash();

    const p = await page();
    p.welcome();
    // Not behind the answer, which nobody has been told yet.
    expect(p.hello().cursors).toEqual({ '@': ['e', 0] });
    p.hear(['entry', '@', 'e', 1, code('forbidden', 'stop'), 1], ['acked', 1, 'e', 1]);
    expect(p.ends).toEqual(['1 rejected {"code":4000,"message":"forbidden"}']);
    await until(async () => (await rows()).length === 1);
    expect(await rows()).toMatchObject([{ since: 0, inbox: ['e', 1] }]);
  });

  test('takes what no connection was given into a new session, and the rest is unknown (P14)', async () => {
    const before = await page();
    before.welcome();
    before.client.channel('room').publish('said', 1);
    await until(() => before.up().length === 1);
    before.sockets[0]!.onclose!({ code: 1006, reason: '' });
    before.client.channel('room').publish('said', 2);
    await until(async () => (await rows()).length === 3);
    await before.crash();

    const p = await page();
    expect(p.states()).toEqual(['1 sent', '2 queued']);
    p.sockets[0]!.onopen!();
    expect(p.up()).toEqual(['publish 1']);
    p.hear(['close', code('session_unknown', 'open_session')]);
    expect([p.ends, p.states()]).toEqual([['1 unknown'], ['2 queued']]);
    await until(() => (p.clock.advance(500), p.sockets.length === 2));
    p.welcome();
    await until(() => p.up(1).length === 1);
    expect(p.up(1)).toEqual(['publish 1']);
    expect(p.hello(1).key).toBeUndefined();
    p.hear(['acked', 1, 'e', 0]);
    expect(p.ends).toEqual(['1 unknown', '2 acknowledged']);
  });

  test('does not doubt what was not given to anybody before the session was lost', async () => {
    const p = await page();
    const room = p.client.channel('room');
    p.welcome();
    p.sockets[0]!.onclose!({ code: 1006, reason: '' });
    const sends = [1, 2].map((n) => room.publish('said', n));
    await until(() => (p.clock.advance(500), p.sockets.length === 2));
    p.sockets[1]!.onopen!();
    expect(p.up(1)).toEqual([]);
    p.hear(['close', code('session_unknown', 'open_session')]);
    await until(() => (p.clock.advance(500), p.sockets.length === 3));
    p.welcome();
    await until(() => p.up(2).length === 2);
    p.hear(['acked', 2, 'e', 0]);
    await Promise.all(sends.map(({ settled }) => settled));
    expect(sends.map(({ number, state }) => [number, state])).toEqual([
      [1, 'acknowledged'],
      [2, 'acknowledged'],
    ]);
  });
});

describe('tabs', () => {
  test('have a share each; who is loaded again has its own, who is new what was left', async () => {
    const second = tab();
    const [a, b] = [await page(), await page({}, {}, second)];
    a.client.channel('room').publish('said', 'a');
    b.client.channel('room').publish('said', 'b');
    await until(async () => (await rows()).length === 2);
    await a.crash();
    await b.crash();
    expect((await page({}, {}, second)).states()).toEqual(['b queued']);
    expect((await page({}, {}, tab())).states()).toEqual(['a queued']);
    expect((await page({}, {}, tab())).outbox.sends).toEqual([]);
  });
});

describe('without room', () => {
  const works = async (reason: RegExp): Promise<void> => {
    const p = await page();
    p.welcome();
    const send = p.client.channel('room').publish('said', 1);
    await until(() => p.up().length === 1);
    p.hear(['acked', 1, 'e', 0]);
    await send.settled;
    await vi.waitFor(() => expect(p.memory).toEqual([expect.stringMatching(reason)]));
  };

  test('it is in memory, and says so: no IndexedDB', () => {
    vi.stubGlobal('indexedDB', undefined);
    return works(/^In memory only: TypeError/);
  });

  test('no Web Locks', () => {
    hasLocks = false;
    return works(/TypeError/);
  });

  test('a database that another version holds', async () => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    const request = indexedDB.open('iskra mine', 2);
    await new Promise((resolve) => (request.onsuccess = resolve));
    return works(/VersionError/);
  });

  test('Web Locks that are refused', () => {
    isRefused = true;
    return works(/SecurityError/);
  });

  test('a quota', () => {
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    return works(/QuotaExceededError/);
  });

  test('what the next page would send once more is taken out before it is sent', async () => {
    const p = await page();
    const send = p.client.channel('room').publish('said', 1);
    await until(async () => (await rows()).length === 1);
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    p.welcome();
    await until(() => p.up().length === 1);
    expect(await rows()).toEqual([]);
    expect(send.state).toBe('sent');
  });

  test('what can be neither written nor taken out is not sent, and unknown', async () => {
    const p = await page();
    const send = p.client.channel('room').publish('said', 1);
    await until(async () => (await rows()).length === 1);
    for (const verb of ['put', 'delete'] as const)
      vi.spyOn(IDBObjectStore.prototype, verb).mockImplementation(() => {
        throw new DOMException('gone', 'UnknownError');
      });
    p.welcome();
    await expect(send.settled).rejects.toThrow(OutcomeUnknown);
    expect(p.up()).toEqual([]);
  });
});

// ─── Pages ──────────────────────────────────────────────────────────────────

/** Locks of one page: who is gone has none. */
const locks = new Map<string, object>();

/** What a tab has of its own. */
function tab() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}
let first = tab();
let hasLocks = true;
let isRefused = false;
beforeEach(() => {
  locks.clear();
  isRefused = false;
  hasLocks = true;
  first = tab();
});

/** A page with an outbox, as long as it lives. `up` is what a connection was given. */
async function page(options: OutboxOptions = {}, connecting: ConnectOptions = {}, here = first) {
  const self = {};
  vi.stubGlobal('sessionStorage', here);
  let refusals = 0;
  const request = async (name: string, _: LockOptions, given: (lock: object | null) => unknown) => {
    // Whoever asks for ever would never be done.
    if (isRefused && refusals++ < 5) throw new DOMException('no', 'SecurityError');
    const isFree = !locks.has(name);
    if (isFree) locks.set(name, self);
    await given(isFree ? {} : null);
  };
  vi.stubGlobal('navigator', hasLocks ? { locks: { request } } : {});
  const outbox = await openOutbox('mine', options);
  const ends: string[] = [];
  const memory: string[] = [];
  const sessions: unknown[] = [];
  const nameOf = ({ envelope: { payload } }: KeptSend): string => String(payload);
  outbox.on('settled', (send, _, reply) =>
    ends.push([nameOf(send), send.state, JSON.stringify(reply)].join(' ').trim()),
  );
  outbox.on('memory', ({ message }) => memory.push(message));
  let signal: (signal: PageSignal) => void = () => {};
  const environment = {
    onPage(listener: typeof signal) {
      signal = listener;
      return () => {};
    },
  };
  const s = await scene({ ...connecting, offline: outbox, environment });
  s.client.on('session', (change) => sessions.push(change));
  return {
    ...s,
    outbox,
    ends,
    memory,
    sessions,
    signal: (one: PageSignal) => signal(one),
    states: () => outbox.sends.map((send) => `${nameOf(send)} ${send.state}`),
    up: (socket = 0) =>
      (s.sockets[socket]?.sent ?? [])
        .flat()
        .filter(isSend)
        .map(([tag, number]) => `${String(tag)} ${String(number)}`),
    hello: (socket = 0) => s.sockets[socket]!.sent[0]![0]![1] as { cursors: object; key?: string },
    async crash() {
      // What was asked of the database before is done.
      await rows();
      for (const [name, holder] of locks) if (holder === self) locks.delete(name);
    },
  };
}

const isSend = ([tag]: unknown[]): boolean => /^(publish|request|subscribe)$/.test(String(tag));

/** Everything that is written down. */
async function rows(): Promise<unknown[]> {
  const opening = indexedDB.open('iskra mine');
  await new Promise((resolve) => (opening.onsuccess = resolve));
  const db = opening.result;
  const all = db.transaction('kept').objectStore('kept').getAll();
  await new Promise((resolve) => (all.onsuccess = resolve));
  db.close();
  return all.result;
}

/** Lets turns pass until it is so. */
async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await look()); turns++) {
    if (turns > 500) throw new Error(`Not so after ${turns} turns: ${look.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
