import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { blockReader, CODES, defineContract } from '@iskra/protocol/wire';
import type { Envelope, Member, Position } from '@iskra/protocol/wire';
import { createRealtime } from './realtime.js';
import type { Realtime, RealtimeOptions } from './realtime.js';
import { memoryStore } from './stores/memory.js';

type Frame = [tag: string, ...rest: unknown[]];

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

let nonces = 0;
const newNonce = (): string => `nonce-${nonces++}`.padEnd(22, '-');

/** A realtime without a socket: its routes are asked as a web server would ask them. */
function start(options: RealtimeOptions = {}): Realtime {
  const realtime = createRealtime({ logger: false, ...options });
  ends.push(() => realtime.close());
  return realtime;
}

async function post(
  realtime: Pick<Realtime, 'app'>,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const response = await realtime.app.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const frames = (await response.json()) as Frame[];
  return { status: response.status, headers: response.headers, frames };
}

const envelope = (delta: string, payload?: unknown) => ({
  ...{ delta, dimension: 1, omega: 1, lambda: 'continue', payload },
});

/** Opens a session by a poll, with its first sends. */
async function open(realtime: Realtime, ...sends: unknown[]) {
  const nonce = newNonce();
  const { frames } = await post(realtime, '/poll', [['hello', { version: 1, nonce }], ...sends]);
  const [, welcome] = frames[0] as [
    'welcome',
    { payload: { session: string; key: string; generation: number } },
  ];
  const { session, key, generation } = welcome.payload;
  const goOn = (more: object = {}): Frame => ['continue', { nonce, key, generation, ...more }];
  return { session, key, nonce, frames, goOn };
}

const tags = (frames: readonly Frame[]): string[] =>
  frames.map(([tag, a]) => (tag === 'close' || tag === 'error' ? `${tag} ${(a as Envelope).delta}` : tag));

/** What the first frame of an answer carries. */
const payloadOf = (frames: readonly Frame[]): { session: string; key: string } | undefined =>
  (frames[0]?.[1] as Envelope<{ session: string; key: string }> | undefined)?.payload;

describe('publish', () => {
  test('gives the position at which the entry is, once it is there', async () => {
    const realtime = start();
    const [epoch, first] = await realtime.publish('room', 'said', { text: 'a' });
    expect(await realtime.publish('room', 'said', { text: 'b' }, { omega: 0.5 })).toEqual([epoch, first + 1]);
    expect(await realtime.history('room', 10)).toEqual([
      { position: [epoch, 1], envelope: envelope('said', { text: 'a' }) },
      { position: [epoch, 2], envelope: { ...envelope('said', { text: 'b' }), omega: 0.5 } },
    ]);
  });

  test.each(['', '@inbox', 'a b', 'a"b', 'x'.repeat(201)])('refuses the channel name %j', async (name) => {
    await expect(start().publish(name, 'said', 1)).rejects.toThrow('A channel name has');
  });

  test('refuses what does not fit into an envelope, with its size and what to do (P3)', async () => {
    const realtime = start();
    await expect(realtime.publish('room', 'said', 'x'.repeat(70_000))).rejects.toThrow(
      /70\d{3} bytes.*65536/,
    );
    await expect(realtime.send('session', 'said', 'é'.repeat(40_000))).rejects.toThrow(RangeError);
    expect(await realtime.history('room', 10)).toEqual([]);
  });

  test('reaches a poll that is held (P64)', async () => {
    const realtime = start();
    const { goOn } = await open(realtime);
    const [epoch] = await realtime.publish('room', 'said', 0);
    const held = post(realtime, '/poll', [goOn({ wait: 20_000, cursors: { room: [epoch, 1] } })]);
    await expect.poll(() => realtime.activeConnections).toBe(1);
    await realtime.publish('room', 'said', 1);
    expect((await held).frames).toMatchObject([['entry', 'room', epoch, 2, { payload: 1 }]]);
  });
});

