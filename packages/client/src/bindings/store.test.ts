/** Values that live while somebody looks at them. */
import { expect, test } from 'vitest';
import { createStore } from './store.js';

/** A turn: what was put off to its end has happened. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function counted() {
  const happened: string[] = [];
  const store = createStore({ count: 0, name: 'a' }, () => {
    happened.push('start');
    return [() => void happened.push('stop'), undefined];
  });
  return { happened, store };
}

test('starts with the first listener and stops a turn after the last one has left', async () => {
  const { happened, store } = counted();
  const offs = [store.subscribe(() => {}), store.subscribe(() => {})];
  expect(happened).toEqual(['start']);
  for (const off of offs) off();
  expect(happened).toEqual(['start']);
  await turn();
  expect(happened).toEqual(['start', 'stop']);
});

test('goes on for a listener that leaves and comes back in the same turn', async () => {
  const { happened, store } = counted();
  store.subscribe(() => {})();
  const off = store.subscribe(() => {});
  await turn();
  expect(happened).toEqual(['start']);
  off();
  off();
  await turn();
  expect(happened).toEqual(['start', 'stop']);
});

test('tells everybody who listens what has changed', () => {
  const { store } = counted();
  const seen: unknown[] = [];
  const listener = () => seen.push(store.snapshot());
  store.subscribe(() => listener());
  store.subscribe(() => listener());
  store.show({ count: 1 });
  expect(seen).toEqual([
    { count: 1, name: 'a' },
    { count: 1, name: 'a' },
  ]);
});

test('keeps alive what it is of', async () => {
  const { happened, store } = counted();
  const part = createStore({}, () => [() => void happened.push('part stops')], store);
  const off = part.subscribe(() => {});
  expect(happened).toEqual(['start']);
  off();
  await turn();
  expect(happened).toEqual(['start', 'part stops', 'stop']);
});

test('is as in the beginning when it has stopped', async () => {
  const { store } = counted();
  const off = store.subscribe(() => {});
  store.show({ count: 5 });
  off();
  await turn();
  expect(store.snapshot()).toBe(store.initial);
});

test('has no listener who could not be let in', async () => {
  let stops = 0;
  let isBroken = true;
  const store = createStore({}, () => {
    if (isBroken) throw new Error('not yet');
    return [() => void stops++];
  });
  expect(() => store.subscribe(() => {})).toThrow('not yet');
  isBroken = false;
  store.subscribe(() => {})();
  await turn();
  expect(stops).toBe(1);
});
