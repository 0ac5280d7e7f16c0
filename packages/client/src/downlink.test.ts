import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '@iskra/protocol/wire';
import { createDownlink } from './downlink.js';

/** Subscribes to `room` at this position. */
const start = (downlink: ReturnType<typeof createDownlink>, position: Position): void => {
  downlink.wish('room', 1, undefined);
  downlink.subscribed('room', 1, position);
};

/** A connection sends the successors of its cursor, one after another (P25); the reader may be elsewhere meanwhile. */
test('delivers 1…n once and in order, through any duplicates, late connections and resumes (P20–P22)', () => {
  const total = 12;
  fc.assert(
    fc.property(
      fc.array(fc.record({ from: fc.nat(3), act: fc.constantFrom('send', 'send', 'attach', 'skip') }), {
        maxLength: 200,
      }),
      (steps) => {
        const downlink = createDownlink();
        start(downlink, ['e', 0]);
        const delivered: number[] = [];
        const cursor = () => downlink.cursors.get('room')![1];
        let connections = [{ at: 0 }];
        const send = (one: { at: number }) => {
          if (one.at >= total) return;
          const offset = ++one.at;
          const passage = downlink.entry('room', 'e', offset);
          if (passage === 'next') delivered.push(offset);
          if (passage === 'resync') connections = connections.filter((other) => other !== one);
        };
        for (const { from, act } of steps) {
          const one = connections[from % Math.max(1, connections.length)];
          if (act === 'attach' || !one) connections.push({ at: cursor() });
          else if (act === 'skip') one.at++;
          else send(one);
        }
        while (delivered.length < total) {
          const last = { at: cursor() };
          connections.push(last);
          while (last.at < total) send(last);
        }
        expect(delivered).toEqual(Array.from({ length: total }, (_, index) => index + 1));
      },
    ),
    { numRuns: 500 },
  );
});

test('applies a gap once, from exactly its cursor (P23)', () => {
  const downlink = createDownlink();
  start(downlink, ['e', 3]);
  expect(downlink.gap('room', ['e', 2], ['e', 9])).toBe('ignore');
  expect(downlink.gap('room', ['e', 3], ['f', 9])).toBe('next');
  expect(downlink.gap('room', ['e', 3], ['f', 9])).toBe('ignore');
  expect(downlink.entry('room', 'f', 10)).toBe('next');
});

test('knows nothing of channels without a cursor (P29)', () => {
  const downlink = createDownlink();
  expect(downlink.entry('room', 'e', 1)).toBe('ignore');
  expect(downlink.gap('room', ['e', 0], ['e', 1])).toBe('ignore');
});
