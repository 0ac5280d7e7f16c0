import { describe, expect, test } from 'vitest';
import { manualClock } from './testing.js';

describe('manual clock', () => {
  test('stands still until it is moved', () => {
    const clock = manualClock(5);
    expect([clock.now(), clock.now()]).toEqual([5, 5]);
    clock.advance(10);
    expect(clock.now()).toBe(15);
  });

  test('calls back in the order of time, each at its own moment', () => {
    const clock = manualClock(0);
    const calls: [string, number][] = [];
    const call = (name: string) => () => calls.push([name, clock.now()]);
    clock.at(30, call('third'));
    clock.at(10, call('first'));
    clock.at(20, call('second'));
    clock.at(20, call('second, armed later'));
    clock.at(31, call('too late'));
    clock.advance(30);
    expect(calls).toEqual([
      ['first', 10],
      ['second', 20],
      ['second, armed later', 20],
      ['third', 30],
    ]);
    expect(clock.waiting).toEqual([31]);
  });

  test('calls back within one move what a callback arms on the way', () => {
    const clock = manualClock(0);
    const moments: number[] = [];
    const tick = (): void => {
      moments.push(clock.now());
      clock.at(clock.now() + 10, tick);
    };
    clock.at(10, tick);
    clock.advance(35);
    expect(moments).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  test('calls back once, and not at all after cancelling', () => {
    const clock = manualClock(0);
    let calls = 0;
    const cancel = clock.at(1, () => calls++);
    clock.at(2, () => calls++);
    cancel();
    clock.advance(5);
    clock.advance(5);
    expect(calls).toBe(1);
    cancel();
    expect(clock.waiting).toEqual([]);
  });

  test('calls back for a moment that has passed at the next move, never from within at', () => {
    const clock = manualClock(100);
    let at = 0;
    clock.at(50, () => (at = clock.now()));
    expect(at).toBe(0);
    clock.advance(0);
    expect(at).toBe(100);
  });

  test('never calls back for Infinity', () => {
    const clock = manualClock();
    clock.at(Infinity, () => expect.unreachable());
    clock.advance(1e15);
    expect(clock.waiting).toEqual([Infinity]);
  });

  test('cannot go back', () => {
    const clock = manualClock();
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(NaN)).toThrow(RangeError);
    expect(() => clock.at(NaN, () => {})).toThrow(RangeError);
  });

  test('says so when a callback arms itself for ever at one moment', () => {
    const clock = manualClock(0);
    const again = (): void => void clock.at(7, again);
    again();
    expect(() => clock.advance(10)).toThrow('again and again at 7 ms');
  });
});
