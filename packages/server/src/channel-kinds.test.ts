import { afterEach, describe, expect, test } from 'vitest';
import { defineContract, encodeBody } from '@iskra/protocol/wire';
import type { Position } from '@iskra/protocol/wire';
import { manualClock } from '@iskra/protocol/testing';
import { beginning, compileChannels } from './channel-kinds.js';
import type { ChannelOptions } from './channel-kinds.js';
import { Connection } from './connection.js';
import { createCore } from './create-core.js';
import { createRealtime } from './realtime.js';
import type { Realtime, RealtimeOptions } from './realtime.js';
import type { Store } from './store.js';
import { memoryStore } from './stores/memory.js';
import type { Transport } from './transports/transport.js';

describe('a table of channels', () => {
  const kinds = compileChannels(
    {
      'state:{id}': { kind: 'latest' },
      'mouse:{id}': { kind: 'volatile', entries: 32 },
      'room:{id}': { entries: 5, age: 1_000 },
      '{any}:7': { kind: 'latest' },
    },
    120_000,
  );

  test('says what the first pattern says that covers a name, and nothing of others', () => {
    expect(['state:1', 'mouse:7', 'room:7', 'hall:7', 'hall:8', 'room:7:staff'].map(kinds.kindOf)).toEqual([
      ...['latest', 'volatile', 'log', 'latest', 'log', 'log'],
    ]);
    expect(kinds.retentionOf('hall:8')).toBeUndefined();
  });

  test('has what its kind keeps, and what is said beside it', () => {
    expect(kinds.retentionOf('state:1')).toEqual({ entries: 1, age: 2_592_000_000 });
    expect(kinds.retentionOf('mouse:1')).toEqual({ entries: 32, bytes: 262_144, age: 150_000 });
    expect(kinds.retentionOf('room:1')).toEqual({ entries: 5, age: 1_000 });
  });

  test.each([
    [{ 'a b': {} }, /can never match/],
    [{ room: { kind: 'last' } }, /channels\["room"\] has a kind that there is not/],
    [{ room: { kind: 'latest', entries: 5 } }, /keeps one entry/],
    [{ room: { size: 5 } }, /knows no "size"/],
    [{ room: { entries: 0 } }, /\.entries must be a whole number/],
    [{ room: { age: 1.5 } }, /\.age must be a whole number/],
  ])('that is wrong says so at once: %j', (table, message) => {
    expect(() => compileChannels(table as unknown as Record<string, ChannelOptions>, 0)).toThrow(message);
  });
});

test('a subscription begins where its kind says (P41)', () => {
  const head = { epoch: 'e', offset: 9, first: 5 };
  const from = (...args: Parameters<typeof beginning>): number => beginning(...args)[1];
  expect([from('log', head), from('log', head, 2), from('log', head, 99)]).toEqual([9, 7, 4]);
  expect([from('latest', head), from('latest', head, 0)]).toEqual([8, 9]);
  expect([from('volatile', head), from('volatile', head, 5)]).toEqual([9, 9]);
  const empty = { epoch: 'e', offset: 0, first: 1 };
  expect([from('log', empty), from('latest', empty), from('volatile', empty)]).toEqual([0, 0, 0]);
});

// ── what a client sees ──────────────────────────────────────────────────────

type Frame = [tag: string, ...rest: unknown[]];

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const CHANNELS: Record<string, ChannelOptions> = {
  'state:{id}': { kind: 'latest' },
  'mouse:{id}': { kind: 'volatile', entries: 4 },
  'short:{id}': { entries: 3 },
};

function start(options: RealtimeOptions = {}): Realtime {
  const realtime = createRealtime({ logger: false, channels: CHANNELS, ...options });
  ends.push(() => realtime.close());
  return realtime;
}

async function poll(realtime: Realtime, ...frames: unknown[]): Promise<Frame[]> {
  const answer = await realtime.app.request('/poll', { method: 'POST', body: JSON.stringify(frames) });
  return (await answer.json()) as Frame[];
}

let nonces = 0;

/** A session that subscribes; then what it reads from a position on. */
async function subscriber(realtime: Realtime, channel: string, options: object = {}) {
  const nonce = `kinds-${nonces++}`.padEnd(22, '-');
  const frames = await poll(realtime, ['hello', { version: 1, nonce }], ['subscribe', 1, channel, options]);
  const [, { payload: welcome }] = frames[0] as [string, { payload: { key: string; generation: number } }];
  const { key, generation } = welcome;
  const goOn = ['continue', { nonce, key, generation, wait: 0 }];
  const outcomeOf = () => frames.find(([tag, log]) => tag === 'entry' && log === '@')?.[4];
  // On a machine that is busy the first answer is given before there is an outcome.
  for (let polls = 0; polls < 50 && outcomeOf() === undefined; polls++)
    frames.push(...(await poll(realtime, goOn)));
  const { delta, payload } = outcomeOf() as { delta: string; payload: { position: Position } };
  return {
    ...{ delta, position: payload.position },
    read: async (from: Position) =>
      (await poll(realtime, ['continue', { nonce, key, generation, wait: 0, cursors: { [channel]: from } }]))
        .filter(([, log]) => log === channel)
        .map(([tag, , ...rest]) =>
          tag === 'gap'
            ? ['gap', rest[0], (rest[2] as Position)[1]]
            : (rest[2] as { payload: unknown }).payload,
        ),
  };
}

async function say(realtime: Realtime, channel: string, ...payloads: unknown[]): Promise<void> {
  for (const payload of payloads) await realtime.publish(channel, 'said', payload);
}

