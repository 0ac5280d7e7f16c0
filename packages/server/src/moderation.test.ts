/** Two nodes over one store, asked as a web server would ask them: what one is told, clients of the other notice. */
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { blockReader, defineContract } from '@iskra/protocol/wire';
import type { Envelope } from '@iskra/protocol/wire';
import { createRealtime } from './realtime.js';
import type { Realtime, RealtimeOptions } from './realtime.js';
import { memoryStore } from './stores/memory.js';
import type { Identity } from './store.js';

type Frame = [tag: string, ...rest: unknown[]];

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

let nonces = 0;
const envelope = (delta: string, payload?: unknown) => ({
  ...{ delta, dimension: 1, omega: 1, lambda: 'continue', payload },
});

/** Who somebody is, is what it says: its name, and until when. */
const authenticate: RealtimeOptions['authenticate'] = (_, given) => given as Identity | undefined;

function world(options: RealtimeOptions = {}) {
  const store = memoryStore();
  const start = (node: string): Realtime => {
    const realtime = createRealtime({ logger: false, secret: 's', authenticate, store, node, ...options });
    ends.push(() => realtime.close());
    return realtime;
  };
  return { here: start('here'), there: start('there') };
}

type World = ReturnType<typeof world>;

async function post({ app }: Pick<Realtime, 'app'>, path: string, frames: unknown[]) {
  const response = await app.request(path, { method: 'POST', body: JSON.stringify(frames) });
  return { status: response.status, frames: (await response.json()) as Frame[] };
}

/** Opens a session by a poll. */
async function open(realtime: Pick<Realtime, 'app'>, auth?: Identity, ...sends: unknown[]) {
  const nonce = `nonce-${nonces++}`.padEnd(22, '-');
  const { status, frames } = await post(realtime, '/poll', [
    ['hello', { version: 1, nonce, auth }],
    ...sends,
  ]);
  const { session, key, generation } = (frames[0]![1] as Envelope<Record<string, string>>).payload!;
  const goOn = (more: object = {}): Frame => ['continue', { nonce, key, generation, ...more }];
  return { status, session: session!, nonce, key, frames, goOn };
}

/** A stream, and what comes down it. */
async function stream(realtime: Pick<Realtime, 'app'>, hello: object) {
  const nonce = `nonce-${nonces++}`.padEnd(22, '-');
  const body = JSON.stringify([['hello', { version: 1, nonce, ...hello }]]);
  const response = await realtime.app.request('/sse', { method: 'POST', body });
  const frames: Frame[] = [];
  const take = blockReader((text) => void frames.push(...(JSON.parse(text) as Frame[])));
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let isOver = false;
  void (async () => {
    for (let read; !(read = await reader.read()).done;) take(decoder.decode(read.value, { stream: true }));
    isOver = true;
  })();
  ends.push(() => reader.cancel());
  await expect.poll(() => frames.length).toBeGreaterThan(0);
  const { session, key, generation } = (frames[0]![1] as Envelope<Record<string, string>>).payload!;
  const goOn = (more: object = {}): Frame => ['continue', { nonce, key, generation, ...more }];
  return { frames, session: session!, goOn, isOver: () => isOver };
}

const inShort = (frames: readonly Frame[]): string[] =>
  frames.flatMap(([tag, ...rest]) => {
    if (tag === 'ping') return [];
    if (tag === 'entry') return `${String(rest[0])} ${(rest[3] as Envelope).delta}`;
    if (tag === 'gap') return `gap ${String(rest[0])} ${String(rest[1])} ${JSON.stringify(rest.slice(2))}`;
    return tag === 'close' || tag === 'error' ? `${tag} ${(rest[0] as Envelope).delta}` : tag;
  });

const ann: Identity = { subject: 'ann' };
const publish1 = ['publish', 1, 'room', envelope('said', 1)];

