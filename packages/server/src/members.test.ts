import { describe, expect, test } from 'vitest';
import { decodeBody } from '@iskra/protocol/wire';
import { manualClock } from '@iskra/protocol/testing';
import { Connection } from './connection.js';
import { createCore } from './create-core.js';
import type { Store } from './store.js';
import { memoryStore } from './stores/memory.js';
import type { Transport } from './transports/transport.js';

/** What the room was told, in order. */
async function told(store: Store): Promise<[delta: string, dimension: number, payload: unknown][]> {
  const [head] = await store.heads(['room']);
  const read = await store.read('room', head?.epoch ?? '', 0, 100);
  if (read.kind !== 'entries') return [];
  return read.entries.map(({ body }) => {
    const { delta, dimension, payload } = decodeBody(body).envelope;
    return [delta, dimension, payload];
  });
}

const NONCE = 'n'.repeat(22);

/** A node on a clock that the test moves, and what one page's session does on it. */
function node() {
  const clock = manualClock();
  const store = memoryStore({ now: clock.now });
  const core = createCore(
    { store, secret: 'secret' },
    {
      clock,
      wallClock: clock.now,
      defer: (task) => queueMicrotask(task),
      randomId: () => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'),
    },
  );
  let key: string | undefined;

  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ clock, store },
    /** A WebSocket of the page, with what it says; the answer has been given when this resolves. */
    async connect(...frames: unknown[]): Promise<Connection> {
      let text = '';
      const transport: Transport = {
        name: 'websocket',
        queued: 0,
        listener: undefined,
        onWelcome() {},
        write(message) {
          text += message.text;
          return true;
        },
        finish() {},
        close() {},
      };
      const connection = new Connection(core, transport, {
        ...{ mode: 'stream', address: 'a', request: new Request('http://localhost/') },
        place: { known() {}, release() {} },
      });
      connection.receive([
        ['hello', { version: 1, nonce: NONCE, ...(key !== undefined && { key }) }],
        ...frames,
      ]);
      await settled();
      key ??= /"key":"([^"]+)"/.exec(text)?.[1];
      return connection;
    },
    async pass(ms: number): Promise<string[]> {
      clock.advance(ms);
      await settled();
      return (await told(store)).map(([delta]) => delta);
    },
  };
}

const ENTER = ['subscribe', 1, 'room', { presence: { name: 'Ann' } }];

describe('a member whose page goes away without a bye', () => {
  test('leaves after 2 s, once, and its session does not (P46, P47)', async () => {
    const { connect, pass } = node();
    const page = await connect(ENTER);
    page.wentAway();
    expect(await pass(1_999)).toEqual(['member_joined']);
    expect(await pass(1)).toEqual(['member_joined', 'member_left']);
    expect(await pass(60_000)).toEqual(['member_joined', 'member_left']);
    // As from the back/forward cache: the session goes on, and its member is there again.
    const again = await connect();
    expect(again.generation).toBe(2);
    expect(await pass(0)).toEqual(['member_joined', 'member_left', 'member_joined']);
  });

  test('stays when its session is attached again in time, as after the restart of a proxy (P46, P47)', async () => {
    const { connect, pass } = node();
    const before = await connect(ENTER);
    before.wentAway();
    await pass(1_000);
    await connect();
    expect(await pass(10_000)).toEqual(['member_joined']);
  });

  test('stays when it was a connection that had been left already, or the one before takes over again (P46, P47)', async () => {
    const { connect, pass } = node();
    const first = await connect(ENTER);
    const second = await connect();
    first.wentAway();
    expect(await pass(3_000)).toEqual(['member_joined']);
    const third = await connect();
    third.wentAway();
    expect(second.generation).toBe(2);
    expect(await pass(3_000)).toEqual(['member_joined']);
    expect(second.generation).toBe(4);
  });

  test('stays for its lease when the connection only breaks', async () => {
    const { connect, pass } = node();
    const page = await connect(ENTER);
    page.dispose();
    expect(await pass(20_000)).toEqual(['member_joined']);
  });
});
