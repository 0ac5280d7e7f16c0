import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nodeClock } from './clock.js';

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    }),
);
afterEach(() => void vi.useRealTimers());

describe('the clock of a node', () => {
  test('calls back once, never early', () => {
    const clock = nodeClock();
    const calls: number[] = [];
    const start = clock.now();
    for (const ms of [1, 33, 150, 5_000, 20_000])
      clock.at(start + ms, () => calls.push(clock.now() - start - ms));
    vi.advanceTimersByTime(60_000);
    expect(calls).toHaveLength(5);
    for (const late of calls) {
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(60);
    }
  });

  test('calls back in the order of the moments, when they are a tick apart', () => {
    const clock = nodeClock();
    const calls: string[] = [];
    const start = clock.now();
    clock.at(start + 900, () => calls.push('third'));
    clock.at(start + 100, () => calls.push('first'));
    clock.at(start + 500, () => calls.push('second'));
    vi.advanceTimersByTime(2_000);
    expect(calls).toEqual(['first', 'second', 'third']);
  });

  test('arms one timer, however many wait, and none when nobody does', () => {
    const clock = nodeClock();
    expect(vi.getTimerCount()).toBe(0);
    const cancels = Array.from({ length: 1_000 }, (_, n) => clock.at(clock.now() + 100 + n, () => {}));
    expect(vi.getTimerCount()).toBe(1);
    for (const cancel of cancels) cancel();
    vi.advanceTimersByTime(5_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('forgets what was cancelled, and nothing else', () => {
    const clock = nodeClock();
    const calls: string[] = [];
    const same = (): void => void calls.push('same');
    const cancel = clock.at(clock.now() + 100, same);
    clock.at(clock.now() + 100, same);
    cancel();
    cancel();
    vi.advanceTimersByTime(1_000);
    expect(calls).toEqual(['same']);
  });

  test('calls back for a moment that has passed, and for what is armed from within a callback', () => {
    const clock = nodeClock();
    const calls: string[] = [];
    clock.at(clock.now() - 1_000, () => {
      calls.push('past');
      clock.at(clock.now() - 1, () => calls.push('from within'));
    });
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(calls).toEqual(['past', 'from within']);
  });

  test('arms an earlier moment before a later one that was armed first', () => {
    const clock = nodeClock();
    const calls: string[] = [];
    clock.at(clock.now() + 20_000, () => calls.push('late'));
    clock.at(clock.now() + 100, () => calls.push('early'));
    vi.advanceTimersByTime(1_000);
    expect(calls).toEqual(['early']);
    vi.advanceTimersByTime(20_000);
    expect(calls).toEqual(['early', 'late']);
  });

  test('waits for ever for Infinity, and costs nothing by it', () => {
    const clock = nodeClock();
    clock.at(Infinity, () => expect.unreachable());
    expect(vi.getTimerCount()).toBe(0);
    const calls: string[] = [];
    clock.at(clock.now() + 100, () => calls.push('real'));
    vi.advanceTimersByTime(100_000);
    expect(calls).toEqual(['real']);
  });

  test('sleeps also when the next moment is further than a timer of Node can be', () => {
    const clock = nodeClock();
    clock.at(clock.now() + 2 ** 31 + 5_000, () => expect.unreachable());
    const arm = vi.spyOn(globalThis, 'setTimeout');
    vi.advanceTimersByTime(10_000);
    expect(arm.mock.calls.length).toBeLessThan(3);
    arm.mockRestore();
  });

  test('is silent after it was stopped', () => {
    const clock = nodeClock();
    clock.at(clock.now() + 100, () => expect.unreachable());
    clock.stop();
    vi.advanceTimersByTime(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
