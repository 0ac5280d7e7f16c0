/** An outbox that outlives its page: pages that come and go over one IndexedDB, and a server that the test plays. */
import { IDBDatabase, IDBFactory, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { OutcomeUnknown, QueueFull } from './errors.js';
import type * as module from './offline.js';
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
    expect(written.mock.calls.map(([row]) => (row as { number?: number }).number)).toEqual([1, 0, 2]);
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

  test('tells an end once, also where it is dropped in the moment in which it ends', async () => {
    const p = await page();
    p.welcome();
    p.client.channel('room').publish('said', 1);
    p.client.on('message', () => p.outbox.discard(p.outbox.sends[0]!));
    await until(() => p.up().length === 1);
    p.hear(['entry', '@', 'e', 1, envelope('note')], ['acked', 1, 'e', 1]);
    expect(p.ends).toEqual(['1 unknown']);
  });
});

describe('an outbox that is closed', () => {
  test('has a client no more: until then it rejects, and afterwards a second time is nothing', async () => {
    const p = await page();
    await expect(p.outbox.close()).rejects.toMatchObject({ code: 'outbox_in_use' });
    p.client.channel('room').publish('said', 1);
    await p.client.close();
    await Promise.all([p.outbox.close(), p.outbox.close()]);
    await p.outbox.close();
    await expect(scene({ offline: p.outbox })).rejects.toMatchObject({ code: 'outbox_in_use' });
    expect([p.outbox.sends, locks.size]).toEqual([[], 0]);
  });

  test('is free at once for another page, with what was made in the moment before', async () => {
    const p = await page();
    p.client.channel('room').publish('said', 1);
    const [send] = p.outbox.sends;
    await p.client.close();
    await p.outbox.close();
    const next = await page({}, {}, tab());
    expect(next.states()).toEqual(['1 queued']);
    // It is the other page's now.
    p.outbox.discard(send!);
    expect(p.ends).toEqual([]);
    next.welcome();
    await until(() => next.up().length === 1);
    expect(next.up()).toEqual(['publish 1']);
  });

  test('holds no database: another version can be opened', async () => {
    const p = await page();
    await p.client.close();
    await p.outbox.close();
    const request = indexedDB.open('iskra mine', 2);
    await new Promise((resolve, reject) => {
      request.onsuccess = resolve;
      request.onblocked = reject;
    });
  });

  test('can be opened again in the same page, also before it is closed, and goes on', async () => {
    const p = await page();
    p.welcome();
    p.client.channel('room').publish('said', 1);
    await until(() => p.up().length === 1);
    p.sockets[0]!.onclose!({ code: 1006, reason: '' });
    p.client.channel('room').publish('said', 2);
    await p.client.close();
    const closing = p.outbox.close();
    const again = await p.open();
    await closing;
    expect(again).not.toBe(p.outbox);
    expect(again.sends.map(({ envelope, state }) => [envelope.payload, state])).toEqual([
      [1, 'sent'],
      [2, 'queued'],
    ]);
    expect(locks.size).toBe(1);
  });
});

