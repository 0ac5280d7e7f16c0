/** One session for many components, and what they see of it. */
import { expect, test } from 'vitest';
import { createBinding, REALTIME_PARTS } from './binding.js';
import { bound } from './fixture.js';

test('opens the session with the first who holds it, and closes it after the last one', async () => {
  const b = await bound({ owned: true });
  const hold = () => b.binding.status.subscribe(() => {});
  const [one, other] = [hold(), hold()];
  expect([b.opened, b.closed]).toEqual([1, 0]);
  one();
  await b.turn();
  expect(b.closed).toBe(0);
  other();
  await b.turn();
  expect([b.opened, b.closed]).toEqual([1, 1]);
});

test('never closes a client that is the application’s own', async () => {
  const b = await bound();
  b.binding.status.subscribe(() => {})();
  await b.turn();
  expect(b.closed).toBe(0);
});

test('shows how the session is, and the client', async () => {
  const b = await bound();
  expect(b.binding.status.snapshot()).toMatchObject({ state: 'connecting', connected: false });
  expect(b.binding.status.snapshot().client).toBeUndefined();
  expect(b.binding.status.snapshot().explain()).toBeUndefined();
  b.binding.status.subscribe(() => {});
  b.welcome();
  const state = b.binding.status.snapshot();
  expect(state).toMatchObject({ state: 'connected', connected: true, transport: 'websocket', session: 's' });
  expect(state.client).toBe(b.client);
  expect(state.explain()?.current).toBe('websocket');
});

test('has a name for every part of it', async () => {
  const b = await bound();
  b.binding.status.subscribe(() => {});
  b.welcome();
  // `unsettled` is a number of the moment, and nobody tells when it changes.
  const parts = Object.keys(b.binding.status.snapshot()).filter((part) => part !== 'unsettled');
  expect(new Set(parts)).toEqual(new Set(REALTIME_PARTS));
});

test('says so when there is no session', async () => {
  const b = await bound();
  expect(() => b.binding.client()).toThrow(/No session is open/);
  expect(() => createBinding().status.subscribe(() => {})).toThrow(/No session is open/);
});