describe('a long log', () => {
  const LONG = 1_000;
  const numbersIn = (frames: readonly Frame[]): unknown[] =>
    frames.flatMap(([tag, , , , said]) => (tag === 'entry' ? [(said as Envelope).payload] : []));
  const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

  async function startLong(): Promise<{ realtime: Realtime; epoch: string }> {
    const realtime = start();
    let epoch = '';
    for (let n = 1; n <= LONG; n++) [epoch] = await realtime.publish('room', 'said', n);
    return { realtime, epoch };
  }

  test('is told by polls in answers of at most 512 frames (P4)', async () => {
    const { realtime, epoch } = await startLong();
    const { goOn } = await open(realtime);
    const told: unknown[] = [];
    for (let polls = 0; polls < 20 && told.length < LONG; polls++) {
      const cursors = { room: [epoch, told.length] };
      const { frames } = await post(realtime, '/poll', [goOn({ wait: 0, cursors })]);
      expect(frames.length).toBeLessThanOrEqual(512);
      told.push(...numbersIn(frames));
    }
    expect(told).toEqual(upTo(LONG));
  });

  test('is told by a stream in messages of at most 512 frames (P4)', async () => {
    const { realtime, epoch } = await startLong();
    const cursors = { room: [epoch, 0] };
    const response = await realtime.app.request('/sse', {
      method: 'POST',
      body: JSON.stringify([['hello', { version: 1, nonce: newNonce(), cursors }]]),
    });
    const messages: Frame[][] = [];
    const take = blockReader((text) => void messages.push(JSON.parse(text) as Frame[]));
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    while (messages.flatMap(numbersIn).length < LONG) {
      const { value } = await reader.read();
      take(decoder.decode(value, { stream: true }));
    }
    await reader.cancel();
    expect(messages.flatMap(numbersIn)).toEqual(upTo(LONG));
    for (const frames of messages) expect(frames.length).toBeLessThanOrEqual(512);
  });
});

describe('history', () => {
  test('gives the newest entries, oldest first, and not more than there are', async () => {
    const realtime = start();
    for (let n = 1; n <= 5; n++) await realtime.publish('room', 'said', n);
    const payloads = async (last: number): Promise<unknown[]> =>
      (await realtime.history('room', last)).map((entry) => entry.envelope.payload);
    expect(await payloads(2)).toEqual([4, 5]);
    expect(await payloads(99)).toEqual([1, 2, 3, 4, 5]);
    expect(await payloads(0)).toEqual([]);
    expect(await realtime.history('nothing', 5)).toEqual([]);
  });
});

describe('send', () => {
  test('arrives in the inbox of one session, and of no other', async () => {
    const realtime = start();
    const [ann, bob] = [await open(realtime), await open(realtime)];
    expect(await realtime.send(ann.session, 'invited', { to: 'room' })).toMatchObject({ ok: true });
    const { frames } = await post(realtime, '/poll', [ann.goOn({ wait: 0 })]);
    expect(frames).toMatchObject([['entry', '@', expect.any(String), 1, { delta: 'invited', dimension: 3 }]]);
    expect((await post(realtime, '/poll', [bob.goOn({ wait: 0 })])).frames).toEqual([]);
  });

  test('to a session that has ended, or never was, is answered and not thrown: what nobody awaits ends no process', async () => {
    const realtime = start();
    const { session } = await open(realtime);
    await realtime.disconnect(session);
    for (const gone of [session, 'nobody']) {
      expect(await realtime.send(gone, 'invited', {})).toMatchObject({
        ok: false,
        code: 'session_unknown',
        message: expect.stringContaining('publish it') as string,
      });
    }
  });
});

describe('handle', () => {
  test('answers a request in the same answer that opens the session (P34)', async () => {
    const realtime = start();
    realtime.handle('double', (input) => (input as number) * 2);
    const { frames } = await open(realtime, ['request', 1, envelope('double', 21)]);
    expect(tags(frames).sort()).toEqual(['acked', 'entry', 'welcome']);
    expect(tags(frames)[0]).toBe('welcome');
    expect(frames.find(([tag]) => tag === 'entry')).toMatchObject([
      ...['entry', '@', expect.any(String), 1],
      { delta: 'reply', payload: 42 },
      1,
    ]);
  });

  test('knows its session and its subject', async () => {
    const realtime = start({ authenticate: () => ({ subject: 'ann', claims: { role: 'host' } }) });
    realtime.handle('whoami', (_, { session }) => session);
    const { frames, session } = await open(realtime, ['request', 1, envelope('whoami')]);
    expect(frames.find(([tag]) => tag === 'entry')?.[4]).toMatchObject({
      payload: { id: session, subject: 'ann', claims: { role: 'host' } },
    });
  });

  test('refuses a silence that would close every connection at rest, and teaches the least', () => {
    const times =
      (silence: number, heartbeat = 20_000) =>
      () =>
        createRealtime({ times: { silence, heartbeat } });
    expect(times(29_999)).toThrow(
      /times.silence is 29999 ms, and times.heartbeat is 20000: .* Make silence 30000/,
    );
    expect(times(NaN)).toThrow(RangeError);
    expect(times(30_000)).not.toThrow();
    expect(times(15_000, 10_000)).not.toThrow();
  });

  test("refuses a handler under a name that is the server's own (P48)", () => {
    expect(() => start().handle('@members', () => [])).toThrow('choose another name than "@members"');
  });

  test('refuses a second handler of the same request, by its name', () => {
    const realtime = start();
    realtime.handle('double', () => 1);
    expect(() => realtime.handle('double', () => 2)).toThrow('"double" has a handler already');
  });
});