test('what one page opens twice is the same, and has one share', async () => {
  const p = await page();
  expect(await p.open()).toBe(p.outbox);
  expect(locks.size).toBe(1);
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

  test('counts on behind those of each page before it, also where nothing was heard of any end (P40)', async () => {
    const numbers: number[] = [];
    for (const n of [0, 1, 2]) {
      const p = await page();
      p.welcome();
      if (!n) p.client.channel('room').publish('said', 1);
      await until(() => p.up().length === 1);
      // The server may have taken it, and what is said in its number by the next page would be no news to it.
      void p.client
        .channel('room')
        .subscribe()
        .catch(() => {});
      await until(() => p.up().length === 2);
      numbers.push(Number(p.up()[1]!.split(' ')[1]));
      await p.crash();
    }
    expect(numbers).toEqual([2, 10_002, 20_002]);
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

  test('of a page whose session was lost goes on in the one that followed', async () => {
    const before = await page();
    before.welcome();
    before.client.channel('room').publish('said', 1);
    await until(() => before.up().length === 1);
    before.hear(['close', code('session_unknown', 'open_session')]);
    await until(async () => (await rows()).length === 1);
    // Of the next one nothing is known yet, that another page could go on with.
    expect(await rows()).toMatchObject([{ since: 0, welcome: { session: 's' } }]);
    await until(() => (before.clock.advance(500), before.sockets.length === 2));
    before.welcome();
    before.client.channel('room').publish('said', 2);
    await until(() => before.up(1).length === 1);
    const { nonce } = before.hello(1);
    await before.crash();

    const p = await page();
    p.sockets[0]!.onopen!();
    expect([p.states(), p.hello()]).toMatchObject([['2 sent'], { nonce, key: 'k' }]);
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

  test('a database that does not answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const asked = vi.spyOn(IDBObjectStore.prototype, 'getAll').mockReturnValue({} as IDBRequest);
    const opening = page();
    // The database is open, and is asked what is in it.
    await expect.poll(() => asked.mock.calls.length).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    await vi.advanceTimersByTimeAsync(2_000);
    const p = await opening;
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    p.welcome();
    p.client.channel('room').publish('said', 1);
    await until(() => p.up().length === 1);
    expect([p.memory, locks.size]).toEqual([['In memory only: no answer.'], 0]);
  });

  test('a database that answers no more: what was to be written then is unknown, and everything after it is sent', async () => {
    const p = await page();
    const room = p.client.channel('room');
    p.welcome();
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const hung = { objectStore: () => ({ put() {}, delete() {}, transaction: {} }) };
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockReturnValueOnce(hung as never);
    const sends = [room.publish('said', 1)];
    await p.turn();
    sends.push(room.publish('said', 2));
    await vi.advanceTimersByTimeAsync(2_000);
    expect([sends.map(({ state }) => state), p.memory]).toEqual([['queued', 'queued'], []]);
    await vi.advanceTimersByTimeAsync(2_000);
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    await expect(sends[0]!.settled).rejects.toThrow(OutcomeUnknown);
    await until(() => p.up().length === 1);
    sends.push(room.publish('said', 3));
    await until(() => p.up().length === 2);
    expect([p.up(), sends[1]!.state]).toEqual([['publish 2', 'publish 3'], 'sent']);
    expect(p.memory).toEqual(['In memory only: no answer.']);
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

/** Locks, and the page that has each: who is gone has none. */
const locks = new Map<string, object>();
/** Who waits for one that is not free. */
let waiting: (() => void)[] = [];

function release(name: string): void {
  locks.delete(name);
  for (const look of waiting.splice(0)) look();
}

/** What a tab has of its own: texts. */
function tab() {
  return new Proxy<Record<string, string>>(
    {},
    { set: (texts, key: string, value) => ((texts[key] = String(value)), true) },
  );
}
let first = tab();
let hasLocks = true;
let isRefused = false;
beforeEach(() => {
  locks.clear();
  waiting = [];
  isRefused = false;
  hasLocks = true;
  first = tab();
});

let pages = 0;

/** A page with an outbox, as long as it lives. `up` is what a connection was given. */
async function page(options: OutboxOptions = {}, connecting: ConnectOptions = {}, here = first) {
  const self = {};
  const { openOutbox } = await freshModule();
  vi.stubGlobal('sessionStorage', here);
  let refusals = 0;
  const request = async (
    name: string,
    { ifAvailable, signal }: LockOptions,
    given: (lock: object | null) => unknown,
  ) => {
    // Whoever asks for ever would never be done.
    if (isRefused && refusals++ < 5) throw new DOMException('no', 'SecurityError');
    while (!ifAvailable && locks.has(name)) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        signal?.addEventListener('abort', () => resolve());
      });
    }
    const isFree = !locks.has(name);
    if (isFree) locks.set(name, self);
    await given(isFree ? {} : null);
    if (locks.get(name) === self) release(name);
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
    /** Once more, as another part of the page does. */
    open: () => openOutbox('mine', options),
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
    hello: (socket = 0) =>
      s.sockets[socket]!.sent[0]![0]![1] as { cursors: object; nonce: string; key?: string },
    async crash() {
      // What was asked of the database before is done.
      await rows();
      for (const [name, holder] of locks) if (holder === self) release(name);
    },
  };
}

/** What a page knows of itself, no other one does. */
const freshModule = () => import(/* @vite-ignore */ `./offline.ts?page=${++pages}`) as Promise<typeof module>;

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