describe('a session that is disconnected', () => {
  test('is told so on its stream, on another node, and is over (P84)', async () => {
    const { here, there } = world();
    const { session, frames, isOver } = await stream(there, { auth: ann });
    await here.disconnect(session);
    await expect.poll(isOver).toBe(true);
    expect(inShort(frames).at(-1)).toBe('close forbidden');
  });

  test('is told so by a poll that is held there, and by each one that comes (P84)', async () => {
    const { here, there } = world();
    const { session, goOn } = await open(there, ann);
    const held = post(there, '/poll', [goOn({ wait: 20_000 })]);
    await expect.poll(() => there.activeConnections).toBe(1);
    await here.disconnect(session);
    for (const { status, frames } of [await held, await post(there, '/poll', [goOn({ wait: 0 })])])
      expect([status, inShort(frames).at(-1)]).toEqual([403, 'close forbidden']);
  });

  test('sends nothing more, comes back by no hello, and may say bye (P84, P72)', async () => {
    const { here, there } = world();
    const { session, goOn, nonce, key } = await open(there, ann);
    await here.disconnect(session);
    const sent = await post(there, '/send', [goOn(), publish1]);
    expect([sent.status, inShort(sent.frames)]).toEqual([403, ['close forbidden']]);
    const again = await post(there, '/poll', [['hello', { version: 1, nonce, key, auth: ann }]]);
    expect([again.status, inShort(again.frames)]).toEqual([403, ['close forbidden']]);
    expect(inShort((await post(there, '/send', [goOn(), ['bye']])).frames)).toEqual(['close bye']);
    expect(await here.history('room', 1)).toEqual([]);
  });

  test('is forbidden also where its client never had its welcome, and says hello again (P84)', async () => {
    const { here, there } = world();
    const { session, nonce } = await open(here, ann);
    await here.disconnect(session);
    const again = await post(there, '/poll', [['hello', { version: 1, nonce, auth: ann }]]);
    expect([again.status, inShort(again.frames)]).toEqual([403, ['close forbidden']]);
  });

  test('leaves those alone that are not it', async () => {
    const { here, there } = world();
    const [one, other] = [await open(there, ann), await stream(there, { auth: ann })];
    await here.disconnect(one.session);
    expect((await post(there, '/send', [other.goOn(), publish1])).status).toBe(200);
    expect(other.isOver()).toBe(false);
  });
});

describe('a session that is ended or revoked while a connection comes into it', () => {
  /** As if the store's answer had taken so long: the session changes behind it, and before its inbox is followed here. */
  const between = (verb: 'attach' | 'touch', act: (nodes: World, session: string) => Promise<void>) => {
    const store = memoryStore();
    const ask = store[verb].bind(store) as (session: string, ...rest: never[]) => Promise<never>;
    let isNext = false;
    store[verb] = async (session: string, ...rest: never[]) => {
      const answer = await ask(session, ...rest);
      if (isNext) await act(nodes, session);
      isNext = false;
      return answer;
    };
    // Its first heartbeat would tell as well.
    const nodes = world({ store, times: { marker: 60_000 } });
    return { ...nodes, next: () => void (isNext = true) };
  };

  test.each([
    ['forbidden', ({ here }: World, session: string) => here.disconnect(session)],
    ['unauthorized', ({ here }: World, session: string) => here.revoke(session)],
  ])('is told %s at once on its stream (P84)', async (code, act) => {
    for (const where of ['here', 'there'] as const) {
      const nodes = between('attach', act);
      nodes.next();
      const { frames, isOver } = await stream(nodes[where], { auth: ann });
      await expect.poll(isOver, { timeout: 1_000 }).toBe(true);
      expect(inShort(frames).at(-1)).toBe(`close ${code}`);
    }
  });

  test('is told so by a poll that would be held (P84)', async () => {
    const { there, next } = between('touch', ({ here }, session) => here.disconnect(session));
    const { goOn } = await open(there, ann);
    next();
    const asked = performance.now();
    const { status, frames } = await post(there, '/poll', [goOn({ wait: 20_000 })]);
    expect([status, inShort(frames)]).toEqual([403, ['close forbidden']]);
    expect(performance.now() - asked).toBeLessThan(1_000);
  });
});

