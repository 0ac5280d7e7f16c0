/** What is written down before a connection is given a send: the test says when it is. */
import { beforeEach, expect, test } from 'vitest';
import { encodeFrame } from '@iskra/protocol/wire';
import { createEmitter } from '../emitter.js';
import { dialogue, envelope } from '../testing.js';
import type { Dialogue } from '../testing.js';
import { createKeeping } from './keeping.js';
import type { OfflineOutbox } from './keeping.js';
import type { Identified, Row } from './journal.js';

let d: Dialogue;
let outbox: OfflineOutbox;
let writes: { numbers: unknown[]; done(): Promise<void> }[];
const publish = (): unknown => d.session.outbox.add('publish', 'room', envelope('said'));
/** What was begun in this turn is done in the next. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  d = dialogue({ transports: ['websocket'] });
  writes = [];
  const write = (changes: ReadonlyMap<number, unknown>): Promise<boolean> =>
    new Promise((resolve) => {
      const done = () => {
        resolve(true);
        return turn();
      };
      writes.push({ numbers: [...changes.values()].map((row) => (row as Row | undefined)?.number), done });
    });
  outbox = createKeeping(
    { found: [], write },
    () => true,
    createEmitter(() => {}),
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
  expect(writes.map(({ numbers }) => numbers)).toEqual([[undefined], [1, undefined]]);
  await writes[0]!.done();
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
  expect([writes.map(({ numbers }) => numbers), send!.state]).toEqual([[[1, undefined]], 'queued']);
  outbox.discard(send!);
  await writes[0]!.done();
  expect([send!.state, d.numbers()]).toEqual(['rejected', []]);
});

test('gives no number beyond those that are written down as used', async () => {
  d.start();
  d.connect(1);
  publish();
  d.tell({ type: 'sendAdded' });
  await turn();
  await writes[0]!.done();
  d.session.outbox.leap(1_500);
  d.session.subscribe('room', {});
  d.tell({ type: 'sendAdded' });
  await turn();
  expect(d.numbers()).toEqual([1]);
  await writes[1]!.done();
  expect(d.numbers()).toEqual([1, 1_501]);
});

test('what an earlier page gave to a connection may have arrived, though it is too big for the way now', () => {
  const session = {
    since: 0 as const,
    nonce: 'n',
    welcome: { session: 's' } as Identified['welcome'],
    inbox: ['e', 0] as Identified['inbox'],
    reserved: 1_001,
  };
  const row = { since: 1, number: 1, text: encodeFrame(['publish', 1, 'room', envelope('said')]) };
  d = dialogue({ transports: ['websocket'] });
  const { around } = createKeeping(
    { found: [session, row], write: async () => true },
    () => true,
    createEmitter(() => {}),
  );
  around(d.session, () => {});
  const { outbox } = d.session;
  outbox.batch(0, 1, 1_000);
  outbox.bounced(1);
  outbox.refuse();
  expect(outbox.settle(['e', 0]).map(({ state }) => state)).toEqual(['unknown']);
});
