import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOutbox } from './outbox.js';
import type { Outbox, Pending } from './outbox.js';

const reply = (delta = 'reply') => ({ delta, dimension: 1, omega: 1, lambda: 'continue' });
const add = (outbox: Outbox) => outbox.add('publish', 'room', reply('said'));
const outboxOf = (count: number, limits = { messages: 1_000, bytes: 1_048_576 }) => {
  const outbox = createOutbox(limits);
  const sends = Array.from({ length: count }, () => add(outbox)!);
  return { outbox, sends };
};
const numbers = (sends: readonly Pending[]) => sends.map(({ number }) => number);

test('numbers sends 1, 2, 3 … and keeps their bytes for every repetition (P30, P36)', () => {
  const { outbox } = outboxOf(3);
  const [first] = outbox.batch(0, 10, 10_000);
  expect(numbers(outbox.sends)).toEqual([1, 2, 3]);
  expect(JSON.parse(first!.text)).toMatchObject(['publish', 1, 'room', { delta: 'said' }]);
  expect(outbox.batch(0, 1, 10_000)[0]!.text).toBe(first!.text);
});

test('is full at its number of messages and at its bytes, and takes again when something settled (G8)', () => {
  const { outbox } = outboxOf(3, { messages: 3, bytes: 1_000_000 });
  expect(add(outbox)).toBeUndefined();
  outbox.batch(0, 3, 10_000);
  outbox.acked(1, ['e', 0]);
  outbox.settle(['e', 0]);
  expect(add(outbox)?.number).toBe(4);
  const small = createOutbox({ messages: 10, bytes: 100 });
  expect(add(small)).toBeDefined();
  expect(add(small)).toBeUndefined();
});

test('cuts batches by count and by bytes, but always takes one', () => {
  const { outbox, sends } = outboxOf(5);
  const size = sends[0]!.bytes + 1;
  expect(numbers(outbox.batch(0, 2, 10_000))).toEqual([1, 2]);
  expect(numbers(outbox.batch(2, 9, size * 2))).toEqual([3, 4]);
  expect(numbers(outbox.batch(0, 9, 1))).toEqual([1]);
  expect(outbox.batch(0, 0, 10_000)).toEqual([]);
});

test('does not send again what it knows to be committed', () => {
  const { outbox } = outboxOf(3);
  outbox.batch(0, 9, 10_000);
  outbox.acked(2, ['e', 7]);
  expect(numbers(outbox.batch(0, 9, 10_000))).toEqual([3]);
});

test('says unknown for what may have been answered in a gap of the inbox, and only for that', () => {
  const { outbox, sends } = outboxOf(3);
  outbox.batch(0, 2, 10_000);
  outbox.answer(1, reply());
  outbox.doubt('e', true);
  outbox.acked(3, ['e', 9]);
  outbox.settle(['e', 9]);
  expect(sends.map(({ state }) => state)).toEqual(['acknowledged', 'unknown', 'acknowledged']);
});

test('cannot compare places of different epochs: it waits for the one, and doubts what ended in the one it left', () => {
  const { outbox, sends } = outboxOf(3);
  outbox.batch(0, 9, 10_000);
  outbox.acked(1, ['old', 5]);
  outbox.acked(3, ['new', 2]);
  outbox.settle(['old', 4]);
  expect(sends.map(({ state }) => state)).toEqual(['sent', 'sent', 'sent']);
  outbox.doubt('new', false);
  outbox.settle(['new', 1]);
  expect(sends.map(({ state }) => state)).toEqual(['unknown', 'sent', 'sent']);
  outbox.settle(['new', 2]);
  expect(sends.map(({ state }) => state)).toEqual(['unknown', 'acknowledged', 'acknowledged']);
});

test('does not wait for a place in an epoch that was jumped over', () => {
  const { outbox, sends } = outboxOf(1);
  outbox.batch(0, 9, 10_000);
  outbox.acked(1, ['between', 5]);
  outbox.doubt('new', true);
  outbox.settle(['new', 1]);
  expect(sends.map(({ state }) => state)).toEqual(['unknown']);
});

test('says unknown for what was committed and then forgotten by the store (P40)', () => {
  const { outbox, sends } = outboxOf(3);
  outbox.batch(0, 9, 10_000);
  outbox.acked(2, ['e', 9]);
  outbox.forgotten(2);
  outbox.settle(['e', 0]);
  expect(sends.map(({ state }) => state)).toEqual(['sent', 'sent', 'sent']);
  outbox.settle(['e', 9]);
  expect(sends.map(({ state }) => state)).toEqual(['acknowledged', 'unknown', 'sent']);
});

