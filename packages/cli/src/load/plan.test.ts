import { describe, expect, test } from 'vitest';
import { PROFILES, seat } from './plan.js';
import type { ProfileName } from './plan.js';

describe('who is where', () => {
  const seats = (name: ProfileName, clients: number) => {
    const { listeners, speaking } = seat({ ...PROFILES[name].plan, clients }, 'x');
    return { rooms: [...listeners.values()], speaking };
  };

  test('each of an echo is alone, and speaks', () =>
    expect(seats('echo', 3)).toEqual({ rooms: [[0], [1], [2]], speaking: [0, 1, 2] }));

  test('one of a fan-out speaks to all', () =>
    expect(seats('fanout', 3)).toEqual({ rooms: [[0, 1, 2]], speaking: [0] }));

  test('everybody of the mixed ones speaks in a room of ten', () => {
    const { rooms, speaking } = seats('mixed', 12);
    expect([rooms.map(({ length }) => length), speaking.length]).toEqual([[10, 2], 12]);
  });
});
