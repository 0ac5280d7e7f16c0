/** A channel as the application sees it: its handlers, its members, its calls. The subscription itself lives in the session. */
import type {
  ChannelName,
  Contract,
  DeliveredPayload,
  DeltaName,
  Envelope,
  EnvelopeInput,
  GapReason,
  Member,
  Position,
  PublishPayload,
  Subscribed,
  Untyped,
} from '@iskra/protocol/wire';
import { createEmitter } from './emitter.js';
import type { Off } from './emitter.js';
import type { Send } from './send.js';

/** An envelope with its place in a channel. */
export interface Entry<Payload = unknown> {
  channel: string;
  position: Position;
  envelope: Envelope<Payload>;
}

/** Entries between `was` and `now` cannot be delivered; what follows continues at `now`. */
export interface Gap {
  channel: string;
  reason: GapReason;
  was: Position;
  now: Position;
}

export interface SubscribeOptions {
  /** Deliver what came after this position. */
  since?: Position;
  /** Deliver at most this many of the newest entries first, up to 10,000. */
  last?: number;
  /** Enter the channel's member list with this data. */
  presence?: unknown;
}

/** What may be said of a message besides its payload. */
export interface PublishOptions {
  /** Level of the change, 0..255; 1 is a message. */
  dimension?: number;
  /** Confidence, 0..1. Default 1. */
  omega?: number;
  /** The next step. Default "continue". */
  lambda?: string;
}

/** The payload may be left out where its type allows it. */
export type PublishArguments<Payload> = undefined extends Payload
  ? [payload?: Payload, options?: PublishOptions]
  : [payload: Payload, options?: PublishOptions];

export interface Channel<C extends Contract = Untyped, Name extends string = ChannelName<C>> {
  readonly name: string;
  /** Position of the last entry that was handed on; undefined while not subscribed. */
  readonly position: Position | undefined;
  /** Who is there, as far as this subscription knows; empty without presence. */
  readonly members: readonly Member[];
  /** Called for each entry of this delta, once and in order; `*` for every delta. The answer takes it away. */
  on(
    delta: '*',
    handler: (payload: DeliveredPayload<C, Name, DeltaName<C, Name>>, entry: Entry) => void,
  ): Off;
  on<Delta extends DeltaName<C, Name>>(
    delta: Delta,
    handler: (
      payload: DeliveredPayload<C, Name, Delta>,
      entry: Entry<DeliveredPayload<C, Name, Delta>>,
    ) => void,
  ): Off;
  /** Called in the place of entries that cannot be delivered. */
  onGap(handler: (gap: Gap) => void): Off;
  /** Called whenever the member list changes. */
  onMembers(handler: (members: readonly Member[]) => void): Off;
  /** Settles when the server has taken it; entries follow. Rejects with a {@link SendError} when refused. */
  subscribe(options?: SubscribeOptions): Promise<void>;
  /** Nothing is delivered after this call; settles when the server knows. */
  unsubscribe(): Promise<void>;
  /** Appends to the channel, exactly once. See {@link Send} for how it ends. */
  publish<Delta extends DeltaName<C, Name>>(
    delta: Delta,
    ...rest: PublishArguments<PublishPayload<C, Name, Delta>>
  ): Send;
}

/** What a channel asks of its client. */
export interface Calls {
  position(channel: string): Position | undefined;
  publish(channel: string, envelope: EnvelopeInput): Send;
  subscribe(channel: string, options: SubscribeOptions): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** A page of the member list, behind that place (P48). */
  page(channel: string, after: number): Promise<Subscribed>;
}

/** The inner side of a channel, by which the client feeds it. */
export interface ChannelFeed {
  channel: Channel;
  entry(entry: Entry): void;
  gap(gap: Gap): void;
  /** A subscription began, here with the first page of its member list. Without it, that page may be older than the entries so far. */
  members(first: Subscribed | undefined): void;
}

export function createChannel(name: string, calls: Calls, failed: (error: unknown) => void): ChannelFeed {
  const handlers = createEmitter<Record<string, unknown[]>>(failed);
  const own = createEmitter<{ gap: [Gap]; members: [readonly Member[]] }>(failed);
  const known = new Map<string, Member>();
  let list: readonly Member[] = [];
  let isWatched = false;
  /** Of whom something was told since the list is being read anew: what an entry says goes before a page (P49). */
  let told: Set<string> | undefined;

  const show = (): void => {
    list = [...known.values()];
    own.emit('members', list);
  };

  /** Reads the list from its beginning, of which a page may be here, to its end, which says who has gone. */
  const read = (first?: Subscribed): void => {
    const reading = (told = new Set<string>());
    const take = ({ members = [], more }: Subscribed): void => {
      // Another reading has begun since.
      if (told !== reading) return;
      for (const member of members) {
        if (!reading.has(member.id)) known.set(member.id, member);
        reading.add(member.id);
      }
      if (more) ask(more);
      else {
        for (const id of known.keys()) if (!reading.has(id)) known.delete(id);
        told = undefined;
      }
      show();
    };
    const ask = (after: number): void =>
      void calls.page(name, after).then(take, ({ code }: Error & { code?: string }) => {
        // Its session is gone, and the page with it; what is refused leaves what was known.
        if (told === reading && code === 'outcome_unknown') read();
      });
    if (first) take(first);
    else ask(0);
  };

  return {
    channel: {
      name,
      get position() {
        return calls.position(name);
      },
      get members() {
        return list;
      },
      on: (delta: string, handler: (...values: never[]) => void) => handlers.on(delta, handler as () => void),
      onGap: (handler) => own.on('gap', handler),
      onMembers(handler) {
        isWatched = true;
        return own.on('members', handler);
      },
      subscribe: (options = {}) => calls.subscribe(name, options),
      unsubscribe: () => calls.unsubscribe(name),
      publish: (delta, payload?: unknown, options?: PublishOptions) =>
        calls.publish(name, { delta, payload, ...options }),
    },
    entry(entry) {
      const { delta, dimension, payload } = entry.envelope;
      // Comings and goings are entries of the channel (P45), so the list is right at every position.
      if (dimension === 3 && /^member_(joined|left)$/.test(delta)) {
        const member = payload as Member;
        told?.add(member.id);
        known.delete(member.id);
        if (delta === 'member_joined') known.set(member.id, member);
        return show();
      }
      handlers.emit(delta, payload, entry);
      handlers.emit('*', payload, entry);
    },
    gap(gap) {
      own.emit('gap', gap);
      // Comings and goings may be among what is missing (P49).
      if (isWatched || known.size) read();
    },
    members: read,
  };
}
