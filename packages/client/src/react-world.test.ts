// @vitest-environment happy-dom
/** A component through a reconnect, as an application tests it: real hooks, a real client, a real server, fake timers. */
import { act, createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RealtimeProvider, useChannel, useRealtime } from './react.js';
import { createTestWorld, globalTimers } from './world.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function Room() {
  const { connected } = useRealtime();
  const { messages } = useChannel('room:1');
  return h(
    'p',
    null,
    connected ? 'here' : 'away',
    ': ',
    messages.map(({ payload }) => String(payload)).join(' '),
  );
}

test('a component goes through a reconnect, and shows what was said meanwhile', async () => {
  const world = createTestWorld({ clock: globalTimers });
  const place = document.createElement('div');
  const root = createRoot(place);
  const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
  await act(async () => root.render(h(RealtimeProvider, { client: () => world.client() }, h(Room))));

  await pass(1_000);
  await world.realtime.publish('room:1', 'said', 'hello');
  await pass(100);
  expect(place.textContent).toBe('here: hello');

  world.network.cut();
  await pass(30_000);
  await world.realtime.publish('room:1', 'said', 'again');
  expect(place.textContent).toBe('away: hello');

  world.network.restore();
  await pass(30_000);
  expect(place.textContent).toBe('here: hello again');

  await act(async () => root.unmount());
  await world.close();
});
