import { createHistogram } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import type { Seen } from './crowd.js';
import { print, progress, reportOn } from './report.js';

const times = (...milliseconds: number[]) => {
  const histogram = createHistogram({ figures: 3 });
  for (const one of milliseconds) histogram.record(one * 1_000);
  return histogram;
};

const seen = (changes: Partial<Seen> = {}): Seen => ({
  ...{ connected: { websocket: 2, sse: 1 }, away: 0, connecting: times(5, 10, 20) },
  ...{ delivery: times(1, 2, 3), acknowledged: times(2), late: times(4) },
  ...{ sent: 2_000, delivered: 6_000, lost: 0, doubled: 0, failed: {}, disconnects: 0 },
  ...changes,
});

const run = { profile: 'mixed', clients: 3, seconds: 10, stopped: false, flat: false };
const MB = 1_048_576;
const memory = { before: 50 * MB, most: 80 * MB, after: 60 * MB, trend: undefined };
const trend = (isFlat: boolean) => ({ slope: 0.25 * MB, seconds: 200, isFlat });

describe('a report', () => {
  test('says how many there were, how fast it went, and that nothing was lost', () => {
    expect(print(reportOn(run, seen(), { memory, cpu: 0.234, refused: {} })).split('\n')).toEqual([
      'mixed, 10 s: all is well',
      '  clients        3 of 3, 2 websocket, 1 sse',
      '  connecting     10 ms half, 20 ms 90 %, 20 ms 99 %, 20 ms the longest',
      '  sent           2,000, 200 a second',
      '  acknowledged   2 ms half, 2 ms 90 %, 2 ms 99 %, 2 ms the longest',
      '  delivered      6,000, 600 a second',
      '  delivery       2 ms half, 3 ms 90 %, 3 ms 99 %, 3 ms the longest',
      '  lost, doubled  0, 0',
      '  disconnects    0 that an application would show',
      '  memory         50 MB before, 80 MB at most, 60 MB at the end; three minutes show whether it grows',
      '  CPU            0.23 of a core',
      '  this program   late by 4 ms half, 4 ms 90 %, 4 ms 99 %, 4 ms the longest',
    ]);
  });

  test('says what the server refused, and what to do where it held the load back', () => {
    const of = (refused: Record<string, number>) =>
      print(reportOn(run, seen(), { memory, cpu: 0.2, refused }));
    expect(of({ too_big: 2 })).toMatch(/\n {2}refused {8}2 too_big\n/);
    expect(of({ too_big: 2 })).not.toContain('held this program back');
    expect(of({ rate_limited: 1_234, too_big: 2 })).toMatch(
      /\n {2}refused {8}1,234 rate_limited, 2 too_big\n/,
    );
    expect(of({ rate_limited: 1 })).toContain('--set limits.requestRate.perSecond=');
  });

  test('leaves out what was not measured', () => {
    const nothing = { sent: 0, delivered: 0, delivery: times(), acknowledged: times(), late: times() };
    const text = print(reportOn(run, seen(nothing), undefined));
    expect(text).not.toMatch(/sent|deliver|acknowledged|memory|CPU|late|undefined|NaN/);
  });

  test.each<Partial<Seen>>([{ away: 1 }, { lost: 1 }, { doubled: 1 }, { failed: { queue_full: 3 } }])(
    'is not well with %j',
    (changes) => expect(reportOn(run, seen(changes), undefined).ok).toBe(false),
  );

  test.each([
    [{ ...memory, trend: trend(true) }, 'flat', true],
    [{ ...memory, trend: trend(false) }, 'grows', false],
    [memory, 'unknown', false],
  ] as const)(
    'says of memory whether it is flat, which counts where it was asked: %#',
    (told, verdict, ok) => {
      const resources = { memory: told, cpu: undefined, refused: {} };
      expect(reportOn(run, seen(), resources)).toMatchObject({ ok: true, memory: { verdict } });
      expect(reportOn({ ...run, flat: true }, seen(), resources).ok).toBe(ok);
    },
  );

  test('has the slope of memory in a line', () =>
    expect(
      print(reportOn(run, seen(), { memory: { ...memory, trend: trend(true) }, cpu: 1, refused: {} })),
    ).toContain('60 MB at the end; flat: 0.3 MB a minute in the last 200 s'));

  test('is not well where memory has to be flat and the server tells nothing', () =>
    expect(reportOn({ ...run, flat: true }, seen(), undefined).ok).toBe(false));

  test('says when it was stopped', () =>
    expect(print(reportOn({ ...run, stopped: true }, seen(), undefined))).toMatch(
      /^mixed, 10 s, stopped: all/,
    ));

  test('has one line while it goes on', () => {
    expect(progress(seen(), 3.2)).toBe('3 s · 3 clients · 2,000 sent · 6,000 delivered · p99 3 ms');
    expect(progress(seen({ away: 2, lost: 1 }), 3)).toContain('3 clients, 2 away');
    expect(progress(seen({ away: 2, lost: 1 }), 3)).toContain('1 lost, 0 doubled');
  });
});