describe('a session whose credentials are revoked', () => {
  test('is closed with unauthorized on another node, and goes on with fresh ones (P84)', async () => {
    const { here, there } = world();
    const { session, frames, goOn, isOver } = await stream(there, { auth: ann });
    await here.revoke(session);
    await expect.poll(isOver).toBe(true);
    expect(inShort(frames).at(-1)).toBe('close unauthorized');
    expect((await post(there, '/send', [goOn(), publish1])).status).toBe(401);
    const [, { nonce, key }] = goOn() as [string, Record<string, string>];
    const hello = (auth?: Identity) => [['hello', { version: 1, nonce, key, auth }]];
    expect((await post(here, '/poll', hello())).status).toBe(401);
    expect((await post(here, '/poll', hello({ subject: 'bob' }))).status).toBe(403);
    expect((await post(here, '/poll', hello(ann))).status).toBe(200);
    expect((await post(there, '/send', [goOn(), publish1])).status).toBe(200);
  });
});

describe('fresh credentials', () => {
  test('are asked for before the old ones end, and taken from a POST to another node: nothing is closed (P81)', async () => {
    const { here, there } = world();
    const until = (ms: number): Identity => ({ ...ann, expiresAt: Date.now() + ms });
    const first = { ...until(1_500), refreshAt: Date.now() };
    const { frames, goOn, isOver } = await stream(there, { auth: first });
    await expect.poll(() => inShort(frames)).toContain('error unauthorized');
    expect((await post(here, '/send', [goOn(), ['auth', until(60_000)]])).status).toBe(200);
    await expect.poll(() => Date.now(), { timeout: 5_000 }).toBeGreaterThan(first.expiresAt! + 250);
    expect([isOver(), inShort(frames).filter((told) => told === 'error unauthorized')]).toEqual([
      false,
      ['error unauthorized'],
    ]);
  });

  test('are asked for by the next poll, and by one in a while only (P81)', async () => {
    const { here } = world();
    const { goOn } = await open(here, ann);
    const soon = { ...ann, expiresAt: Date.now() + 60_000, refreshAt: Date.now() };
    await post(here, '/send', [goOn(), ['auth', soon]]);
    const asked = await post(here, '/poll', [goOn({ wait: 5_000 })]);
    expect(inShort(asked.frames)).toEqual(['error unauthorized']);
    expect((await post(here, '/poll', [goOn({ wait: 0 })])).frames).toEqual([]);
    expect((await post(here, '/send', [goOn(), ['auth', ann]])).status).toBe(200);
    expect((await post(here, '/poll', [goOn({ wait: 0 })])).frames).toEqual([]);
  });

  test('may be a cookie of the request that resumes the session, when they are due; nothing is resumed without', async () => {
    const name = (request: Request) => request.headers.get('cookie');
    const { here } = world({
      authenticate: (request) =>
        name(request) === null ? undefined : { subject: name(request)!, refreshAt: 0 },
    });
    const nonce = `nonce-${nonces++}`.padEnd(22, '-');
    const resume = async (cookie: string | undefined, key?: string) => {
      const headers = cookie === undefined ? undefined : { cookie };
      const body = JSON.stringify([['hello', { version: 1, nonce, key }]]);
      const response = await here.app.request('/poll', { method: 'POST', headers, body });
      return { status: response.status, frames: (await response.json()) as Frame[] };
    };
    const { frames } = await resume('ann');
    const { key } = (frames[0]![1] as Envelope<Record<string, string>>).payload!;
    const answers = [await resume(undefined, key), await resume('ann', key), await resume('bob', key)];
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 403]);
  });

  test('may be a cookie of the POST that brings them', async () => {
    const cookies: (string | null)[] = [];
    const { here } = world({
      authenticate: (request) => {
        cookies.push(request.headers.get('cookie'));
        return ann;
      },
    });
    const { goOn } = await open(here);
    const headers = { cookie: 'user=ann' };
    const body = JSON.stringify([goOn(), ['auth', null]]);
    await here.app.request('/send', { method: 'POST', headers, body });
    expect(cookies).toEqual([null, 'user=ann']);
  });
});

