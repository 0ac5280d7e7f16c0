import { expect, test } from 'vitest';
import { Pulse } from './pulse.js';

function asked(times: number): Pulse {
  const pulse = new Pulse();
  for (let time = 0; time < times; time++) pulse.asked();
  return pulse;
}

test('a store is there until the fourth question in a row without an answer', () => {
  expect([0, 1, 2, 3, 4, 5].map((times) => asked(times).isAway)).toEqual([
    ...[false, false, false, false],
    ...[true, true],
  ]);
});

test('it is there again with its first answer, whichever question that is for', () => {
  const pulse = asked(9);
  pulse.answered();
  expect(pulse.isAway).toBe(false);
  for (let time = 0; time < 3; time++) pulse.asked();
  expect(pulse.isAway).toBe(false);
  pulse.asked();
  expect(pulse.isAway).toBe(true);
});