describe('members and disconnect', () => {
  test('list who is there, and end a session: its members leave, its key opens nothing (P46, P84)', async () => {
    const realtime = start();
    const { session, goOn, frames } = await open(realtime, ['subscribe', 1, 'room', { presence: { n: 1 } }]);
    const inbox = frames.find(([tag, log]) => tag === 'entry' && log === '@')?.slice(2, 4);
    expect(await realtime.members('room')).toEqual([{ id: session, data: { n: 1 } }]);
    const held = post(realtime, '/poll', [goOn({ wait: 20_000, cursors: { '@': inbox } })]);
    await expect.poll(() => realtime.activeConnections).toBe(1);
    await realtime.disconnect(session);
    const answer = await held;
    expect([answer.status, tags(answer.frames).at(-1)]).toEqual([403, 'close forbidden']);
    expect(await realtime.members('room')).toEqual([]);
    expect((await realtime.history('room', 9)).map((entry) => entry.envelope.delta)).toEqual([
      'member_joined',
      'member_left',
    ]);
    const after = await post(realtime, '/poll', [goOn({ wait: 0 })]);
    expect([after.status, tags(after.frames)]).toEqual([403, ['close forbidden']]);
  });
});

describe('a member that was silent for a while', () => {
  test('is listed again, and told, with the next request of its session (P46)', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    const realtime = start({ store });
    const { session, goOn } = await open(realtime, ['subscribe', 1, 'room', { presence: 1 }]);
    now += 31_000;
    await store.sweep();
    expect(await realtime.members('room')).toEqual([]);
    await post(realtime, '/poll', [goOn({ wait: 0 })]);
    expect(await realtime.members('room')).toEqual([{ id: session, data: 1 }]);
    const told = (await realtime.history('room', 9)).map((entry) => entry.envelope.delta);
    expect(told).toEqual(['member_joined', 'member_left', 'member_joined']);
  });
});

