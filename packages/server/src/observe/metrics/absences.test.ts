import { expect, test } from 'vitest';
import { Absences } from './absences.js';

const WINDOW = 120_000;

test('tell how long a session was away, once', () => {
  const absences = new Absences(WINDOW);
  absences.left('a', 3, 1_000);
  expect(absences.back('a', 4, 3_500)).toBe(2_500);
  expect(absences.back('a', 5, 9_000)).toBe(undefined);
  expect(absences.back('never here', 1, 9_000)).toBe(undefined);
});

test('say nothing of a session that has been on another node meanwhile', () => {
  const absences = new Absences(WINDOW);
  absences.left('a', 3, 1_000);
  expect(absences.back('a', 5, 61_000)).toBe(undefined);
});

test('forget who does not come back within the window', () => {
  const absences = new Absences(WINDOW);
  absences.left('a', 1, 0);
  absences.left('b', 1, 100_000);
  absences.left('c', 1, WINDOW + 1);
  expect(absences.size).toBe(2);
  expect(absences.back('a', 2, WINDOW + 2)).toBe(undefined);
});

test('hold 10,000 sessions at most: those who left last', () => {
  const absences = new Absences(WINDOW);
  for (let n = 1; n <= 12_000; n++) absences.left(`s${n}`, 1, 5);
  expect(absences.size).toBe(10_000);
  expect(absences.back('s2000', 2, 6)).toBe(undefined);
  expect(absences.back('s2001', 2, 6)).toBe(1);
});
