import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { defineContract } from '@iskra/protocol/wire';
import { manualClock } from '@iskra/protocol/testing';
import { Connection } from './connection.js';
import { Refusal } from './core.js';
import { createCore } from './create-core.js';
import type { Hooks } from './hooks.js';
import { createRealtime } from './realtime.js';
import type { Realtime, RealtimeOptions } from './realtime.js';
import { makeRounds } from './rounds.js';
import { memoryStore } from './stores/memory.js';
import type { Transport } from './transports/transport.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

let nonces = 0;
const SAID = { delta: 'said', dimension: 1, omega: 1, lambda: 'continue' };
const newNonce = (): string => `hooks-${nonces++}`.padEnd(22, '-');

function start(options: RealtimeOptions): Realtime {
  const realtime = createRealtime({ logger: false, ...options });
  ends.push(() => realtime.close());
  return realtime;
}

/** The status and the first frame of the answer to a hello by a poll, and the session. */
async function hello(realtime: Realtime, nonce = newNonce(), ...sends: unknown[]) {
  const body = JSON.stringify([['hello', { version: 1, nonce }], ...sends]);
  const answer = await realtime.app.request('/poll', { method: 'POST', body, headers: { cookie: 'id=ann' } });
  const [[tag, { delta, payload }]] = (await answer.json()) as [
    [string, { delta: string; payload: { session: string } }],
  ];
  return { status: answer.status, tag, delta, session: payload.session };
}

describe('authenticate', () => {
  test('lets nobody in whose end is no time, and says so', async () => {
    const errors: string[] = [];
    const realtime = start({
      authenticate: () => ({ subject: 'ann', expiresAt: Number('soon') }),
      onError: (error) => void errors.push(String(error)),
    });
    expect(await hello(realtime)).toMatchObject({ status: 401, delta: 'unauthorized' });
    expect(errors).toEqual([expect.stringMatching(/^TypeError: expiresAt/)]);
  });

  test('may say that credentials never end, to a store that keeps JSON too', async () => {
    const store = memoryStore();
    const kept: unknown[] = [];
    const { openSession } = store;
    store.openSession = (nonce, identity) => {
      kept.push(identity, JSON.parse(JSON.stringify(identity)));
      return openSession.call(store, nonce, identity);
    };
    const forever = { subject: 'ann', expiresAt: Infinity, refreshAt: Infinity };
    expect(await hello(start({ store, authenticate: () => forever }))).toMatchObject({ tag: 'welcome' });
    expect(kept[1]).toEqual(kept[0]);
  });
});

