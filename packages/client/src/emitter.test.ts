import { expect, test } from 'vitest';
import { createEmitter } from './emitter.js';

test('reports a listener that throws, and tells the others all the same', () => {
  const failed: unknown[] = [];
  const told: number[] = [];
  const emitter = createEmitter<{ news: [number] }>((error) => failed.push(error));
  emitter.on('news', () => {
    throw new Error('mine');
  });
  emitter.on('news', (value) => told.push(value));
  expect(emitter.emit('news', 7)).toBe(true);
  expect(told).toEqual([7]);
  expect(failed).toEqual([new Error('mine')]);
});

test('lets the same function listen twice and leave once', () => {
  const told: number[] = [];
  const emitter = createEmitter<{ news: [number] }>(() => {});
  const listener = (value: number) => void told.push(value);
  const off = emitter.on('news', listener);
  emitter.on('news', listener);
  off();
  off();
  emitter.emit('news', 1);
  expect(told).toEqual([1]);
});
