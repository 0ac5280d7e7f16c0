import { describe, expect, it } from 'vitest';
import { carry, lookEvery, START, timeUp } from './pace.js';
import type { Life } from './pace.js';

describe('carry', () => {
  it('lets pass at once where no fault is', () => {
    expect(carry(START, 1_000, 500, {}, 0.5).dueAt).toBe(500);
  });

  it('takes latency longer, give or take the jitter', () => {
    const faults = { latency: 300, jitter: 100 };
    expect(carry(START, 10, 1_000, faults, 0).dueAt).toBe(1_200);
    expect(carry(START, 10, 1_000, faults, 0.5).dueAt).toBe(1_300);
    expect(carry(START, 10, 1_000, faults, 1).dueAt).toBe(1_400);
  });

  it('never lets one piece overtake another, and never lets one arrive before it was sent', () => {
    const first = carry(START, 10, 1_000, { jitter: 100 }, 1);
    expect(first.dueAt).toBe(1_100);
    expect(carry(first, 10, 1_001, { jitter: 100 }, 0).dueAt).toBe(1_100);
    expect(carry(START, 10, 1_000, { jitter: 100 }, 0).dueAt).toBe(1_000);
  });

  it('takes as long as the bytes need, one piece after the other', () => {
    const faults = { bandwidth: 1_000 };
    const first = carry(START, 500, 1_000, faults, 0);
    const second = carry(first, 250, 1_100, faults, 0);
    expect([first.dueAt, second.dueAt]).toEqual([1_500, 1_750]);
    // Idle time is not saved up.
    expect(carry(second, 1_000, 5_000, faults, 0).dueAt).toBe(6_000);
  });
});

describe('timeUp', () => {
  const life: Life = { since: 0, heardAt: 900, askedAt: [500], upgradedAt: undefined };

  it.each([
    [{ idle: 100 }, 1_000, 'idle'],
    [{ idle: 100 }, 999, undefined],
    [{ 'cut-answers': 500 }, 1_000, 'cut-answers'],
    [{ 'cut-answers': 500 }, 999, undefined],
    [{ 'half-open': 1_000 }, 1_000, 'half-open'],
    [{ 'half-open': 1_000 }, 999, undefined],
    [{ 'kill-websocket': 1 }, 5_000, undefined],
    [{ 'half-open': 1_000, idle: 100 }, 1_000, 'idle'],
    [{}, 100_000, undefined],
  ])('with %j at %i: %s', (faults, now, fault) => expect(timeUp(life, faults, now)).toBe(fault));

  it('kills a WebSocket by its own age, and cuts no answer where none is awaited', () => {
    const upgraded = { ...life, askedAt: [], upgradedAt: 700 };
    expect(timeUp(upgraded, { 'kill-websocket': 300, 'cut-answers': 1 }, 999)).toBeUndefined();
    expect(timeUp(upgraded, { 'kill-websocket': 300, 'cut-answers': 1 }, 1_000)).toBe('kill-websocket');
  });
});

describe('lookEvery', () => {
  it.each([
    [{}, undefined],
    [{ latency: 5 }, undefined],
    [{ idle: 20_000 }, 250],
    [{ idle: 20_000, 'cut-answers': 500 }, 50],
    [{ 'half-open': 1 }, 5],
  ])('%j → %s ms', (faults, every) => expect(lookEvery(faults)).toBe(every));
});
