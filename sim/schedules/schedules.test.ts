/** Every row of the race table, played by hand. */
import { describe, it } from 'vitest';
import { schedules } from './index.js';

describe('schedules', () => {
  it.each(schedules.map(({ id, title, play }) => ({ id, title, play })))('$id: $title', ({ play }) => play());
});
