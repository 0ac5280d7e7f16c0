import { expect, test } from 'vitest';
import { Recent } from './recent.js';

test('gives back once what was kept last, and says when that was', () => {
  const recent = new Recent<number>(10, 1_000);
  recent.keep('a', 1, 100);
  recent.keep('a', 2, 200);
  expect([recent.has('a'), recent.has('b')]).toEqual([true, false]);
  expect([recent.take('a'), recent.take('a')]).toEqual([{ value: 2, at: 200 }, undefined]);
});

test('forgets what is too old, and of too many those that were kept longest ago', () => {
  const recent = new Recent<number>(3, 1_000);
  for (const [at, name] of ['a', 'b', 'c', 'a', 'd'].entries()) recent.keep(name, at, at * 100);
  expect(['a', 'b', 'c', 'd'].filter((name) => recent.has(name))).toEqual(['a', 'c', 'd']);
  recent.sweep(1_250);
  expect(['a', 'b', 'c', 'd'].filter((name) => recent.has(name))).toEqual(['a', 'd']);
  expect(recent.size).toBe(2);
});
