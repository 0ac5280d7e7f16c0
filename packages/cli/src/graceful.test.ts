import { expect, test } from 'vitest';
import { print } from './graceful.js';

test('a rehearsal has a line for each thing that was looked at, and says what was seen instead', () => {
  const checks = [
    { what: '/ready says no', ok: true },
    { what: 'it exits with code 0', ok: false, saw: '1' },
  ];
  expect(print({ name: 'its clients go', ok: false, took: 1_234, checks })).toBe(
    '✗ its clients go: 1.2 s\n  ✓ /ready says no\n  ✗ it exits with code 0; seen: 1',
  );
});