describe('an answer', () => {
  test('carries what keeps everybody on the way from keeping or changing it (P63)', async () => {
    const realtime = start();
    const nonce = newNonce();
    const good = await post(realtime, '/poll', [['hello', { version: 1, nonce }]]);
    const bad = await post(realtime, '/poll', 'nonsense');
    for (const { headers } of [good, bad]) {
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        vary: 'Origin',
        'content-type': 'application/json; charset=utf-8',
      });
      expect(headers.has('etag') || headers.has('content-encoding')).toBe(false);
    }
  });

  const hello = (more: object = {}): Frame[] => [['hello', { version: 1, nonce: newNonce(), ...more }]];
  test.each<[string, unknown, Record<string, string>, keyof typeof CODES, RealtimeOptions?]>([
    ['to no JSON', 'nonsense', {}, 'bad_frame'],
    ['to no array', '{}', {}, 'bad_frame'],
    ['to no frames', '[]', {}, 'bad_frame'],
    ['to a frame that may not be first', [['ping', 1]], {}, 'bad_frame'],
    ['to a form', hello(), { 'content-type': 'application/x-www-form-urlencoded' }, 'unsupported'],
    ['to a foreign page', hello(), { origin: 'https://evil.example' }, 'forbidden'],
    ['to another version', [['hello', { version: 9, nonce: newNonce() }]], {}, 'version'],
    ['to a key that is not ours', hello({ key: 'x.y' }), {}, 'unauthorized'],
    ['to a probe without a session', hello({ probe: true }), {}, 'bad_frame'],
    ['to a stranger', hello(), {}, 'unauthorized', { authenticate: () => undefined }],
    [
      'to too much',
      JSON.stringify(hello({ auth: 'x'.repeat(300) })),
      {},
      'too_big',
      { limits: { message: 256 } },
    ],
    [
      'to too many sessions',
      hello(),
      {},
      'rate_limited',
      { limits: { openRate: { perSecond: 1, burst: 0 } } },
    ],
    [
      'to too many requests',
      hello(),
      {},
      'rate_limited',
      { limits: { requestRate: { perSecond: 1, burst: 0 } } },
    ],
    ['to too many connections', hello(), {}, 'overload', { limits: { connections: 0 } }],
  ])(
    '%s has the status of its code, and says close (P17, P60, P61, P62, P65)',
    async (_, body, headers, code, options) => {
      const answer = await post(start(options), '/poll', body, headers);
      expect([answer.status, tags(answer.frames)]).toEqual([CODES[code].status, [`close ${code}`]]);
    },
  );

  test('that asks to wait says so in seconds (P65)', async () => {
    const realtime = start({ limits: { requestRate: { perSecond: 0.5, burst: 0 } } });
    const { headers } = await post(realtime, '/poll', hello());
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('to a URL with a secret in it is a refusal, and nothing is opened (P18)', async () => {
    const realtime = start();
    const answer = await post(realtime, '/poll?token=abc', hello());
    expect([answer.status, tags(answer.frames)]).toEqual([400, ['close bad_frame']]);
  });

  test('names the origin that is on the list, and no other (P61)', async () => {
    const realtime = start({ origins: ['https://app.example'] });
    const { headers } = await post(realtime, '/poll', hello(), { origin: 'https://app.example' });
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const refused = await post(realtime, '/poll', hello(), { origin: 'https://evil.example' });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a session', () => {
  test('is opened once by a nonce, with the same key (P10)', async () => {
    const realtime = start();
    const hello: Frame[] = [
      ['hello', { version: 1, nonce: newNonce() }],
      ['publish', 1, 'room', envelope('said')],
    ];
    const [one, two] = [await post(realtime, '/poll', hello), await post(realtime, '/poll', hello)];
    expect(payloadOf(one.frames)).toMatchObject({
      session: payloadOf(two.frames)?.session,
      key: payloadOf(two.frames)?.key,
    });
    expect(await realtime.history('room', 9)).toHaveLength(1);
    expect(two.frames.at(-1)).toEqual(['acked', 1, expect.any(String), 0]);
  });

  test('is not opened again by a late copy of what opened it, when it has ended (P10)', async () => {
    const realtime = start();
    const said: Frame = ['publish', 1, 'room', envelope('said')];
    const { goOn, nonce } = await open(realtime, said);
    await post(realtime, '/send', [goOn(), ['bye']]);
    const late = await post(realtime, '/poll', [['hello', { version: 1, nonce }], said]);
    expect([late.status, tags(late.frames)]).toEqual([410, ['close session_unknown']]);
    expect(await realtime.history('room', 9)).toHaveLength(1);
  });

  test('is not opened, resumed or refreshed by another subject (P15)', async () => {
    const realtime = start({ authenticate: (_, credentials) => ({ subject: String(credentials) }) });
    const nonce = newNonce();
    const as = (auth: string, more: object = {}) =>
      post(realtime, '/poll', [['hello', { version: 1, nonce, auth, ...more }]]);
    const opened = await as('ann');
    const key = payloadOf(opened.frames)?.key;
    expect((await as('bob')).status).toBe(403);
    expect((await as('bob', { key })).status).toBe(403);
    expect((await as('ann', { key })).status).toBe(200);
  });

  test('is not known to a poll of an older generation (P13)', async () => {
    const realtime = start();
    const { goOn, nonce, key } = await open(realtime);
    await post(realtime, '/poll', [['hello', { version: 1, nonce, key }]]);
    const late = await post(realtime, '/poll', [goOn({ wait: 0 })]);
    expect([late.status, tags(late.frames)]).toEqual([409, ['close superseded']]);
  });

  test('is not changed by a probe (P16)', async () => {
    const realtime = start();
    const { goOn, nonce, key } = await open(realtime);
    const probe = await post(realtime, '/poll', [['hello', { version: 1, nonce, key, probe: true }]]);
    expect(probe.frames).toMatchObject([['welcome', { payload: { generation: 0 } }]]);
    expect((await post(realtime, '/poll', [goOn({ wait: 0 })])).status).toBe(200);
  });

  test('of another server may be probed here by whoever could open one, and none is opened (P16)', async () => {
    const other = await open(start());
    const opened: string[] = [];
    const store = memoryStore();
    const openSession = store.openSession.bind(store);
    store.openSession = (nonce, identity) => (opened.push(nonce), openSession(nonce, identity));
    const realtime = start({
      store,
      authenticate: (_, auth) => (auth === 'ann' ? { subject: 'ann' } : undefined),
    });
    const probe = (auth: string) =>
      post(realtime, '/poll', [
        ['hello', { version: 1, nonce: other.nonce, key: other.key, probe: true, auth }],
      ]);
    expect((await probe('ann')).frames).toMatchObject([['welcome', { payload: { generation: 0 } }]]);
    expect((await probe('bob')).status).toBe(401);
    expect(opened).toEqual([]);
    const { key } = payloadOf((await probe('ann')).frames) ?? {};
    const attach = await post(realtime, '/poll', [
      ['hello', { version: 1, nonce: other.nonce, key, auth: 'ann' }],
    ]);
    expect([attach.status, tags(attach.frames)]).toEqual([410, ['close session_unknown']]);
    const own = [['hello', { version: 1, nonce: other.nonce, key: other.key, auth: 'ann' }]];
    expect((await post(realtime, '/poll', own)).status).toBe(401);
  });

  test('that the store forgets while it is opened is opened by the next hello (P10)', async () => {
    const store = memoryStore();
    const attach = store.attach.bind(store);
    let forgets = true;
    store.attach = async (...given) => (forgets ? { kind: 'unknown' } : attach(...given));
    const realtime = start({ store });
    const hello = [['hello', { version: 1, nonce: newNonce() }]];
    expect(tags((await post(realtime, '/poll', hello)).frames)).toEqual(['close overload']);
    forgets = false;
    expect(tags((await post(realtime, '/poll', hello)).frames)).toEqual(['welcome']);
  });

  test('ends with bye, its members with it (P72)', async () => {
    const realtime = start();
    const { goOn } = await open(realtime, ['subscribe', 1, 'room', { presence: 1 }]);
    expect((await post(realtime, '/send', [goOn(), ['bye']])).status).toBe(200);
    await expect.poll(() => realtime.members('room')).toEqual([]);
    expect((await post(realtime, '/poll', [goOn({ wait: 0 })])).status).toBe(410);
  });
});

describe('credentials', () => {
  /** An event stream whose credentials end in a minute, on a time that the test moves. */
  async function expiring() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    ends.push(() => vi.useRealTimers());
    const realtime = start({
      authenticate: (_, minutes) => ({ subject: 'ann', expiresAt: Date.now() + Number(minutes) * 60_000 }),
    });
    const nonce = newNonce();
    const response = await realtime.app.request('/sse', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify([['hello', { version: 1, nonce, auth: 1 }]]),
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    const text = new TextDecoder().decode(value).replace('data: ', '').split('\n')[0] ?? '[]';
    const { key } = payloadOf(JSON.parse(text) as Frame[]) ?? {};
    const send = (...frames: Frame[]) =>
      post(realtime, '/send', [['continue', { nonce, key, generation: 1 }], ...frames]);
    return { realtime, send };
  }

  test('that end close an event stream', async () => {
    const { realtime, send } = await expiring();
    await vi.advanceTimersByTimeAsync(40_000);
    await send(['pong', 1]);
    expect(realtime.activeConnections).toBe(1);
    await vi.advanceTimersByTimeAsync(25_000);
    await expect.poll(() => realtime.activeConnections).toBe(0);
  });

  test('that are refreshed by a request keep the session’s event stream open', async () => {
    const { realtime, send } = await expiring();
    await vi.advanceTimersByTimeAsync(40_000);
    expect((await send(['auth', 10])).status).toBe(200);
    await vi.advanceTimersByTimeAsync(40_000);
    await send(['pong', 1]);
    expect(realtime.activeConnections).toBe(1);
  });
});

describe('draining', () => {
  test('answers held polls at once, takes no new session, and goes on with old ones (P71)', async () => {
    const realtime = start();
    const { goOn } = await open(realtime);
    const held = post(realtime, '/poll', [goOn({ wait: 20_000 })]);
    await expect.poll(() => realtime.activeConnections).toBe(1);
    const drained = realtime.drain();
    expect((await held).frames).toMatchObject([['drain', { payload: { after: 0 } }]]);
    const stranger = await post(realtime, '/poll', [['hello', { version: 1, nonce: newNonce() }]]);
    expect([stranger.status, tags(stranger.frames)]).toEqual([503, ['close drain']]);
    const known = await post(realtime, '/send', [goOn(), ['publish', 1, 'room', envelope('said')]]);
    expect(known.frames.at(-1)).toEqual(['acked', 1, expect.any(String), 0]);
    expect(await drained).toMatchObject({ left: 1, closed: 0 });
    expect(realtime.drain()).toBe(drained);
  });

  test('is over when it is closed meanwhile', async () => {
    const realtime = start();
    const { goOn } = await open(realtime);
    const drained = realtime.drain({ notice: 60_000 });
    const held = post(realtime, '/poll', [goOn({ wait: 20_000 })]);
    await expect.poll(() => realtime.activeConnections).toBe(1);
    await realtime.close();
    expect(tags((await held).frames)).toEqual(['close drain']);
    expect(await drained).toMatchObject({ left: 0, closed: 1 });
  });

  test('moves clients to another node of the process, on the same memory', async () => {
    const store = memoryStore();
    const [one, two] = [start({ store, secret: 'same' }), start({ store, secret: 'same' })];
    const { goOn } = await open(one);
    const [epoch] = await one.publish('room', 'said', 0);
    const held = post(two, '/poll', [goOn({ wait: 20_000, cursors: { room: [epoch, 1] } })]);
    await expect.poll(() => two.activeConnections).toBe(1);
    // The hint reaches the other node, also when the first one has ended.
    await one.drain();
    await one.close();
    await two.publish('room', 'said', 1);
    expect((await held).frames).toMatchObject([['entry', 'room', epoch, 2, { payload: 1 }]]);
  });

  test('makes the node not ready, and says so in its health', async () => {
    const realtime = start();
    const health = async (): Promise<unknown> => (await realtime.plain.request('/health')).json();
    expect((await realtime.plain.request('/ready')).status).toBe(200);
    expect(await health()).toMatchObject({
      status: 'healthy',
      shutdown_in_progress: false,
      active_connections: 0,
    });
    void realtime.drain({ notice: 1_000 });
    expect((await realtime.plain.request('/ready')).status).toBe(503);
    expect(await health()).toMatchObject({ shutdown_in_progress: true });
  });
});

// ── types ─────────────────────────────────────────────────────────────────────

/** A schema that lets everything through: only its types matter here. */
const typed = <T>() => ({
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) => ({ value: value as T }),
    types: undefined as { input: T; output: T } | undefined,
  },
});

