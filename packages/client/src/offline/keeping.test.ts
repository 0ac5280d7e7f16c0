/** What is written down before a connection is given a send: the test says when it is. */
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeFrame } from '@iskra/protocol/wire';
import { createEmitter } from '../emitter.js';
import { dialogue, envelope } from '../testing.js';
import type { Dialogue } from '../testing.js';
import { createKeeping } from './keeping.js';
import type { OfflineOutbox } from './keeping.js';
import type { Identified, Row } from './journal.js';

let d: Dialogue;
let outbox: OfflineOutbox;
let writes: { numbers: unknown[]; done(left?: number): Promise<void> }[];
const publish = (): unknown => d.session.outbox.add('publish', 'room', envelope('said'));
/** What was begun in this turn is done in the next. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  d = dialogue({ transports: ['websocket'] });
  writes = [];
  const write = (changes: ReadonlyMap<number, unknown>): Promise<number> =>
    new Promise((resolve) => {
      const done = (left = -1) => {
        resolve(left);
        return turn();
      };
      writes.push({ numbers: [...changes.values()].map((row) => (row as Row | undefined)?.number), done });
    });
  outbox = createKeeping(
    [[], write, () => {}],
    () => true,
    createEmitter(() => {}),
    () => {},
  );
  outbox.around(d.session, () => d.tell({ type: 'sendAdded' }));
});

test('writes no number without a connection: until then nobody was given it', async () => {
  publish();
  d.start();
  d.open(1);
  await turn();
  expect(writes.map(({ numbers }) => numbers)).toEqual([[undefined]]);
});

test('gives a connection a send when its number is written down, and not when only the send is', async () => {
  publish();
  await turn();
  d.start();
  d.connect(1);
  await turn();
  expect(writes.map(({ numbers }) => numbers)).toEqual([[undefined]]);
  await writes[0]!.done();
  expect(writes.map(({ numbers }) => numbers)).toEqual([[undefined], [1, 0]]);
  expect(d.numbers()).toEqual([]);
  await writes[1]!.done();
  expect(d.numbers()).toEqual([1]);
});

test('rejects what is taken back while its number is being written: no connection was given it', async () => {
  publish();
  d.start();
  d.connect(1);
  await turn();
  const [send] = outbox.sends;
  expect([writes.map(({ numbers }) => numbers), send!.state]).toEqual([[[1, 0]], 'queued']);
  outbox.discard(send!);
  await writes[0]!.done();
  expect([send!.state, d.numbers()]).toEqual(['rejected', []]);
});

test('writes one after another: what comes meanwhile is written together', async () => {
  publish();
  await turn();
  publish();
  await turn();
  publish();
  await turn();
  expect(writes.map(({ numbers }) => numbers)).toEqual([[undefined]]);
  await writes[0]!.done();
  expect(writes.map(({ numbers }) => numbers)).toEqual([[undefined], [undefined, undefined]]);
});

describe('what another page may find without a number, which would send it once more', () => {
  const states = async (left: number): Promise<string[]> => {
    publish();
    await turn();
    await writes[0]!.done();
    publish();
    const sends = outbox.sends;
    d.start();
    d.connect(1);
    await turn();
    await writes[1]!.done(left);
    return sends.map(({ state }) => state);
  };

  test('none: both are sent', async () => {
    expect([await states(0), d.numbers()]).toEqual([
      ['sent', 'sent'],
      [1, 2],
    ]);
  });

  test('what was there before: that is not sent, and unknown', async () => {
    expect([await states(1), d.numbers()]).toEqual([['unknown', 'sent'], [2]]);
  });

  test('perhaps what was to be there as well: neither is sent', async () => {
    expect([await states(2), d.numbers()]).toEqual([['unknown', 'unknown'], []]);
  });
});

test('gives no connection a number of this page before it is written down which ones that are (P40)', async () => {
  const found = [
    {
      since: 0 as const,
      nonce: 'n',
      welcome: {} as Identified['welcome'],
      inbox: ['e', 0] as Identified['inbox'],
      number: 30_000,
    },
    { since: 1, number: 7, text: encodeFrame(['publish', 7, 'room', envelope('said')]) },
  ];
  let written: (left: number) => void = () => {};
  const changed: unknown[] = [];
  const write = (changes: ReadonlyMap<number, unknown>): Promise<number> => {
    changed.push(...changes.values());
    return new Promise((resolve) => (written = resolve));
  };
  d = dialogue({ transports: ['websocket'] });
  const { around } = createKeeping(
    [found, write, () => {}],
    () => true,
    createEmitter(() => {}),
    () => {},
  );
  around(d.session, () => d.tell({ type: 'sendAdded' }));
  d.session.subscribe('room', {});
  d.start();
  d.connect(1);
  await turn();
  expect([d.numbers(), changed]).toMatchObject([[7], [{ since: 0, number: 40_000 }]]);
  written(-1);
  await turn();
  expect(d.numbers()).toEqual([7, 40_001]);
});

test('what an earlier page gave to a connection may have arrived, though it is too big for the way now', () => {
  const session = {
    since: 0 as const,
    nonce: 'n',
    welcome: { session: 's' } as Identified['welcome'],
    inbox: ['e', 0] as Identified['inbox'],
    number: 0,
  };
  const row = { since: 1, number: 1, text: encodeFrame(['publish', 1, 'room', envelope('said')]) };
  d = dialogue({ transports: ['websocket'] });
  const { around } = createKeeping(
    [[session, row], async () => -1, () => {}],
    () => true,
    createEmitter(() => {}),
    () => {},
  );
  around(d.session, () => {});
  const { outbox } = d.session;
  outbox.batch(0, 1, 1_000);
  outbox.bounced(1);
  outbox.refuse();
  expect(outbox.settle(['e', 0]).map(({ state }) => state)).toEqual(['unknown']);
});
