import { describe, expect, test } from 'vitest';
import { switchOf, Whereabouts } from './whereabouts.js';

const UNPROVEN = { transport: 'sse', before: undefined, isFirst: true };
const SSE = { transport: 'sse', generation: 1 } as const;

describe('a node', () => {
  test('knows a connection that is to be proven until something is known of it, and then nothing', () => {
    const known = new Whereabouts(1_000);
    known.welcomed('s', 2, UNPROVEN, 0);
    expect([known.awaits, known.isUnproven('s', 2), known.isUnproven('s', 1)]).toEqual([true, true, false]);
    expect(known.settled('s', 1)).toBeUndefined();
    expect(known.settled('s', 2)).toMatchObject(UNPROVEN);
    expect([known.settled('s', 2), known.awaits]).toEqual([undefined, false]);
  });

  test('knows where a session was last, and for how long it was away, once', () => {
    const known = new Whereabouts(1_000);
    known.left('s', { transport: 'websocket', generation: 3 }, 100);
    expect(known.returned('s', 350)).toEqual({ transport: 'websocket', generation: 3, away: 250 });
    expect(known.returned('s', 350)).toBeUndefined();
  });

  test('forgets what is older than a session lives', () => {
    const known = new Whereabouts(1_000);
    known.left('old', SSE, 0);
    known.welcomed('old', 1, UNPROVEN, 0);
    known.left('new', SSE, 600);
    known.sweep(1_500);
    expect([known.returned('old', 1_500), known.awaits]).toEqual([undefined, false]);
    expect(known.returned('new', 1_500)).toBeDefined();
  });

  test('remembers 10,000 of a kind, and forgets the oldest first', () => {
    const known = new Whereabouts(1_000);
    for (let n = 0; n <= 10_000; n++) known.left(`${n}`, SSE, 0);
    expect([known.returned('0', 1), known.returned('1', 1)?.transport]).toEqual([undefined, 'sse']);
  });
});

test.each([
  ['websocket', 'sse', 'transport_downgraded'],
  ['sse', 'long-poll', 'transport_downgraded'],
  ['polling', 'websocket', 'transport_upgraded'],
  ['sse', 'sse', undefined],
])('from %s to %s is %s', (from, to, event) => {
  expect(switchOf(from, to)).toBe(event);
});
