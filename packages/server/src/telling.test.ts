import { manualClock } from '@iskra/protocol/testing';
import type { CodeName } from '@iskra/protocol/wire';
import { describe, expect, test } from 'vitest';
import { Connection } from './connection.js';
import type { ConnectionFacts } from './peer.js';
import { createCore } from './create-core.js';
import type { CoreOptions } from './create-core.js';
import type { SystemEvent } from './observe/event.js';
import { sessionLabel } from './observe/event.js';
import type { MetricTransport } from './observe/metrics.js';
import { memoryStore } from './stores/memory.js';
import type { Transport } from './transports/transport.js';

const NONCE = 'n'.repeat(22);
const TRACE = 'a'.repeat(32);
/** In all events of a node. */
const SAME = new Set(['at', 'category', 'node', 'cluster']);

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

interface Welcome {
  session: string;
  key: string;
  generation: number;
}

/** A node, the connections of one page to it, and what the node tells of them. */
function node(options: CoreOptions = {}) {
  const clock = manualClock();
  const core = createCore(
    { store: memoryStore({ now: clock.now }), secret: 'secret', node: 'n1', ...options },
    {
      ...{ clock, wallClock: clock.now, defer: (task) => queueMicrotask(task) },
      randomId: () => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'),
    },
  );
  const told: SystemEvent[] = [];
  core.events.stream.subscribe((event) => told.push(event));
  let welcome: Welcome | undefined;

  const connect = (name: MetricTransport, facts: Partial<ConnectionFacts> = {}) => {
    const closed: CodeName[] = [];
    const transport: Transport = {
      queued: 0,
      ...{ name, listener: undefined, onWelcome() {}, finish() {} },
      write(message) {
        for (const [tag, envelope] of JSON.parse(message.text) as [string, { payload: Welcome }][])
          if (tag === 'welcome') welcome = envelope.payload;
        return true;
      },
      close: (code) => void closed.push(code),
    };
    const mode = name === 'send' ? 'send' : /poll/.test(name) ? 'poll' : 'stream';
    const connection = new Connection(core, transport, {
      ...{ mode, address: '1.2.3.4', request: new Request('http://localhost/') },
      place: { known() {}, release() {} },
      ...facts,
    });
    return { connection, closed };
  };
  let attempts = 0;
  return {
    ...{ clock, core, told, connect },
    get welcome() {
      return welcome!;
    },
    /** What was told since this was asked last, without what is the same in all. */
    events(): Record<string, unknown>[] {
      return told.splice(0).map(({ delta, payload }) => {
        const ids = Object.entries(payload).filter(([key]) => !SAME.has(key));
        return { delta, ...Object.fromEntries(ids) };
      });
    },
    deltas: () => told.splice(0).map(({ delta }) => delta),
    /** The page opens its session, or resumes it. */
    async hello(name: MetricTransport, facts?: Partial<ConnectionFacts>, ...more: unknown[]) {
      const made = connect(name, facts);
      const key = welcome && { key: welcome.key };
      const attempt = `${name}-${++attempts}`;
      made.connection.receive([['hello', { version: 1, nonce: NONCE, attempt, ...key }], ...more]);
      await turns();
      return { ...made, generation: welcome?.generation };
    },
    /** The page goes on by a request of its own. */
    async goOn(name: MetricTransport, generation: number, ...more: unknown[]) {
      const made = connect(name);
      const { key } = welcome!;
      made.connection.receive([['continue', { nonce: NONCE, key, generation, wait: 1 }], ...more]);
      await turns();
      return made;
    },
    async pass(ms: number) {
      clock.advance(ms);
      await turns();
    },
  };
}

