/** The entry ./vue: composables. Each part of a state is a ref of its own, which changes at most once a frame. */
import { getCurrentInstance, inject, onScopeDispose, provide, shallowRef, toValue, watch } from 'vue';
import type { InjectionKey, MaybeRefOrGetter, Ref, ShallowRef } from 'vue';
import type { ChannelName, Contract, RequestName, Untyped } from '@iskra/protocol/wire';
import { createBinding, REALTIME_PARTS } from './bindings/binding.js';
import type { AnyName, Binding, ClientSource, Nothing, RealtimeState } from './bindings/binding.js';
import type { ChannelOptions, ChannelState, ChannelStore } from './bindings/channel.js';
import { createPlainStore } from './bindings/plain.js';
import type { PlainOptions, PlainState } from './bindings/plain.js';
import { createRequestStore } from './bindings/request.js';
import type { RequestState } from './bindings/request.js';
import type { Store } from './bindings/store.js';

export type { ClientSource, Nothing, RealtimeState } from './bindings/binding.js';
export type { ChannelOptions, ChannelState, Message } from './bindings/channel.js';
export type { PlainMessage, PlainOptions, PlainState } from './bindings/plain.js';
export type { RequestState } from './bindings/request.js';

/** The values of a state as refs; its functions as they are. */
export type Refs<State> = {
  readonly [Part in keyof State]: State[Part] extends (...given: never[]) => unknown
    ? State[Part]
    : Readonly<ShallowRef<State[Part]>>;
};

export interface Bindings<C extends Contract = Untyped> {
  provideRealtime(client: ClientSource<C>): void;
  useRealtime(): Refs<RealtimeState<C>>;
  useChannel<Name extends ChannelName<C>>(
    name: MaybeRefOrGetter<Name | Nothing>,
    options?: MaybeRefOrGetter<ChannelOptions<C, Name>>,
  ): Refs<ChannelState<C, Name>>;
  useRequest<Name extends RequestName<C>>(name: Name): Refs<RequestState<C, Name>>;
}

/** The same composables with the types of a contract: `typedBy<typeof contract>()`. */
export const typedBy = <C extends Contract>(): Bindings<C> =>
  ({ provideRealtime, useRealtime, useChannel, useRequest }) as unknown as Bindings<C>;

/** A server renders once, and never says that it is done with a component. */
const RENDERS_ONLY = typeof document === 'undefined';

const PLACE: InjectionKey<Binding> = /* @__PURE__ */ Symbol('iskra');
/** By the components that provide one: what they inject themselves is that of those above. */
const provided = /* @__PURE__ */ new WeakMap<object, Binding>();

/**
 * One session for this component and all below, open while it is there: in the setup of the root. A function is called
 * once: `() => connect('/realtime')`.
 */
export function provideRealtime(client: ClientSource): void {
  const binding = createBinding(client);
  provide(PLACE, binding);
  provided.set(getCurrentInstance()!, binding);
  if (!RENDERS_ONLY) onScopeDispose(binding.status.subscribe(() => {}));
}

/** How the session is. */
export function useRealtime(): Refs<RealtimeState> {
  const { status } = useBinding();
  return useStore(() => status, REALTIME_PARTS);
}

/** A channel, subscribed to while a scope uses it; all that do share one subscription. The name may change. */
export function useChannel(
  name: MaybeRefOrGetter<AnyName>,
  options: MaybeRefOrGetter<ChannelOptions> = {},
): Refs<ChannelState> {
  const binding = useBinding();
  const find = (): ChannelStore => binding.channel(toValue(name));
  // Before it is subscribed to, so that it is with these.
  if (!RENDERS_ONLY)
    watch(
      () => [find(), { ...toValue(options) }] as const,
      ([store, said], _, ended) => ended(store.say(said)),
      { immediate: true, flush: 'sync' },
    );
  return useStore(find);
}

/** A request of this scope; it is aborted when the scope ends. */
export function useRequest(name: string): Refs<RequestState> {
  const store = createRequestStore(name, useBinding());
  return useStore(() => store);
}

/** Any WebSocket that speaks texts, such as `/ws/<name>`: no session, nothing to provide. */
export function useWebSocket(url: MaybeRefOrGetter<string>, options?: PlainOptions): Refs<PlainState> {
  return useStore(() => createPlainStore(toValue(url), options));
}

function useBinding(): Binding {
  const own = getCurrentInstance();
  return (own && provided.get(own)) ?? inject(PLACE, createBinding, true);
}

/** A store as refs; of another one as soon as `find` gives another. */
function useStore<State extends object>(
  find: () => Store<State>,
  parts?: readonly (keyof State)[],
): Refs<State> {
  let store!: Store<State>;
  const refs = new Map<keyof State, Ref>();
  const show = (): void => {
    const state = store.snapshot();
    for (const [part, ref] of refs) ref.value = state[part];
  };
  watch(
    find,
    (found, _, ended) => {
      store = found;
      if (!RENDERS_ONLY) ended(store.subscribe(show));
      show();
    },
    // At once: a server renders right behind the setup.
    { immediate: true, flush: 'sync' },
  );
  const { initial } = store;
  const shown: Partial<Record<keyof State, unknown>> = {};
  for (const part of parts ?? (Object.keys(initial) as (keyof State)[])) {
    const value = initial[part];
    // Of the store that it is then.
    if (typeof value === 'function')
      shown[part] = (...given: unknown[]) => (store.snapshot()[part] as typeof value)(...given);
    else refs.set(part, (shown[part] = shallowRef(value)) as Ref);
  }
  show();
  return shown as Refs<State>;
}