describe('a session that is taken out of a channel', () => {
  const inRoom = async (realtime: Realtime) => {
    const [epoch] = await realtime.publish('room', 'said', 0);
    return { room: [epoch, 1] };
  };

  test('is told a gap and then the entry on its stream, and nothing of the channel any more (P83)', async () => {
    const { here, there } = world();
    const cursors = await inRoom(here);
    const { frames, session, isOver } = await stream(there, { cursors, auth: ann });
    expect(await here.unsubscribe(session, 'room')).toMatchObject({ ok: true });
    await here.publish('room', 'said', 1);
    await here.send(session, 'over', null);
    await expect.poll(() => inShort(frames)).toContain('@ over');
    expect(inShort(frames)).toEqual([
      ...['welcome', `gap room denied ${JSON.stringify([cursors.room, cursors.room])}`],
      ...['@ unsubscribed', '@ over'],
    ]);
    expect(isOver()).toBe(false);
  });

  test('is told so by the next poll, when it is between two of them (P83)', async () => {
    const { here, there } = world();
    const cursors = await inRoom(here);
    const { session, goOn } = await open(there, ann);
    await here.unsubscribe(session, 'room');
    await here.publish('room', 'said', 1);
    const { frames } = await post(there, '/poll', [goOn({ wait: 0, cursors })]);
    // The channel and the inbox are read at the same time: what is between them is the channel's.
    expect(inShort(frames).slice(-2)).toEqual([expect.stringMatching(/^gap room denied/), '@ unsubscribed']);
  });

  test('leaves the member list at once, and may come again where authorize lets it', async () => {
    const { here, there } = world();
    const { session, goOn } = await open(there, ann, ['subscribe', 1, 'room', { presence: 1 }]);
    await expect.poll(async () => (await here.members('room')).length).toBe(1);
    await here.unsubscribe(session, 'room');
    expect(await here.members('room')).toEqual([]);
    await post(there, '/send', [goOn(), ['subscribe', 2, 'room', { presence: 2 }]]);
    expect(await here.members('room')).toMatchObject([{ id: session, data: 2 }]);
  });

  test('that has ended is no error', async () => {
    expect(await world().here.unsubscribe('nobody', 'room')).toMatchObject({
      ok: false,
      code: 'session_unknown',
    });
  });
});

