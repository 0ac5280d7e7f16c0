/**
 * What the bindings are made of: a value that can be looked at and listened to, and that lives only while somebody
 * does. It knows no framework, and no client.
 */
import type { Off } from '../emitter.js';

export interface Store<State> {
  /** As it is now. Each part of it is the same until it changes. */
  snapshot(): State;
  /** Listens to changes, and keeps alive what they come from. Each time a function of its own. */
  subscribe(listener: () => void): Off;
  /** What it is while nobody listens, and so on a server that renders. */
  readonly initial: State;
}

export interface OpenStore<State> extends Store<State> {
  /** Changes a part of it; who listens is told at once. */
  show(part: Partial<State>): void;
}

/**
 * `start` comes with the first listener, when what it is `of` is kept alive as well. What it answers comes in the turn
 * after the last one has left, and the store is as in the beginning. Whoever comes back in the same turn finds it
 * running: React's StrictMode leaves and comes back with every component, and a change of pages takes one component away
 * and brings the next.
 */
export function createStore<State extends object>(
  initial: State,
  start: () => (Off | undefined)[],
  of?: Store<unknown>,
): OpenStore<State> {
  const listeners = new Set<() => void>();
  let state = initial;
  let ends: (Off | undefined)[] | undefined;
  return {
    initial,
    snapshot: () => state,
    show(part) {
      state = { ...state, ...part };
      for (const tell of listeners) tell();
    },
    subscribe(listener) {
      ends ??= [of?.subscribe(() => {}), ...start()];
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        queueMicrotask(() => {
          if (listeners.size) return;
          ends?.forEach((end) => end?.());
          ends = undefined;
          state = initial;
        });
      };
    },
  };
}
