/** What is counted, and what counts as the right reason. */
import { describe, expect, it } from 'vitest';
import { accusationsOf, wrongReasons } from './judge.js';
import { countOf, planOf } from './plan.js';
import { ROWS } from './rows.js';
import { tallyOf } from './tally.js';

describe('a tally', () => {
  it('tells what never came, what came twice, and what came behind a later one', () => {
    expect(tallyOf(4, [1, 2, 3, 4])).toEqual({ sent: 4, lost: 0, doubled: 0, reordered: 0 });
    expect(tallyOf(5, [1, 3, 2, 3, 4])).toEqual({ sent: 5, lost: 1, doubled: 1, reordered: 1 });
    expect(tallyOf(2, [])).toEqual({ sent: 2, lost: 2, doubled: 0, reordered: 0 });
  });
});

describe('a plan', () => {
  it('has each number once and in order, 20 a second, some of several kB, and some at once', () => {
    const plan = planOf({ seconds: 3 });
    const messages = plan.flatMap((turn) => turn.messages);
    expect(messages.map(({ n }) => n)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    expect(countOf(plan)).toBe(60);
    expect(messages.filter(({ pad }) => pad.length >= 3_000)).toHaveLength(6);
    expect(Math.max(...plan.map((turn) => turn.messages.length))).toBe(8);
    expect(plan.at(-1)!.at).toBeLessThan(3_000);
  });

  it('has nothing longer than the way allows, and a silence in its middle', () => {
    const plan = planOf({ seconds: 4, longest: 500, silence: 7_000 });
    expect(Math.max(...plan.flatMap(({ messages }) => messages.map(({ pad }) => pad.length)))).toBe(500);
    const gaps = plan.slice(1).map(({ at }, index) => at - plan[index]!.at);
    expect(Math.max(...gaps)).toBeGreaterThan(7_000);
    expect(countOf(plan)).toBe(80);
  });
});

describe('the reasons', () => {
  const ended = (
    transport: 'websocket' | 'sse',
    verdict: 'ws-refused' | 'ws-silent' | 'sse-buffered' | 'left',
  ) => ({ transport, verdict }) as Parameters<typeof accusationsOf>[0]['attempts'][number];
  const row = { because: { websocket: ['ws-refused'] }, perhaps: { sse: ['sse-buffered'] } } as const;

  it('are right when each transport that the box takes away has its own', () => {
    const seen = accusationsOf({ attempts: [ended('websocket', 'ws-refused'), ended('sse', 'left')] });
    expect(wrongReasons(row, seen)).toEqual([]);
    const allowed = accusationsOf({
      attempts: [ended('websocket', 'ws-refused'), ended('sse', 'sse-buffered')],
    });
    expect(wrongReasons(row, allowed)).toEqual([]);
  });

  it('are wrong when one is missing, is another, or accuses what the box lets through', () => {
    expect(wrongReasons(row, {})).toEqual(['no ws-refused']);
    expect(wrongReasons(row, accusationsOf({ attempts: [ended('websocket', 'ws-silent')] }))).toEqual([
      'no ws-refused',
      'ws-silent?',
    ]);
    expect(wrongReasons({ because: {} }, { sse: ['sse-buffered'] })).toEqual(['sse-buffered?']);
  });
});

describe('the rows', () => {
  it('are as many as were asked for, each once', () => {
    expect(ROWS.length).toBeGreaterThanOrEqual(40);
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
  });
});