const contract = defineContract({
  channels: {
    'room:{id}': { said: typed<{ text: string }>(), left: typed<{ who: number }>() },
    news: { posted: typed<string>() },
  },
  requests: { rename: { input: typed<{ to: string }>(), output: typed<boolean>() } },
});

/** Never called: it is the compiler that tests it. */
function onlyTypes(realtime: Realtime<typeof contract>): void {
  void realtime.publish('room:7', 'said', { text: 'hi' });
  void realtime.publish('news', 'posted', 'text');
  // @ts-expect-error another payload
  void realtime.publish('room:7', 'said', { text: 7 });
  // @ts-expect-error a payload of another delta
  void realtime.publish('room:7', 'left', { text: 'hi' });
  // @ts-expect-error a delta of another channel
  void realtime.publish('news', 'said', { text: 'hi' });
  // @ts-expect-error a channel that is not in the contract
  void realtime.publish('hall', 'said', { text: 'hi' });
  // @ts-expect-error a channel that is not in the contract
  void realtime.members('hall');
  realtime.handle('rename', (input, context) => {
    expectTypeOf(input).toEqualTypeOf<{ to: string }>();
    expectTypeOf(context.session.id).toBeString();
    return true;
  });
  // @ts-expect-error another output
  realtime.handle('rename', () => 'yes');
  // @ts-expect-error a request that is not in the contract
  realtime.handle('delete', () => true);
}

describe('a contract', () => {
  test('is known to the compiler', () => {
    expectTypeOf(onlyTypes).returns.toBeVoid();
    expectTypeOf<Realtime['members']>().returns.resolves.toEqualTypeOf<readonly Member[]>();
    expectTypeOf<Realtime['publish']>().returns.resolves.toEqualTypeOf<Position>();
  });

  test('is kept at run time too, whoever publishes', async () => {
    const realtime = createRealtime({ contract, logger: false });
    ends.push(() => realtime.close());
    await realtime.publish('news', 'posted', 'text');
    // @ts-expect-error a delta that the channel does not have
    await expect(realtime.publish('news', 'said', 'text')).rejects.toThrow('delta');
    // @ts-expect-error a channel that the contract does not have
    await expect(realtime.publish('hall', 'said', 'text')).rejects.toThrow('channel');
  });
});
