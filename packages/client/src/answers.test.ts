import { describe, expect, test } from 'vitest';
import { createAnswers } from './answers.js';
import { createAttempt } from './attempt.js';
import type { Attempt } from './attempt.js';
import type { TransportName } from './transports/transport.js';

const LEAST = 1_024;

/** A connection that polls, on a way on which somebody does what the test says. */
function polling(
  known: { answer?: number } = {},
  more: Partial<Attempt> = {},
  transport: TransportName = 'long-poll',
) {
  const told: (number | undefined)[] = [];
  const answers = createAnswers(known, () => told.push(known.answer));
  const attempt: Attempt = {
    ...createAttempt(1, { transport, server: 'primary', rank: 0 }, 'race', 0),
    welcomeAt: 1,
    offered: new Map([['@', ['e', 1]]]),
    ...more,
  };
  return {
    told,
    answers,
    attempt,
    known,
    asks: () => answers.asks(attempt),
    came: (...lengths: number[]) => lengths.forEach((length) => answers.came(attempt, length)),
    lost: (status = 200, after = 0) => answers.lost(attempt, status, attempt.polledAt + after),
    givesUp: (offset = 1) => answers.givesUp('room', ['e', offset]),
  };
}

describe('what passes of answers', () => {
  test('is nothing to ask for as long as all of them come', () => {
    const way = polling();
    way.came(100, 50_000, 250_000);
    expect(way.asks()).toEqual({ answer: undefined, entry: undefined });
    expect(way.told).toEqual([]);
  });

  test('is at first as little as can be asked for, and twice as much when that comes (P69)', () => {
    const way = polling();
    expect(way.lost()).toBe(true);
    expect(way.asks()).toEqual({ answer: LEAST });
    expect(way.known.answer).toBeUndefined();
    way.came(900);
    expect(way.told).toEqual([LEAST]);
    way.came(900);
    expect(way.asks()).toEqual({ answer: 2 * LEAST });
  });

  test('was not the reason when there was little to say after all', () => {
    const way = polling();
    way.lost();
    way.came(200);
    expect(way.asks().answer).toBeUndefined();
    expect(way.told).toEqual([]);
  });

  test('is half of what does not come, and each time tried more rarely than before (P69)', () => {
    const way = polling({ answer: 16_384 });
    /** How many full answers come until as much is asked for as did not come. */
    const patience = (): number => {
      expect(way.lost()).toBe(true);
      expect(way.asks().answer).toBe(8_192);
      for (let count = 1; ; count++) {
        way.came(8_000);
        if (way.asks().answer === 16_384) return count;
      }
    };
    expect([patience(), patience(), patience(), patience(), patience(), patience()]).toEqual([
      2, 4, 8, 16, 32, 32,
    ]);
  });

  test('is everything again when everything came', () => {
    const way = polling({ answer: LEAST });
    for (let size = LEAST; size <= 262_144; size *= 2) way.came(size);
    expect(way.asks().answer).toBeUndefined();
    expect(way.told.at(-1)).toBeUndefined();
  });

  test('is what others have learned or forgotten meanwhile', () => {
    const way = polling();
    way.known.answer = 4_096;
    expect(way.asks()).toEqual({ answer: 4_096 });
  });

  const NO_REASON: Record<string, () => boolean> = {
    'a poll that was held for long': () => polling().lost(504, 5_000),
    'a poll that was refused': () => polling().lost(403),
    'a server that is away': () => polling().lost(503),
    'a stream': () => polling({}, {}, 'sse').lost(),
    'a WebSocket': () => polling({}, {}, 'websocket').lost(0),
    'a probe': () => polling({}, { role: 'probe', welcomeAt: 0 }).lost(),
    'a session that only opens': () => polling({}, { welcomeAt: 0, offered: new Map() }).lost(),
  };
  test.each(Object.entries(NO_REASON))('says nothing of %s', (_, isTriedAgain) => {
    expect(isTriedAgain()).toBe(false);
  });

  test.each([0, 502, 504])('may be less when an answer does not come at once, but %i', (status) => {
    expect(polling().lost(status, 1_000)).toBe(true);
  });
});

describe('a connection that does not open', () => {
  const opening = { welcomeAt: 0 };

  test('is tried once more, with as little of an answer as can be', () => {
    const way = polling({}, opening);
    expect(way.asks()).toEqual({ answer: undefined });
    expect(way.lost(502)).toBe(true);
    expect(way.asks()).toEqual({ answer: LEAST });
    expect(way.lost(502)).toBe(false);
  });

  test('is not tried twice again before anything came, and asks for no more until then (P69)', () => {
    const way = polling({}, opening);
    way.lost(502);
    way.lost(502);
    expect(way.lost(200)).toBe(false);
    expect(way.asks()).toEqual({ answer: LEAST });
    way.attempt.welcomeAt = 1;
    expect(way.asks().answer).toBeUndefined();
    way.came(900);
    way.attempt.welcomeAt = 0;
    expect(way.asks()).toEqual({ answer: undefined });
    expect(way.lost(502)).toBe(true);
  });

  test('teaches nothing by itself: the server may have been away', () => {
    const way = polling({}, opening);
    way.lost();
    way.came(1_000);
    way.attempt.welcomeAt = 1;
    way.came(250_000);
    expect(way.asks().answer).toBeUndefined();
    expect(way.told).toEqual([]);
  });

  test('leaves behind what was tried on the connection before', () => {
    const way = polling();
    way.lost();
    way.attempt.welcomeAt = 0;
    way.asks();
    way.attempt.welcomeAt = 1;
    expect(way.asks().answer).toBeUndefined();
  });
});

describe('an entry that does not come even alone', () => {
  /** It does not come, and something small behind it does. */
  const again = (way: ReturnType<typeof polling>, offset?: number): boolean => {
    expect(way.lost()).toBe(true);
    expect(way.asks().entry).toBeDefined();
    way.came(100);
    expect(way.asks().entry).toBeUndefined();
    return way.givesUp(offset);
  };

  test('is given up when it did not come five times, and something else did each time (P69)', () => {
    const way = polling();
    way.lost();
    expect([1, 2, 3, 4, 5].map(() => again(way))).toEqual([false, false, false, false, true]);
    expect(way.told).toEqual([LEAST]);
  });

  test('is not given up for another', () => {
    const way = polling();
    way.lost();
    for (const offset of [1, 2, 1, 2, 1, 2]) expect(again(way, offset)).toBe(false);
  });

  test('is not given up when something small does not come either: then the attempt ends (P69)', () => {
    const way = polling();
    way.lost();
    for (let times = 0; times < 4; times++) again(way);
    way.lost();
    expect(way.lost()).toBe(false);
    way.lost();
    expect(again(way)).toBe(false);
  });

  test('is never one that is as small as what came before (P69)', () => {
    const way = polling({ answer: LEAST });
    way.came(30_000);
    way.known.answer = LEAST;
    way.lost();
    expect(way.asks()).toEqual({ answer: LEAST, entry: 30_000 });
  });
});