test('refuses the send that is too big for the way, not one before it that waits for its outcome', () => {
  const { outbox, sends } = outboxOf(3);
  outbox.batch(0, 2, 10_000);
  outbox.acked(1, ['e', 5]);
  outbox.bounced(1);
  outbox.refuse();
  expect(numbers(outbox.batch(0, 9, 10_000))).toEqual([3]);
  expect(outbox.settle(['e', 4])).toEqual([]);
  outbox.settle(['e', 5]);
  expect(sends.map(({ state }) => state)).toEqual(['acknowledged', 'rejected', 'sent']);
});

test('begins to number again when the session is gone (P14)', () => {
  const { outbox, sends } = outboxOf(2);
  expect(outbox.clear()).toEqual(sends);
  expect(sends.map(({ state }) => state)).toEqual(['unknown', 'unknown']);
  expect(add(outbox)!.number).toBe(1);
});

/** A server as P30–P35 want it: commits in order, answers some sends in the inbox, forgets nothing. */
function server() {
  let last = 0;
  const inbox: { number: number; delta: string }[] = [];
  const offsets: number[] = [];
  return {
    inbox,
    get acked(): [number, number] {
      return [last, offsets[last] ?? 0];
    },
    take(sends: readonly Pending[], refuses: (number: number) => boolean): void {
      for (const { number } of sends) {
        if (number !== last + 1) continue;
        last = number;
        if (refuses(number)) inbox.push({ number, delta: 'invalid' });
        else if (number % 2 === 0) inbox.push({ number, delta: 'reply' });
        offsets[number] = inbox.length;
      }
    },
  };
}

describe('whatever the network does', () => {
  test('every send settles exactly once, in order, with its own outcome (P31, P34, P38)', () => {
    const step = fc.oneof(
      fc.constant('add' as const),
      fc.constant('batch delivered' as const),
      fc.constant('batch lost' as const),
      fc.constant('batch doubled' as const),
      fc.constant('ack lost' as const),
      fc.constant('ack' as const),
      fc.constant('old ack' as const),
      fc.constant('inbox' as const),
      fc.constant('reattach' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), (steps, window) => {
        const outbox = createOutbox({ messages: 50, bytes: 1_048_576 });
        const far = server();
        const refuses = (number: number) => number % 5 === 0;
        const added: Pending[] = [];
        const settled: Pending[] = [];
        const acks: [number, number][] = [];
        let sentUpTo = 0;
        let read = 0;
        let lastBatch: Pending[] = [];
        const settle = () => settled.push(...outbox.settle(['e', read]));
        const batch = () => {
          lastBatch = outbox.batch(
            sentUpTo,
            Math.max(0, window - Math.max(0, sentUpTo - outbox.committed)),
            10_000,
          );
          sentUpTo = lastBatch.at(-1)?.number ?? sentUpTo;
        };
        const ack = (index: number) => {
          const found = acks.at(index);
          if (found) outbox.acked(found[0], ['e', found[1]]);
          settle();
        };
        const readInbox = () => {
          const entry = far.inbox[read];
          if (!entry) return false;
          outbox.answer(entry.number, reply(entry.delta));
          read++;
          settle();
          return true;
        };
        const run: Record<(typeof steps)[number], () => void> = {
          add: () => void ((made) => made && added.push(made))(add(outbox)),
          'batch delivered': () => (batch(), far.take(lastBatch, refuses), void acks.push(far.acked)),
          'batch lost': batch,
          'batch doubled': () => (
            batch(),
            far.take(lastBatch, refuses),
            far.take(lastBatch, refuses),
            void acks.push(far.acked)
          ),
          'ack lost': () => void acks.pop(),
          ack: () => ack(-1),
          'old ack': () => ack(0),
          inbox: () => void readInbox(),
          reattach: () => void (sentUpTo = 0),
        };
        for (const one of steps) run[one]();
        // The network heals.
        for (let round = 0; round < 100 && outbox.sends.length > 0; round++) {
          run.reattach();
          run['batch delivered']();
          run.ack();
          while (readInbox());
        }
        expect(settled).toEqual(added);
        for (const { number, state } of settled)
          expect(state).toBe(refuses(number) ? 'rejected' : 'acknowledged');
      }),
      { numRuns: 500 },
    );
  });
});

test('does not call a send refused that may have arrived on another way', () => {
  const { outbox, sends } = outboxOf(2);
  outbox.batch(0, 2, 10_000);
  outbox.batch(0, 2, 10_000);
  outbox.bounced(2);
  outbox.refuse();
  outbox.bounced(1);
  outbox.refuse();
  outbox.settle(['e', 0]);
  expect(sends.map(({ state }) => state)).toEqual(['unknown', 'rejected']);
});
