import { expect, test } from 'vitest';
import { createReach } from './reach.js';

test('an entry is told once, when the last client has it', () => {
  const reach = createReach(3);
  expect(reach.heard('a', ['e', 1], 10)).toBeUndefined();
  expect(reach.heard('b', ['e', 1], 11)).toBeUndefined();
  expect(reach.heard('a', ['e', 1], 12)).toBeUndefined();
  expect(reach.heard('a', ['e', 1], 30)).toEqual({ channel: 'a', offset: 1, clients: 3, within: 20 });
  expect(reach.heard('a', ['f', 1], 31)).toBeUndefined();
});

test('what some client never gets is forgotten', () => {
  const reach = createReach(2);
  for (let offset = 1; offset <= 1_001; offset++) reach.heard('a', ['e', offset], 0);
  expect(reach.heard('a', ['e', 1], 1)).toBeUndefined();
  expect(reach.heard('a', ['e', 1_001], 2)).toMatchObject({ offset: 1_001 });
});