describe('a subject', () => {
  const three = async () => {
    const { here, there } = world();
    const annas = [await open(here, ann), await open(there, ann)];
    const bob = await open(there, { subject: 'bob' });
    return { here, there, annas, bob, ids: annas.map(({ session }) => session) };
  };
  const inboxOf = async (realtime: Realtime, { goOn }: { goOn(more: object): Frame }) =>
    inShort((await post(realtime, '/poll', [goOn({ wait: 0 })])).frames);

  test('has the sessions of one user, on whichever node, until they end', async () => {
    const { here, there, ids } = await three();
    expect([...(await here.subject('ann').sessions())].sort()).toEqual([...ids].sort());
    await there.disconnect(ids[0]!);
    expect(await here.subject('ann').sessions()).toEqual([ids[1]]);
    expect(await here.subject('nobody').sessions()).toEqual([]);
  });

  test('is sent to in all its sessions but those that are excepted, and no other', async () => {
    const { here, there, annas, bob, ids } = await three();
    expect([...(await here.subject('ann').send('read', 7))].sort()).toEqual([...ids].sort());
    expect(await here.subject('ann').send('moved', 8, { except: ids[0]! })).toEqual([ids[1]]);
    expect(await inboxOf(there, annas[0]!)).toEqual(['@ read']);
    expect(await inboxOf(there, annas[1]!)).toEqual(['@ read', '@ moved']);
    expect(await inboxOf(there, bob)).toEqual([]);
  });

  test('that is revoked has to bring fresh credentials in each session (P84)', async () => {
    const { here, there, annas, bob } = await three();
    await here.subject('ann').revoke();
    for (const { goOn } of annas) expect((await post(there, '/poll', [goOn({ wait: 0 })])).status).toBe(401);
    expect((await post(there, '/poll', [bob.goOn({ wait: 0 })])).status).toBe(200);
    expect((await open(there, ann)).status).toBe(200);
  });

  test('that is revoked until a time ends, and opens nothing before it, unless that is taken back (P84)', async () => {
    const { here, there, annas } = await three();
    await here.subject('ann').revoke({ until: Date.now() + 60_000 });
    for (const { goOn } of annas) expect((await post(there, '/poll', [goOn({ wait: 0 })])).status).toBe(403);
    const hello = (auth: Identity) => [
      ['hello', { version: 1, nonce: `again-${nonces++}`.padEnd(22, '-'), auth }],
    ];
    const refused = await post(there, '/poll', hello(ann));
    expect([refused.status, inShort(refused.frames)]).toEqual([403, ['close forbidden']]);
    expect((await post(there, '/poll', hello({ subject: 'bob' }))).status).toBe(200);
    await here.subject('ann').revoke({ until: 0 });
    expect((await post(there, '/poll', hello(ann))).status).toBe(200);
  });

  test('is disconnected, and taken out of a channel, as each of its sessions is', async () => {
    const { here, there, annas } = await three();
    await here.subject('ann').unsubscribe('room');
    expect(await inboxOf(there, annas[1]!)).toEqual(['@ unsubscribed']);
    await here.subject('ann').disconnect();
    for (const { goOn } of annas) expect((await post(there, '/poll', [goOn({ wait: 0 })])).status).toBe(403);
    expect((await open(there, ann)).status).toBe(200);
  });
});

test('a time that is none revokes nothing, and takes nothing back', async () => {
  const { here, there } = world();
  const { goOn } = await open(there, ann);
  const revoke = (until: number) => here.subject('ann').revoke({ until });
  await expect(revoke(NaN)).rejects.toThrow(RangeError);
  expect((await post(there, '/poll', [goOn({ wait: 0 })])).status).toBe(200);
  await revoke(Infinity);
  await expect(revoke(NaN)).rejects.toThrow(RangeError);
  const hello = ['hello', { version: 1, nonce: 'never-again'.padEnd(22, '-'), auth: ann }];
  expect((await post(there, '/poll', [hello])).status).toBe(403);
});

test('that a session was ended is told once, and of none that there is not', async () => {
  const { here } = world();
  const told: string[] = [];
  ends.push(here.events.subscribe(({ delta }) => void (delta === 'session_ended' && told.push(delta))));
  const { session } = await open(here, ann);
  for (const one of ['nobody', session, session]) await here.disconnect(one);
  await here.publish('room', 'said', 1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['session_ended']);
});

test('a send that met revoked credentials goes on where fresh ones came in between (P84)', async () => {
  const store = memoryStore();
  const begin = store.begin.bind(store);
  let isRevoked = true;
  store.begin = async (...asked) => {
    if (!isRevoked) return begin(...asked);
    isRevoked = false;
    return { kind: 'revoked' };
  };
  const { here } = world({ store });
  const { goOn } = await open(here, ann);
  const { status } = await post(here, '/send', [goOn(), publish1]);
  expect([status, (await here.history('room', 1)).length]).toEqual([200, 1]);
}, 5_000);

