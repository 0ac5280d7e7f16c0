/**
 * One session as the components of an application share it: opened with the first of them, closed after the last one.
 * React, Vue and Svelte put it into their own words.
 */
import type { Contract, Untyped } from '@iskra/protocol/wire';
import type { Client, Status } from '../connect.js';
import { IskraError } from '../errors.js';
import type { Explanation } from '../explain.js';
import { createChannelStore } from './channel.js';
import type { ChannelStore } from './channel.js';
import { nextFrame } from './frame.js';
import type { Frame } from './frame.js';
import { createStore } from './store.js';
import type { Store } from './store.js';

/**
 * Whose session it is. A client is the application's own, which also closes it. A function is called when the first
 * component is there, and its client is closed after the last one has gone.
 */
export type ClientSource<C extends Contract = Untyped> = Client<C> | (() => Client<C>);

/** How the session is. What a client of `@iskra/client/core` does not know stays undefined. */
export interface RealtimeState<C extends Contract = Untyped> extends Pick<
  Status,
  'state' | 'transport' | 'roundTrip' | 'session' | 'server' | 'degraded'
> {
  /** `state` is `connected`. */
  connected: boolean;
  quality: Status['quality'] | undefined;
  voices: Status['voices'] | undefined;
  /** For everything else; undefined before the first component is there, and on a server that renders. */
  client: Client<C> | undefined;
  /** What was tried, what it proved, what would mend it. */
  explain(): Explanation | undefined;
}

/** Of a channel that depends on what is not known yet. */
export type Nothing = undefined | null | false | '';
export type AnyName = string | undefined | null | false;

/** Everything that a state has, as it is not all there from the beginning. */
export const REALTIME_PARTS = [
  'state',
  'connected',
  'transport',
  'server',
  'roundTrip',
  'session',
  'degraded',
  'quality',
  'voices',
  'client',
  'explain',
] as const satisfies (keyof RealtimeState)[];

export interface Binding {
  /** Who listens keeps the session open. */
  readonly status: Store<RealtimeState>;
  /** @throws IskraError `not_open`, when nobody does. */
  client(): Client;
  /** The same name gives the same store. */
  channel(name: AnyName): ChannelStore;
  readonly frame: Frame;
}

/** Without a source it says so to whoever needs a session. */
export function createBinding(source: ClientSource = nothing, frame: Frame = nextFrame): Binding {
  let client: Client | undefined;

  const status = createStore(
    { state: 'connecting', connected: false, explain: () => client?.explain?.() } as RealtimeState,
    () => {
      const isOwn = typeof source === 'function';
      const opened = (client = isOwn ? source() : source);
      const look = (): void => {
        const now = opened.status;
        status.show({ ...now, connected: now.state === 'connected', client });
      };
      look();
      return [
        opened.on('status', look),
        opened.on('transport', look),
        () => {
          if (isOwn) void opened.close();
          client = undefined;
        },
      ];
    },
  );

  const channels = new Map<string, ChannelStore>();
  const binding: Binding = {
    status,
    frame,
    client: () => client ?? nothing(),
    channel(name) {
      const key = name || '';
      return channels.get(key) ?? channels.set(key, createChannelStore(key, binding)).get(key)!;
    },
  };
  return binding;
}

const nothing = (): never => {
  throw new IskraError('not_open', 'No session is open. Is its provider mounted?');
};