describe('connect', () => {
  test('is asked once for a session, before its welcome, with who it is and the request', async () => {
    const told: unknown[] = [];
    const realtime = start({
      authenticate: () => ({ subject: 'ann', claims: 1 }),
      hooks: {
        async connect({ session, request }) {
          await Promise.resolve();
          told.push([session, request.headers.get('cookie')]);
        },
      },
    });
    const { tag, session } = await hello(realtime);
    expect(tag).toBe('welcome');
    expect(told).toEqual([[{ id: session, subject: 'ann', claims: 1 }, 'id=ann']]);
  });

  test('is told the id of the session, also where what authenticate found has an id of its own', async () => {
    const told: unknown[] = [];
    const row = { id: 'row 7', subject: 'ann' };
    const realtime = start({
      authenticate: () => row,
      authorize: (session) => told.push(session.id) > 0,
      hooks: {
        connect: ({ session }) => void told.push(session.id),
        disconnect: ({ session }) => void told.push(session.id),
      },
    });
    const { session } = await hello(realtime, newNonce(), ['publish', 1, 'room', SAID]);
    await expect.poll(() => realtime.history('room', 1)).toHaveLength(1);
    await realtime.disconnect(session);
    expect(told).toEqual([session, session, session]);
  });

  test('takes so long that the server ends the session meanwhile: then it is forbidden (P84)', async () => {
    const ended: unknown[] = [];
    const realtime = start({
      hooks: {
        connect: ({ session }) => realtime.disconnect(session.id),
        disconnect: ({ reason }) => void ended.push(reason),
      },
    });
    expect(await hello(realtime)).toMatchObject({ status: 403, tag: 'close', delta: 'forbidden' });
    expect(ended).toEqual([]);
  });

  test('is asked once for attempts that come at once, and both wait for it (P10)', async () => {
    let asked = 0;
    let answer = (): void => {};
    const realtime = start({
      hooks: {
        connect() {
          asked++;
          return new Promise((resolve) => (answer = resolve));
        },
      },
    });
    const nonce = newNonce();
    let welcomed = 0;
    const both = [hello(realtime, nonce), hello(realtime, nonce)].map(async (one) => {
      const { tag } = await one;
      if (tag === 'welcome') welcomed++;
    });
    await expect.poll(() => asked).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(welcomed).toBe(0);
    answer();
    await Promise.all(both);
    expect([asked, welcomed]).toEqual([1, 2]);
    await hello(realtime, nonce);
    expect(asked).toBe(1);
  });

  test('refuses with a code of its own: there is no session then, and no end of one is told', async () => {
    const ended: unknown[] = [];
    let session = '';
    const realtime = start({
      hooks: {
        connect(context) {
          session = context.session.id;
          throw new Refusal('forbidden', 'Not today.');
        },
        disconnect: ({ reason }) => void ended.push(reason),
      },
    });
    const nonce = newNonce();
    expect(await hello(realtime, nonce)).toMatchObject({ status: 403, tag: 'close', delta: 'forbidden' });
    expect(await realtime.send(session, 'said', 1)).toMatchObject({ ok: false });
    expect(await hello(realtime, nonce)).toMatchObject({ status: 410, delta: 'session_unknown' });
    await realtime.disconnect(session);
    expect(ended).toEqual([]);
  });

  test('that fails refuses with internal, is told, and is asked anew when the client tries again', async () => {
    const errors: unknown[] = [];
    const begun: string[] = [];
    const ended: string[] = [];
    let isBroken = true;
    const realtime = start({
      onError: (error) => void errors.push(error),
      hooks: {
        disconnect: ({ session }) => void ended.push(session.id),
        connect({ session }) {
          begun.push(session.id);
          if (isBroken) throw new Error('no database');
        },
      },
    });
    const nonce = newNonce();
    expect(await hello(realtime, nonce)).toMatchObject({ status: 500, tag: 'close', delta: 'internal' });
    expect(errors).toEqual([new Error('no database')]);
    expect(await hello(realtime)).toMatchObject({ delta: 'internal' });
    isBroken = false;
    expect(await hello(realtime, nonce)).toMatchObject({ status: 200, tag: 'welcome' });
    const [welcome = '', another = ''] = begun;
    expect(begun).toEqual([welcome, another, welcome]);
    // What nobody could attach had not begun.
    await realtime.disconnect(another);
    await realtime.disconnect(welcome);
    expect(ended).toEqual([welcome]);
  });
});

test('authenticate refuses with the code of a Refusal, and that is no failure', async () => {
  const errors: unknown[] = [];
  const realtime = start({
    onError: (error) => void errors.push(error),
    authenticate() {
      throw new Refusal('rate_limited', 'Later.');
    },
  });
  expect(await hello(realtime)).toMatchObject({ status: 429, delta: 'rate_limited' });
  expect(errors).toEqual([]);
});

// ── the end of a session ────────────────────────────────────────────────────