describe('a publish except some sessions', () => {
  test('is told everybody else, and moves their cursors without a word (P82)', async () => {
    const { here, there } = world();
    const [epoch] = await here.publish('room', 'said', 0);
    const cursors = { room: [epoch, 1] };
    const [speaker, other] = [
      await stream(there, { cursors, auth: ann }),
      await stream(here, { cursors, auth: ann }),
    ];
    await here.publish('room', 'typed', 1, { except: speaker.session });
    await here.publish('room', 'typed', 2, { except: [speaker.session, 'nobody'] });
    await here.publish('room', 'said', 3);
    for (const { frames } of [speaker, other])
      await expect.poll(() => inShort(frames)).toContain('room said');
    expect(inShort(other.frames).slice(1)).toEqual(['room typed', 'room typed', 'room said']);
    expect(JSON.stringify(other.frames)).not.toContain(speaker.session);
    const passed = inShort(speaker.frames).slice(1);
    expect(passed.at(-1)).toBe('room said');
    expect(passed.slice(0, -1).every((told) => told.startsWith('gap room excepted'))).toBe(true);
    const [, ...last] = speaker.frames.filter(([tag]) => tag === 'entry').at(-1)!;
    expect(last.slice(0, 3)).toEqual(['room', epoch, 4]);
    expect((await here.history('room', 2)).map((entry) => entry.envelope.payload)).toEqual([2, 3]);
  });

  test('is passed over where a log is read, in one gap for several (P82)', async () => {
    const { here } = world();
    const [epoch] = await here.publish('room', 'said', 0);
    const { session, goOn } = await open(here, ann);
    for (const n of [1, 2]) await here.publish('room', 'typed', n, { except: session });
    await here.publish('room', 'said', 3);
    await here.publish('room', 'typed', 4, { except: session });
    const { frames } = await post(here, '/poll', [goOn({ wait: 0, cursors: { room: [epoch, 1] } })]);
    expect(inShort(frames)).toEqual([
      `gap room excepted ${JSON.stringify([
        [epoch, 1],
        [epoch, 3],
      ])}`,
      'room said',
      `gap room excepted ${JSON.stringify([
        [epoch, 4],
        [epoch, 5],
      ])}`,
    ]);
  });

  test('is what a handler does for whoever asked', async () => {
    const { here } = world();
    here.handle('move', (_, { session, publish }) =>
      publish('room', { delta: 'moved' }, { except: session.id }),
    );
    const [epoch] = await here.publish('room', 'said', 0);
    const { goOn } = await open(here, ann, ['request', 1, envelope('move')]);
    await expect.poll(async () => (await here.history('room', 9)).length).toBe(2);
    const { frames } = await post(here, '/poll', [goOn({ wait: 0, cursors: { room: [epoch, 1] } })]);
    expect(inShort(frames).find((told) => told.includes('room'))).toMatch(/^gap room excepted/);
  });

  test.each(['a"b', 'x,y', 'ä', '["one"]'])('refuses %j, which is no id of a session', async (except) => {
    const published = world().here.publish('room', 'said', 1, { except });
    await expect(published).rejects.toThrow('no id of a session');
  });
});

describe('what a contract says of messages', () => {
  const text = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'string' ? { value } : { issues: [{ message: 'no text' }] },
    },
  } as const;
  const contract = defineContract({
    messages: {
      noticed: text as typeof text & { '~standard': { types?: { input: string; output: string } } },
    },
  });

  test('types and checks what a session and a subject are sent', async () => {
    const realtime = createRealtime({ contract, logger: false });
    ends.push(() => realtime.close());
    expectTypeOf(realtime.send<'noticed'>)
      .parameter(2)
      .toEqualTypeOf<string>();
    expectTypeOf(realtime.subject('a').send<'noticed'>)
      .parameter(1)
      .toEqualTypeOf<string>();
    await expect(realtime.send('s', 'noticed', 7 as never)).rejects.toThrow('payload: no text');
    await expect(realtime.subject('a').send('other' as never, '' as never)).rejects.toThrow(
      'it knows noticed',
    );
    expect(await realtime.subject('a').send('noticed', 'hi')).toEqual([]);
  });

  test('leaves the words to the server by which it tells of subscriptions', async () => {
    await expect(world().here.send('s', 'unsubscribed', {})).rejects.toThrow('choose another delta');
  });
});
