'use client';
/**
 * The entry ./react. A component is rendered again when something that it reads has changed, at most once a frame.
 * Nothing happens while rendering: sessions and subscriptions begin with effects, and so never on a server.
 */
import { createContext, createElement, useContext, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { ReactElement, ReactNode } from 'react';
import type { ChannelName, Contract, RequestName, RequestOutput, Untyped } from '@iskra/protocol/wire';
import { createBinding } from './bindings/binding.js';
import type { AnyName, ClientSource, Nothing, RealtimeState } from './bindings/binding.js';
import type { ChannelOptions, ChannelState } from './bindings/channel.js';
import { createPlainStore } from './bindings/plain.js';
import type { PlainOptions, PlainState } from './bindings/plain.js';
import { createRequestStore } from './bindings/request.js';
import type { RequestState as RequestParts } from './bindings/request.js';
import type { Store } from './bindings/store.js';

export type { ClientSource, Nothing, RealtimeState } from './bindings/binding.js';
export type { ChannelOptions, ChannelState, Message } from './bindings/channel.js';
export type { PlainMessage, PlainOptions, PlainState } from './bindings/plain.js';

export interface RealtimeProviderProps<C extends Contract = Untyped> {
  /** A function is called once, when the first component is there: `() => connect('/realtime')`. */
  client: ClientSource<C>;
  children?: ReactNode;
}

/** Its `state` tells which of `data` and `error` there is. */
export type RequestState<C extends Contract = Untyped, Name extends string = RequestName<C>> = Pick<
  RequestParts<C, Name>,
  'request' | 'reset'
> &
  (
    | { state: 'idle'; data: undefined; error: undefined }
    /** Of the last one, until there is another. */
    | { state: 'pending'; data: RequestOutput<C, Name> | undefined; error: undefined }
    | { state: 'done'; data: RequestOutput<C, Name>; error: undefined }
    | { state: 'failed'; data: RequestOutput<C, Name> | undefined; error: Error }
  );

export interface Bindings<C extends Contract = Untyped> {
  RealtimeProvider(props: RealtimeProviderProps<C>): ReactElement;
  useRealtime(): RealtimeState<C>;
  useChannel<Name extends ChannelName<C>>(
    name: Name | Nothing,
    options?: ChannelOptions<C, Name>,
  ): ChannelState<C, Name>;
  useRequest<Name extends RequestName<C>>(name: Name): RequestState<C, Name>;
}

/** The same provider and hooks with the types of a contract: `typedBy<typeof contract>()`. */
export const typedBy = <C extends Contract>(): Bindings<C> =>
  ({ RealtimeProvider, useRealtime, useChannel, useRequest }) as unknown as Bindings<C>;

const Place = /* @__PURE__ */ createContext(/* @__PURE__ */ createBinding());

/** One session for all components inside, open while it is mounted. */
export function RealtimeProvider({ client, children }: RealtimeProviderProps): ReactElement {
  // A function is another one with each rendering, and means the same.
  const binding = useMemo(() => createBinding(client), [typeof client === 'function' || client]);
  useEffect(() => binding.status.subscribe(() => {}), [binding]);
  return createElement(Place.Provider, { value: binding }, children);
}

/** How the session is. */
export function useRealtime(): RealtimeState {
  return useStore(useContext(Place).status);
}

/** A channel, subscribed to while a component uses it; all that do share one subscription. */
export function useChannel(name: AnyName, options: ChannelOptions = {}): ChannelState {
  const store = useContext(Place).channel(name);
  // Before the one that subscribes; and with each rendering, as the options are new ones.
  useEffect(() => store.say(options));
  return useStore(store);
}

/** A request of this component; it is aborted when the component goes. */
export function useRequest(name: string): RequestState {
  const binding = useContext(Place);
  return useStore(useMemo(() => createRequestStore(name, binding), [binding, name])) as RequestState;
}

/** Any WebSocket that speaks texts, such as `/ws/<name>`: no session, no provider. */
export function useWebSocket(url: string, { limit }: PlainOptions = {}): PlainState {
  return useStore(useMemo(() => createPlainStore(url, { limit }), [url, limit]));
}

/** A store as it is, watched where it is read: what a component never asked for does not render it again. */
function useStore<State extends object>(store: Store<State>): State {
  const seen = useMemo(() => ({ state: {} as State, read: new Set<keyof State>() }), []);
  const state = useSyncExternalStore(
    store.subscribe,
    () => {
      const next = store.snapshot();
      const isNews = [...seen.read].some((key) => seen.state[key] !== next[key]);
      // The same object until something that was read changes; the rest of it is as of now.
      return (seen.state = isNews ? { ...next } : Object.assign(seen.state, next));
    },
    () => store.initial,
  );
  return new Proxy(state, {
    get: (from, key) => (seen.read.add(key as keyof State), from[key as keyof State]),
  });
}
