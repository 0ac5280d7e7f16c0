/** Every row of the race table, played by hand. */
import { describe, expect, it } from 'vitest';
import { inapplicable, schedules } from './index.js';

const ROWS = 50;

// Virtual time is quick, but a busy machine is not: no test here is about real time.
describe('schedules', { timeout: 60_000 }, () => {
  it.each(schedules.map(({ id, title, play }) => ({ id, title, play })))('$id: $title', ({ play }) => play());

  it('are there for each row, once', () => {
    const rows = Array.from({ length: ROWS }, (_, index) => `R${String(index + 1).padStart(2, '0')}`);
    const ids = [...schedules, ...inapplicable].map(({ id }) => id);
    const found = ids.filter((id) => id.startsWith('R')).sort();
    expect(found).toEqual(rows);
  });
});
