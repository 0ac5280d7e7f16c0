import { describe, expect, it, test } from 'vitest';
import { manualClock } from '@iskra/protocol/testing';
import { storeConformance } from '../../testing.js';
import type { Store } from '../../store.js';
import { memoryStore } from '../../stores/memory.js';
import { createMetrics } from '../metrics.js';
import { timedStore } from './timed-store.js';

const numbersOf = () => createMetrics({ timesStore: true }).store!;

storeConformance(
  'a timed store',
  ({ window, presenceWindow, entries }) => {
    const clock = manualClock();
    const store = memoryStore({
      ...{ window, presenceWindow, retention: { entries }, inbox: { entries } },
      now: clock.now,
    });
    return { store: timedStore(store, clock, numbersOf()), advance: (ms) => clock.advance(ms) };
  },
  { describe, it },
);

/** A store of which the test decides when it answers. */
function world() {
  const clock = manualClock();
  const answers: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  const slow = {
    read: () => new Promise((resolve, reject) => void answers.push({ resolve, reject })),
    watch: () => undefined,
    kept: undefined,
  } as unknown as Store;
  const numbers = numbersOf();
  return { clock, answers, numbers, store: timedStore(slow, clock, numbers) };
}

test('takes the time of a verb until it is answered', async () => {
  const { clock, answers, numbers, store } = world();
  const read = store.read('room', 'e', 0, 10);
  clock.advance(40);
  answers[0]!.resolve('the answer');
  expect(await read).toBe('the answer');
  expect([numbers.seconds.read.count, numbers.seconds.read.sum]).toEqual([1, 0.04]);
  expect(numbers.failures.read).toBe(0);
  expect(numbers.seconds.append.count).toBe(0);
});

test('counts a verb without an answer, takes its time too, and gives the failure on', async () => {
  const { clock, answers, numbers, store } = world();
  const read = store.read('room', 'e', 0, 10);
  clock.advance(3_000);
  answers[0]!.reject(new Error('away'));
  await expect(read).rejects.toThrow('away');
  expect([numbers.failures.read, numbers.seconds.read.sum]).toEqual([1, 3]);
});

test('has nothing to wait for where the store says so, and tells what is kept only where it is known', () => {
  const { numbers, store } = world();
  expect(store.watch('room')).toBe(undefined);
  expect(numbers.seconds.watch.count).toBe(0);
  expect(store.kept).toBe(undefined);
});
