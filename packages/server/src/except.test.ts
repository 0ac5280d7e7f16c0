import { expect, test } from 'vitest';
import { exceptedBy, excepting, excepts, isFor, said, idsOf } from './except.js';

const body = '{"delta":"said"}';
const sessions = (count: number): string[] => Array.from({ length: count }, (_, n) => `session-${n}`);
const entry = (text: string) => ({ epoch: 'e', offset: 1, body: text });

test('an entry is for all but those whom it excepts, and is told without their names (P82)', () => {
  const excepted = entry(excepting(body, ['ann-1', 'bob_2']));
  expect(['@ann-1', '@bob_2', '@ann', '@bob_2x'].map((inbox) => isFor(excepted, inbox))).toEqual([
    ...[false, false],
    ...[true, true],
  ]);
  expect(said(excepted.body)).toBe(body);
});

test('an entry that excepts nobody is as it was', () => {
  for (const nobody of [undefined, '', []]) expect(excepting(body, nobody)).toBe(body);
  expect([excepts(body), isFor(entry(body), '@ann'), said(body)]).toEqual([false, true, body]);
});

test('the names of an entry are read once, however many readers it has', () => {
  const excepted = entry(excepting(body, 'ann'));
  expect(exceptedBy(excepted)).toBe(exceptedBy(excepted));
});

test('64 sessions can be excepted, and no more, however they are given', () => {
  expect(idsOf(sessions(64))).toEqual(sessions(64));
  for (const many of [sessions(65), sessions(65).join(' ')]) {
    expect(() => excepting(body, many)).toThrow(RangeError);
    expect(() => excepting(body, many)).toThrow('was given 65 sessions; it takes 64 at most');
  }
});
