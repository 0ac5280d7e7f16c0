/** A channel as the application sees it: its handlers and its calls. The subscription itself lives in the session. */
import type {
  ChannelName,
  Contract,
  DeliveredPayload,
  DeltaName,
  Envelope,
  EnvelopeInput,
  GapReason,
  Position,
  PublishPayload,
  Subscribed,
  Untyped,
} from '@iskra/protocol/wire';
import { createEmitter } from './emitter.js';
import type { Off } from './emitter.js';
import type { Pending } from './outbox.js';
import type { Send } from './send.js';
import type { Session } from './session.js';

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

/** A send on its way; none when the outbox did not take it. */
export interface Submitted {
  pending: Pending | undefined;
  outcome: Promise<unknown>;
}

/** What a channel asks of its client. */
export interface Calls {
  session: Session;
  /** Hands what is added there to the outbox. */
  submit(add: () => Pending | undefined): Submitted;
  publish(envelope: EnvelopeInput, channel: string): Submitted;
  failed(error: unknown): void;
}

/** The inner side of a channel, by which the client feeds it. */
export interface ChannelFeed {
  channel: Channel;
  entry(entry: Entry): void;
  gap(gap: Gap): void;
  /** A subscribe was taken. What it brought is the first page of the member list, if the subscription began with it. */
  members?(first: Subscribed | undefined): void;
}

/** Comings and goings of members are entries of the channel (P45), but no messages. */
export const isMembership = (delta: string, dimension: number): boolean =>
  dimension === 3 && /^member_(joined|left)$/.test(delta);

export function createChannel(name: string, { session, submit, publish, failed }: Calls): ChannelFeed {
  const handlers = createEmitter<Record<string, unknown[]>>(failed);
  return {
    channel: {
      name,
      get position() {
        return session.cursors.get(name);
      },
      on: handlers.on as Channel['on'],
      // No delta has this name.
      onGap: (handler) => handlers.on('', handler as () => void),
      subscribe: async (options = {}) => void (await submit(() => session.subscribe(name, options)).outcome),
      unsubscribe: async () => void (await submit(() => session.unsubscribe(name)).outcome),
      publish(delta, payload?: unknown, options?: PublishOptions) {
        const { pending, outcome } = publish({ delta, payload, ...options }, name);
        const settled = outcome as Promise<void>;
        // Whoever does not look at it has chosen not to know.
        settled.catch(() => {});
        const send: Send = {
          number: pending?.number ?? 0,
          get state() {
            return pending?.state ?? 'rejected';
          },
          settled,
        };
        if (pending) pending.shown = send;
        return send;
      },
    },
    entry(entry) {
      const { delta, dimension, payload } = entry.envelope;
      if (isMembership(delta, dimension)) return;
      handlers.emit(delta, payload, entry);
      handlers.emit('*', payload, entry);
    },
    gap: (gap) => void handlers.emit('', gap),
  };
}