/** Two nodes over one store, on a clock that the test moves, and what their hooks are told. */
function cluster() {
  const clock = manualClock();
  const store = memoryStore({ now: clock.now });
  const told: string[] = [];
  const cores = ['one', 'two'].map((node) =>
    createCore(
      {
        ...{ store, node, secret: 'secret' },
        authenticate: () => ({ subject: 'ann' }),
        hooks: {
          connect: () => void told.push(`connect on ${node}`),
          disconnect({ session, reason }) {
            told.push(`${reason} of ${session.subject}`);
            throw new Error('which ends nothing');
          },
        },
      },
      {
        clock,
        wallClock: clock.now,
        defer: (task) => queueMicrotask(task),
        randomId: () => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'),
      },
    ),
  );
  for (const core of cores) ends.push(makeRounds(core));
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const nonce = newNonce();
  let key: string | undefined;
  return {
    told,
    /** A WebSocket of the one client, on a node; the answer has been given when this resolves. */
    async connect(at: number): Promise<Connection> {
      let text = '';
      const transport: Transport = {
        ...{ name: 'websocket', queued: 0, listener: undefined, onWelcome() {}, finish() {}, close() {} },
        write(message) {
          text += message.text;
          return true;
        },
      };
      const connection = new Connection(cores[at]!, transport, {
        ...{ mode: 'stream', address: 'a', request: new Request('http://localhost/') },
        place: { known() {}, release() {} },
      });
      connection.receive([['hello', { version: 1, nonce, key }]]);
      await settled();
      key ??= /"key":"([^"]+)"/.exec(text)?.[1];
      return connection;
    },
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 1_000) {
        clock.advance(1_000);
        await settled();
      }
    },
  };
}

describe('disconnect', () => {
  test('is told once, by one of the nodes, when the window has passed; not for a reconnect, or another node', async () => {
    const { told, connect, pass } = cluster();
    const first = await connect(0);
    const second = await connect(1);
    first.dispose();
    await pass(10_000);
    second.dispose();
    await pass(100_000);
    (await connect(1)).dispose();
    await pass(110_000);
    expect(told).toEqual(['connect on one']);
    await pass(60_000);
    expect(told).toEqual(['connect on one', 'timeout of ann']);
  });

  test('is told at once when the client says that it leaves, and not again', async () => {
    const { told, connect, pass } = cluster();
    const connection = await connect(0);
    connection.receive([['bye']]);
    await pass(1_000);
    expect(told).toEqual(['connect on one', 'bye of ann']);
    await pass(200_000);
    expect(told).toHaveLength(2);
  });

  test('is told when the server ends a session, once, and an end of nobody is none', async () => {
    const told: unknown[] = [];
    const realtime = start({
      hooks: { disconnect: ({ session, reason }) => void told.push([session.id, reason]) },
    });
    const { session } = await hello(realtime);
    await Promise.all([realtime.disconnect(session), realtime.disconnect(session)]);
    await realtime.disconnect('nobody');
    expect(told).toEqual([[session, 'disconnected']]);
  });
});

// ── types ───────────────────────────────────────────────────────────────────

interface Text {
  '~standard': {
    version: 1;
    vendor: string;
    validate: (value: unknown) => { value: string };
    types?: { input: number; output: string };
  };
}
const text: Text = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: String(value) }) },
};
const contract = defineContract({
  channels: { 'room:{id}': { said: text }, news: { posted: text } },
  requests: { rename: { input: text, output: text } },
});

test('the compiler knows what a hook of a contract is told', () => {
  const hooks: Hooks<typeof contract> = {
    subscribe({ channel }) {
      expectTypeOf(channel).toEqualTypeOf<`room:${string}` | 'news'>();
    },
    publish(said) {
      expectTypeOf(said.payload).toEqualTypeOf<string>();
      if (said.delta === 'posted') expectTypeOf(said.channel).toEqualTypeOf<'news'>();
      return said.payload.trim();
    },
    request(asked) {
      expectTypeOf(asked.name).toEqualTypeOf<'rename'>();
      expectTypeOf(asked.input).toEqualTypeOf<string>();
    },
  };
  ends.push(() => createRealtime({ contract, hooks, logger: false }).close());
  expectTypeOf<Parameters<NonNullable<Hooks['publish']>>[0]['payload']>().toBeUnknown();
});
