import { describe, expect, test } from 'vitest';
import { judge, print } from './levels.js';
import type { Measured } from './levels.js';

const GOOD: Measured = {
  connecting: [10, 20, 30],
  blocked: [300],
  looks: { all: 10_000, connected: 10_000 },
  errors: { all: 20, handled: 20 },
  heartbeats: { all: 1_000, answered: 995 },
  reconnections: { all: 10, succeeded: 10 },
  memory: 3 * 1_048_576,
  cpu: 0.004,
  start: 700,
};
const states = (changes: Partial<Measured>) =>
  judge({ ...GOOD, ...changes }).flatMap(({ name, state }) => (state === 'met' ? [] : [`${name} ${state}`]));

describe('the service levels', () => {
  test('are met by what is good', () => expect(states({})).toEqual([]));

  test.each<[Partial<Measured>, string]>([
    [{ connecting: [10, 501] }, 'connection'],
    [{ blocked: [500] }, 'connection, WebSocket blocked'],
    [{ looks: { all: 1_000, connected: 999 } }, 'availability'],
    [{ errors: { all: 20, handled: 19 } }, 'errors handled'],
    [{ heartbeats: { all: 100, answered: 99 } }, 'heartbeats'],
    [{ reconnections: { all: 10, succeeded: 9 } }, 'reconnection'],
    [{ memory: 50 * 1_048_576 }, 'memory of 100 connections'],
    [{ cpu: 0.05 }, 'CPU, 100 idle'],
    [{ start: 2_000 }, 'start'],
  ])('are missed at their limit: %j', (changes, name) => expect(states(changes)).toEqual([`${name} missed`]));

  test('are not judged where nothing was measured, which is said', () => {
    expect(states({ memory: undefined, start: undefined })).toEqual([
      'memory of 100 connections unmeasured',
      'start unmeasured',
    ]);
    expect(print(judge({ ...GOOD, start: undefined }))).toContain(
      'it runs already; without a URL one is started',
    );
  });

  test('of connections count the worst but one in twenty', () =>
    expect(states({ connecting: [...Array.from({ length: 19 }, () => 10), 2_000] })).toEqual([]));
});

test('each has a line, and the last one says how many were met', () => {
  const lines = print(judge({ ...GOOD, cpu: 0.2 })).split('\n');
  expect(lines[0]).toBe('✓ connection                     < 500 ms   30 ms');
  expect(lines[7]).toBe('✗ CPU, 100 idle                  < 5 %      20.0 %');
  expect(lines.at(-1)).toBe('1 missed');
  expect(print(judge(GOOD)).split('\n').at(-1)).toBe('all 9 that were measured are met');
});
