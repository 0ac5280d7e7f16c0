/**
 * The entry ./svelte: each part of a state is a readable store of its own, which changes at most once a frame. To be
 * called while a component is initialised.
 */
import { getContext, onMount, setContext } from 'svelte';
import type { Readable } from 'svelte/store';
import type { ChannelName, Contract, RequestName, Untyped } from '@iskra/protocol/wire';
import { createBinding, REALTIME_PARTS } from './bindings/binding.js';
import type { AnyName, Binding, ClientSource, Nothing, RealtimeState } from './bindings/binding.js';
import type { ChannelOptions, ChannelState } from './bindings/channel.js';
import { createPlainStore } from './bindings/plain.js';
import type { PlainOptions, PlainState } from './bindings/plain.js';
import { createRequestStore } from './bindings/request.js';
import type { RequestState } from './bindings/request.js';
import type { Store } from './bindings/store.js';

export type { ClientSource, Nothing, RealtimeState } from './bindings/binding.js';
export type { ChannelOptions, ChannelState, Message } from './bindings/channel.js';
export type { PlainMessage, PlainOptions, PlainState } from './bindings/plain.js';
export type { RequestState } from './bindings/request.js';

/** The values of a state as readable stores; its functions as they are. */
export type Stores<State> = {
  readonly [Part in keyof State]: State[Part] extends (...given: never[]) => unknown
    ? State[Part]
    : Readable<State[Part]>;
};

export interface Bindings<C extends Contract = Untyped> {
  provideRealtime(client: ClientSource<C>): void;
  useRealtime(): Stores<RealtimeState<C>>;
  useChannel<Name extends ChannelName<C>>(
    name: Name | Nothing,
    options?: ChannelOptions<C, Name>,
  ): Stores<ChannelState<C, Name>>;
  useRequest<Name extends RequestName<C>>(name: Name): Stores<RequestState<C, Name>>;
}

/** The same functions with the types of a contract: `typedBy<typeof contract>()`. */
export const typedBy = <C extends Contract>(): Bindings<C> =>
  ({ provideRealtime, useRealtime, useChannel, useRequest }) as unknown as Bindings<C>;

const PLACE = {};

/**
 * One session for this component and all below, open while it is there. A function is called once, when something is
 * mounted: `() => connect('/realtime')`.
 */
export function provideRealtime(client: ClientSource): void {
  const { status } = setContext(PLACE, createBinding(client));
  onMount(() => status.subscribe(() => {}));
}

/** How the session is. */
export function useRealtime(): Stores<RealtimeState> {
  return useStore(useBinding().status, REALTIME_PARTS);
}

/**
 * A channel, subscribed to while a component uses it; all that do share one subscription. Where the name changes, put the
 * component into a `{#key}` block.
 */
export function useChannel(name: AnyName, options: ChannelOptions = {}): Stores<ChannelState> {
  const store = useBinding().channel(name);
  // Before it is subscribed to, so that it is with these.
  onMount(() => store.say(options));
  return useStore(store);
}

/** A request of this component; it is aborted when the component goes. */
export function useRequest(name: string): Stores<RequestState> {
  return useStore(createRequestStore(name, useBinding()));
}

/** Any WebSocket that speaks texts, such as `/ws/<name>`: no session, nothing to provide. */
export function useWebSocket(url: string, options?: PlainOptions): Stores<PlainState> {
  return useStore(createPlainStore(url, options));
}

const useBinding = (): Binding => getContext<Binding | undefined>(PLACE) ?? createBinding();

/** A store as many, one for each part. It lives while the component is mounted: never on a server. */
function useStore<State extends object>(
  store: Store<State>,
  parts: readonly (keyof State)[] = Object.keys(store.initial) as (keyof State)[],
): Stores<State> {
  const listeners = new Set<() => void>();
  onMount(() => {
    const show = (): void => listeners.forEach((tell) => tell());
    const off = store.subscribe(show);
    show();
    return off;
  });
  const readable = <Part extends keyof State>(part: Part): Readable<State[Part]> => ({
    subscribe(run) {
      let told = store.snapshot()[part];
      const tell = (): void => {
        const now = store.snapshot()[part];
        if (told !== now) run((told = now));
      };
      run(told);
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
  });
  return Object.fromEntries(
    parts.map((part) => {
      const value = store.initial[part];
      return [part, typeof value === 'function' ? value : readable(part)];
    }),
  ) as Stores<State>;
}