describe('a node tells', () => {
  test('that a session was opened by an attempt, whose transport is not proven yet', async () => {
    const page = node();
    await page.hello('websocket', { traceparent: `00-${TRACE}-${'b'.repeat(16)}-01` });
    const is = {
      ...{ session: sessionLabel(page.welcome.session), generation: 1, attempt: 'websocket-1' },
      ...{ transport: 'websocket', address: '1.2.3.4', trace: TRACE },
    };
    expect(page.events()).toEqual([
      { delta: 'connection_welcomed', ...is },
      { delta: 'session_opened', ...is },
    ]);
  });

  test('that a WebSocket is proven by its first pong, once', async () => {
    const page = node();
    const { connection } = await page.hello('websocket');
    page.events();
    connection.receive([['ping', 1]]);
    await turns();
    expect(page.deltas()).toEqual([]);
    connection.receive([['pong', 1]]);
    connection.receive([['pong', 2]]);
    await turns();
    expect(page.deltas()).toEqual(['transport_proven']);
  });

  test.each(['sse', 'polling'] as const)(
    'that %s is proven by the first request with its key',
    async (name) => {
      const page = node();
      await page.hello(name);
      page.events();
      await page.goOn('send', 1, ['pong', 1]);
      await page.goOn('send', 1, ['pong', 2]);
      expect(page.events()).toMatchObject([{ delta: 'transport_proven', transport: name, generation: 1 }]);
    },
  );

  test('nothing more of polls, however many there are', async () => {
    const page = node();
    await page.hello('polling');
    await page.goOn('long-poll', 1);
    await page.pass(10);
    page.events();
    for (let polls = 0; polls < 3; polls++) {
      const { connection } = await page.goOn('long-poll', 1);
      await page.pass(10);
      connection.dispose();
    }
    expect(page.events()).toEqual([]);
  });

  test('that a session went down to another transport, once that is proven', async () => {
    const page = node();
    const { connection } = await page.hello('websocket');
    connection.receive([['pong', 1]]);
    await turns();
    page.events();
    connection.dispose();
    await page.pass(3_000);
    await page.hello('sse');
    expect(page.deltas()).toEqual(['connection_lost', 'connection_welcomed']);
    await page.goOn('send', 2, ['pong', 1]);
    expect(page.events()).toMatchObject([
      { delta: 'transport_proven', transport: 'sse', generation: 2 },
      { delta: 'session_resumed', away: 3_000 },
      { delta: 'transport_downgraded', from: 'websocket', to: 'sse' },
    ]);
  });

  test('that it went up again beside the old one, which is then no loss', async () => {
    const page = node();
    const old = await page.hello('sse');
    await page.goOn('send', 1, ['pong', 1]);
    page.events();
    const { connection } = await page.hello('websocket');
    connection.receive([['pong', 1]]);
    await turns();
    old.connection.dispose();
    await turns();
    expect(page.deltas()).toEqual(['connection_welcomed', 'transport_proven', 'transport_upgraded']);
  });

  test('no switch of the loser of a race', async () => {
    const page = node();
    const websocket = await page.hello('websocket');
    const sse = await page.hello('sse');
    websocket.connection.receive([['pong', 1]]);
    await turns();
    sse.connection.dispose();
    await turns();
    expect(page.deltas()).toEqual([
      ...['connection_welcomed', 'session_opened', 'connection_welcomed'],
      ...['transport_proven', 'transport_unproven'],
    ]);
  });

  test('that heartbeats are missed, and then that the connection is closed', async () => {
    const page = node();
    const { connection, closed } = await page.hello('websocket');
    connection.receive([['pong', 1]]);
    await turns();
    page.events();
    await page.pass(51_000);
    expect(closed).toEqual(['timeout']);
    expect(page.told).toMatchObject([
      { delta: 'heartbeat_missed', omega: 0.5, payload: { missed: 1 } },
      { delta: 'heartbeat_missed', omega: 0.75, payload: { missed: 2 } },
      { delta: 'zombie_closed', omega: 0.75, lambda: 'resume', payload: { missed: 2, code: 'timeout' } },
    ]);
  });

  test('that a stream which never said hello was closed, as a timeout', async () => {
    const page = node();
    page.connect('websocket');
    await page.pass(5_000);
    expect(page.deltas()).toEqual(['timeout']);
  });

  test('that a session was ended by its client', async () => {
    const page = node();
    const { connection } = await page.hello('websocket');
    page.events();
    connection.receive([['bye']]);
    await turns();
    expect(page.events()).toMatchObject([{ delta: 'session_ended', reason: 'bye' }]);
  });

  test('a gap with its reason, also of a permission that has ended', async () => {
    let allowed = true;
    const page = node({ authorize: () => allowed });
    const { epoch } = (await page.core.store.heads(['room']))[0]!;
    for (let n = 0; n < 1_100; n++) await page.core.store.append('room', '{"delta":"said"}');
    const cursors = { room: [epoch, 1] };
    const { connection } = page.connect('websocket');
    connection.receive([['hello', { version: 1, nonce: NONCE, cursors }]]);
    await turns();
    allowed = false;
    page.connect('websocket').connection.receive([['hello', { version: 1, nonce: 'm'.repeat(22), cursors }]]);
    await turns();
    expect(page.events().filter(({ delta }) => delta === 'gap')).toMatchObject([
      { reason: 'trimmed', generation: 1, transport: 'websocket' },
      { reason: 'denied' },
    ]);
  });

  test('of a refused send by which connection of which session it came', async () => {
    const page = node({ authorize: () => false });
    const { connection } = await page.hello('websocket', { traceparent: `00-${TRACE}-${'b'.repeat(16)}-01` });
    page.events();
    const said = { delta: 'said', dimension: 1, omega: 1, lambda: 'continue' };
    connection.receive([['publish', 1, 'room', said]]);
    await turns();
    expect(page.events()).toMatchObject([
      {
        ...{ delta: 'forbidden', code: 'forbidden', number: 1, field: 'channel', generation: 1 },
        ...{ session: sessionLabel(page.welcome.session), address: '1.2.3.4', trace: TRACE },
      },
    ]);
  });

  test('that what only looks had an answer', async () => {
    const page = node();
    await page.hello('websocket');
    page.events();
    const { key } = page.welcome;
    page
      .connect('websocket')
      .connection.receive([
        ['hello', { version: 1, nonce: NONCE, key, probe: true, attempt: 'websocket-9' }],
      ]);
    await turns();
    expect(page.events()).toMatchObject([{ delta: 'probe_answered', attempt: 'websocket-9' }]);
  });
});

test('a node remembers nothing of a session at rest', async () => {
  const page = node();
  const { connection } = await page.hello('websocket');
  expect(page.core.whereabouts.awaits).toBe(true);
  connection.receive([['pong', 1]]);
  await turns();
  expect(page.core.whereabouts.awaits).toBe(false);
});
