/** A short time of `npm run chaos -- --pressure`. */
import { expect, it } from 'vitest';
import { press, summary, wrongsOf } from './pressure.js';

it('a server with a heap of 96 MiB lives through floods and slow readers, and keeps its promises to everybody else (Q2)', async () => {
  const pressed = await press(8_000);
  expect(wrongsOf(pressed), summary(pressed)).toEqual([]);
  // Else this would prove little.
  expect(pressed.said).toBeGreaterThan(100);
  expect(pressed.echoed).toBeGreaterThan(pressed.said / 2);
}, 180_000);