describe('latest', () => {
  test('gives whoever subscribes the newest entry, and no more of what was before', async () => {
    const realtime = start();
    await say(realtime, 'state:a', 1, 2, 3);
    const { position, read } = await subscriber(realtime, 'state:a');
    expect(await read(position)).toEqual([3]);
    const { position: asked } = await subscriber(realtime, 'state:a', { last: 9 });
    expect(asked).toEqual(position);
    const late = await subscriber(realtime, 'state:a', { last: 0 });
    expect(await late.read(late.position)).toEqual([]);
  });

  test('gives a slow reader a gap, and the newest (P28)', async () => {
    const realtime = start();
    await say(realtime, 'state:a', 1);
    const { position, read } = await subscriber(realtime, 'state:a');
    expect(await read(position)).toEqual([1]);
    await say(realtime, 'state:a', 2, 3, 4);
    expect(await read([position[0], 1])).toEqual([['gap', 'trimmed', 3], 4]);
  });

  test('lists nobody: comings and goings would take the place of the value', async () => {
    const realtime = start();
    await say(realtime, 'state:a', 1);
    const { delta } = await subscriber(realtime, 'state:a', { presence: 1 });
    expect(delta).toBe('forbidden');
    expect(await realtime.history('state:a', 9)).toHaveLength(1);
    expect(await realtime.members('state:a')).toEqual([]);
  });
});

describe('volatile', () => {
  test('begins with what comes next, whatever was asked for', async () => {
    const realtime = start();
    await say(realtime, 'mouse:a', 1, 2);
    const { position, read } = await subscriber(realtime, 'mouse:a', { last: 9 });
    expect(await read(position)).toEqual([]);
    await say(realtime, 'mouse:a', 3);
    expect(await read(position)).toEqual([3]);
    expect(await realtime.history('mouse:a', 9)).toEqual([]);
  });

  test('is without a hole for who comes back soon, and with a gap for who is too slow (P28)', async () => {
    const realtime = start();
    const { position, read } = await subscriber(realtime, 'mouse:a');
    await say(realtime, 'mouse:a', 1, 2, 3, 4);
    expect(await read(position)).toEqual([1, 2, 3, 4]);
    await say(realtime, 'mouse:a', 5);
    expect(await read(position)).toEqual([['gap', 'trimmed', 1], 2, 3, 4, 5]);
  });
});

describe('a reader whose connection is full', () => {
  /** Two WebSockets of a node, each with what it is given; the first one takes no more after its welcome. */
  async function readers(channel: string, store: Store) {
    const clock = manualClock();
    const core = createCore(
      { store, channels: CHANNELS },
      { clock, wallClock: clock.now, defer: (task) => queueMicrotask(task), randomId: () => `${nonces++}` },
    );
    const [head] = await store.heads([channel]);
    const connect = (isSlow: boolean) => {
      const given: Frame[] = [];
      const transport: Transport & { isFull: boolean } = {
        ...{ name: 'websocket', queued: 0, listener: undefined, onWelcome() {}, finish() {}, close() {} },
        isFull: isSlow,
        write(message) {
          given.push(...(JSON.parse(message.text) as Frame[]));
          return !this.isFull;
        },
      };
      const connection = new Connection(core, transport, {
        ...{ mode: 'stream', address: 'a', request: new Request('http://localhost/') },
        place: { known() {}, release() {} },
      });
      ends.push(() => connection.dispose());
      const nonce = `full-${nonces++}`.padEnd(22, '-');
      connection.receive([['hello', { version: 1, nonce, cursors: { [channel]: [head?.epoch, 0] } }]]);
      return {
        room() {
          transport.isFull = false;
          connection.writable();
        },
        get told() {
          return given
            .filter(([, log]) => log === channel)
            .map(([tag, , ...rest]) =>
              tag === 'gap'
                ? `gap to ${(rest[2] as Position)[1]}`
                : (rest[2] as { payload: unknown }).payload,
            );
        },
      };
    };
    return [connect(true), connect(false)] as const;
  }

  test.each([
    ['state:a', ['gap to 5', 6]],
    ['mouse:a', ['gap to 2', 3, 4, 5, 6]],
    ['room:a', [1, 2, 3, 4, 5, 6]],
  ])('is given of %s what is kept, behind one gap; nobody else waits for it (P28)', async (channel, late) => {
    const store = memoryStore();
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const [slow, quick] = await readers(channel, store);
    await settled();
    for (let n = 1; n <= 6; n++) {
      await store.append(channel, encodeBody({ delta: 'said', payload: n }));
      await settled();
    }
    expect([slow.told, quick.told]).toEqual([[], [1, 2, 3, 4, 5, 6]]);
    slow.room();
    await settled();
    expect(slow.told).toEqual(late);
  });
});

test('a channel keeps what its pattern says, and all others what the store says', async () => {
  const realtime = start();
  for (const channel of ['short:a', 'room:a']) await say(realtime, channel, 1, 2, 3, 4, 5);
  expect(await realtime.history('short:a', 9)).toHaveLength(3);
  expect(await realtime.history('room:a', 9)).toHaveLength(5);
});

const text = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
};
const contract = defineContract({ channels: { 'state:{id}': { said: text }, news: { said: text } } });

/** For the compiler only. */
function onlyTypes(): void {
  createRealtime({ contract, channels: { 'state:{id}': { kind: 'latest', age: 1 }, news: { entries: 5 } } });
  // @ts-expect-error a pattern that the contract does not have
  createRealtime({ contract, channels: { 'room:{id}': { kind: 'latest' } } });
  // @ts-expect-error a kind that there is not
  createRealtime({ contract, channels: { news: { kind: 'last' } } });
  // @ts-expect-error latest keeps one
  createRealtime({ contract, channels: { news: { kind: 'latest', entries: 5 } } });
}

test('the compiler knows patterns and kinds', () => {
  expect(onlyTypes).toBeTypeOf('function');
});
