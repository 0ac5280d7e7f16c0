/**
 * A channel as components see it: one subscription for all that look at it, bounded lists, and one change a frame,
 * however much comes.
 */
import type {
  ChannelName,
  Contract,
  DeliveredPayload,
  DeltaName,
  Envelope,
  Member,
  Position,
  Untyped,
} from '@iskra/protocol/wire';
import type { Entry, Gap, SubscribeOptions } from '../channel.js';
import type { Channel } from '../connect.js';
import type { Off } from '../emitter.js';
import { IskraError } from '../errors.js';
import type { Binding } from './binding.js';
import { createStore } from './store.js';
import type { Store } from './store.js';

interface MessageOf<Delta extends string, Payload> {
  /** Its position as text: unlike that of any other message of the channel. */
  id: string;
  delta: Delta;
  payload: Payload;
  position: Position;
  envelope: Envelope<Payload>;
  /** Entries right before it that could not be delivered. */
  gap: Gap | undefined;
}

/** An entry of a channel. Its `delta` tells what its payload is. */
export type Message<C extends Contract = Untyped, Name extends string = ChannelName<C>> = {
  [Delta in DeltaName<C, Name>]: MessageOf<Delta, DeliveredPayload<C, Name, Delta>>;
}[DeltaName<C, Name>];

/**
 * The components that use a channel say it together: where two say different things, the one counts that was mounted
 * later. `since` and `last` count when the first of them is mounted.
 */
export interface ChannelOptions<
  C extends Contract = Untyped,
  Name extends string = ChannelName<C>,
> extends SubscribeOptions {
  /** How many messages are kept; the newest stay. Default 200. */
  limit?: number;
  /** Called for each message, once and in order, and not only once a frame. Each component has its own. */
  onMessage?(message: Message<C, Name>): void;
}

export interface ChannelState<C extends Contract = Untyped, Name extends string = ChannelName<C>> {
  /** `idle` without a channel, else `subscribing` → `subscribed`, or `failed` with an `error`. */
  state: 'idle' | 'subscribing' | 'subscribed' | 'failed';
  error: Error | undefined;
  /** Oldest first. */
  messages: readonly Message<C, Name>[];
  /** Who is there. */
  members: readonly Member[];
  /** The last 20, oldest first. */
  gaps: readonly Gap[];
  /** Appends to the channel, exactly once. */
  publish: Channel<C, Name>['publish'];
  /** Subscribes again after it has failed. */
  retry(): void;
}

export interface ChannelStore<
  C extends Contract = Untyped,
  Name extends string = ChannelName<C>,
> extends Store<ChannelState<C, Name>> {
  /** What a component wants of the channel, until it says something else or goes. */
  say(options: ChannelOptions<C, Name>): Off;
}

const LIMIT = 200;
const MAX_GAPS = 20;

/** Without a name it is idle for ever. */
export function createChannelStore(name: string, { status, client, frame }: Binding): ChannelStore {
  /** By the components, who spoke last last. */
  const said = new Set<ChannelOptions>();
  /** What the next frame shows; undefined when nothing has changed. */
  let next: ChannelState | undefined;
  /** That was told of before a message that is still to come. */
  let gap: Gap | undefined;
  let latest: Position | undefined;
  /** While it is subscribed to, or about to be. */
  let channel: Channel | undefined;
  /** The presence that the server was told, as JSON; undefined when nothing was asked for. */
  let entered: string | undefined;

  const together = (): ChannelOptions => Object.assign({}, ...said);

  const now = (): ChannelState => next ?? store.snapshot();

  const later = (part: Partial<ChannelState>): void => {
    if (!channel) return;
    if (!next)
      frame(() => {
        const shown = next;
        next = undefined;
        if (shown) store.show(shown);
      });
    next = { ...now(), ...part };
  };

  const arrived = (payload: unknown, { position, envelope }: Entry): void => {
    const message = { id: position.join(':'), delta: envelope.delta, payload, position, envelope, gap };
    gap = undefined;
    latest = position;
    // Each on its own: one that throws stops nobody.
    for (const { onMessage } of said) queueMicrotask(() => onMessage?.(message));
    const { limit = LIMIT } = together();
    later({ messages: limit ? [...now().messages, message].slice(-limit) : [] });
  };

  const ask = (): void => {
    if (!channel || !said.size) return;
    const { last, since, presence } = together();
    const wanted = JSON.stringify([presence]);
    if (wanted === entered) return;
    const from = channel.position ?? latest ?? since;
    // Nobody changes what it says of itself, or leaves the list, but by leaving the channel. What comes meanwhile comes
    // behind `from`.
    if (entered) channel.unsubscribe().catch(() => {});
    entered = wanted;
    later({ state: from ? 'subscribed' : 'subscribing', error: undefined });
    channel.subscribe({ since: from, last, presence }).then(
      () => later({ state: 'subscribed' }),
      (error: IskraError) => {
        // Its session is gone, and the wish with it.
        if (error.code === 'outcome_unknown') again();
        else later({ state: 'failed', error });
      },
    );
  };

  const again = (): void => {
    entered = undefined;
    ask();
  };

  /** In the turn after: who comes in this one is asked for together, and who leaves may come back. */
  const consider = (): void => queueMicrotask(ask);

  const store = createStore<ChannelState>(
    {
      state: name ? 'subscribing' : 'idle',
      error: undefined,
      messages: [],
      members: [],
      gaps: [],
      publish: (delta, ...rest) =>
        client()
          .channel(name)
          .publish(delta, ...rest),
      retry: again,
    },
    () => {
      if (!name) return [];
      const opened = (channel = client().channel(name));
      consider();
      return [
        opened.on('*', arrived),
        opened.onGap((told) => {
          gap = told;
          later({ gaps: [...now().gaps, told].slice(-MAX_GAPS) });
          if (told.reason === 'denied')
            later({ state: 'failed', error: new IskraError('denied', 'The permission has ended.') });
        }),
        // A client of `@iskra/client/core` keeps no member lists.
        opened.onMembers?.((members) => later({ members })),
        () => {
          if (entered) opened.unsubscribe().catch(() => {});
          channel = next = gap = latest = entered = undefined;
        },
      ];
    },
    status,
  );

  return {
    ...store,
    say(options) {
      // One of its own, as two components may say the same object.
      const own = { ...options };
      said.add(own);
      consider();
      return () => {
        said.delete(own);
        consider();
      };
    },
  };
}
