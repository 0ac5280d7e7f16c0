/** A request as a component sees it. */
import { expect, test } from 'vitest';
import { bound } from './fixture.js';
import { createRequestStore } from './request.js';

async function renaming() {
  const b = await bound();
  const store = createRequestStore('rename', b.binding);
  const states: string[] = [];
  const leave = store.subscribe(() => states.push(store.snapshot().state));
  b.welcome();
  return { ...b, answer: b.answer, refuse: b.refuse, store, states, leave };
}

test('goes from idle by pending to done, with the answer', async () => {
  const r = await renaming();
  expect(r.store.snapshot()).toMatchObject({ state: 'idle', data: undefined, error: undefined });
  const answer = r.store.snapshot().request({ to: 'z' });
  expect(r.store.snapshot().state).toBe('pending');
  r.answer('reply', { was: 'a' });
  expect(await answer).toEqual({ was: 'a' });
  expect(r.store.snapshot()).toMatchObject({ state: 'done', data: { was: 'a' } });
  expect(r.states).toEqual(['pending', 'done']);
});

test('keeps the last answer while the next one is pending, and when it fails', async () => {
  const r = await renaming();
  void r.store.snapshot().request({ to: 'z' });
  r.answer('reply', { was: 'a' });
  await r.turn();
  void r.store.snapshot().request({ to: 'y' });
  expect(r.store.snapshot()).toMatchObject({ state: 'pending', data: { was: 'a' } });
  r.refuse();
  await r.turn();
  expect(r.store.snapshot()).toMatchObject({
    state: 'failed',
    data: { was: 'a' },
    error: { code: 'forbidden' },
  });
  r.store.snapshot().reset();
  expect(r.store.snapshot()).toMatchObject({ state: 'idle', data: undefined, error: undefined });
});

test('waits for the newest request only', async () => {
  const r = await renaming();
  const first = r.store.snapshot().request({ to: 'z' });
  const second = r.store.snapshot().request({ to: 'y' });
  await expect(first).rejects.toMatchObject({ code: 'aborted' });
  r.answer('reply', { was: 'first' });
  await r.turn();
  expect(r.store.snapshot().state).toBe('pending');
  r.answer('reply', { was: 'second' });
  expect(await second).toEqual({ was: 'second' });
  expect(r.store.snapshot().data).toEqual({ was: 'second' });
});

test('is aborted when its component goes, and tells nobody of what comes then', async () => {
  const r = await renaming();
  const answer = r.store.snapshot().request({ to: 'z' });
  r.leave();
  await expect(answer).rejects.toMatchObject({ code: 'aborted' });
  r.answer('reply', { was: 'a' });
  await r.turn();
  expect(r.states).toEqual(['pending']);
  expect(r.store.snapshot()).toBe(r.store.initial);
});

test('passes the time on in which there has to be an answer', async () => {
  const r = await renaming();
  const answer = r.store.snapshot().request({ to: 'z' }, { timeout: 100 });
  r.clock.advance(100);
  await expect(answer).rejects.toMatchObject({ code: 'request_timeout' });
  await r.turn();
  expect(r.store.snapshot()).toMatchObject({ state: 'failed', error: { code: 'request_timeout' } });
});

test('refuses to ask before anything is open', async () => {
  const b = await bound();
  expect(() => createRequestStore('time', b.binding).snapshot().request()).toThrow(/No session is open/);
});
