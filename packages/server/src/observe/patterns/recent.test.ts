import { expect, test } from 'vitest';
import { Recent } from './recent.js';

test('gives what was seen of a key within its time, oldest first', () => {
  const recent = new Recent<string>({ span: 100 });
  recent.add('a', 'one', 0);
  recent.add('b', 'other', 10);
  expect(recent.add('a', 'two', 60)).toEqual(['one', 'two']);
  expect(recent.add('a', 'three', 110)).toEqual(['two', 'three']);
  expect(recent.of('a', 170)).toEqual(['three']);
  expect(recent.of('a', 210)).toEqual([]);
  expect(recent.of('c', 0)).toEqual([]);
});

test('keeps so many of a key, and so many keys: the ones that were seen last', () => {
  const recent = new Recent<number>({ span: 1_000, most: 3, keys: 2 });
  for (let n = 0; n < 9; n++) recent.add('loud', n, n);
  expect(recent.of('loud', 9)).toEqual([6, 7, 8]);
  recent.add('a', 1, 10);
  recent.add('loud', 9, 11);
  recent.add('b', 1, 12);
  expect(recent.of('a', 12)).toEqual([]);
  expect(recent.of('loud', 12)).toEqual([7, 8, 9]);
  recent.forget('loud');
  expect(recent.of('loud', 12)).toEqual([]);
});
