/** A short time of `npm run chaos -- --pressure`. */
import { expect, it } from 'vitest';
import { press, summary, wrongsOf } from './pressure.js';

it('a server with a heap of 96 MiB lives through floods and slow readers, and keeps its promises to everybody else (Q2)', async () => {
  const pressed = await press(8_000);
  expect(wrongsOf(pressed), summary(pressed)).toEqual([]);
  // Else this would prove little: several times what the logs may keep, and everybody spoke.
  expect(pressed.fat.said * 50_000).toBeGreaterThan(64 * 1024 ** 2);
  expect(pressed.said).toBeGreaterThan(100);
  expect(pressed.echoed).toBe(pressed.said);
}, 120_000);
