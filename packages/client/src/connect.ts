/** The whole client: the core, and around it the insight, the breaker, the member lists, the last values and a look at the network. */
import { MEMBERS, VERDICTS } from '@iskra/protocol/wire';
import type { ChannelName, Contract, Subscribed, SYSTEM, Untyped } from '@iskra/protocol/wire';
import { createBreaker } from './breaker.js';
import type { BreakerLimits } from './breaker.js';
import { createChannel } from './channel.js';
import type { Entry } from './channel.js';
import { connect as connectCore } from './client.js';
import type {
  Client as CoreClient,
  ClientEvents as CoreEvents,
  ConnectOptions as CoreOptions,
  Status as CoreStatus,
} from './client.js';
import type { Off } from './emitter.js';
import { platform, platformClock } from './environment.js';
import type { Environment } from './environment.js';
import { MisuseError, SendError } from './errors.js';
import type { Explanation } from './explain.js';
import { createInsight } from './insight.js';
import type { Feeling, Insight } from './insight.js';
import { withLast } from './last.js';
import type { LastLimits } from './last.js';
import { withMembers } from './members.js';
import type { Channel as MembersChannel } from './members.js';
import { pageMemory, remember } from './memory.js';
import type { Memory } from './memory.js';
import { createPath } from './path.js';
import { withNetwork } from './network.js';
import type { OfflineOutbox } from './offline.js';
import { seams } from './seam.js';
import type { Seam } from './seam.js';
import { createSession } from './session.js';
import type { SystemEvent } from './session-events.js';

export interface ConnectOptions extends CoreOptions {
  /** How often a server may reject everything before it is asked more rarely, and how rarely, ms. Default: 5 rejections, a pause of 300,000. */
  breaker?: BreakerLimits;
  /** What each channel keeps for `channel.last`, as `{ entries: 20 }`. Default: nothing. */
  last?: LastLimits;
  /** One session for all tabs of this origin that name the same: `shareTabs(name)` of `@iskra/client/tabs`. Default: one for each tab. */
  tabs?: Tabs;
  /** An outbox that outlives the page, of `openOutbox` in `@iskra/client/offline`. Default: the memory of the page. */
  offline?: OfflineOutbox;
}

/** What stands in the place of a tab's own session and of its page's signals. */
export type Tabs = (
  url: string,
  page: Pick<Environment, 'onPage'>,
) => Pick<Environment, 'onPage'> & { createSession: typeof createSession };

export interface Status extends CoreStatus, Feeling {}

export interface ClientEvents<C extends Contract = Untyped> extends Omit<CoreEvents<C>, 'status'> {
  status: [status: Status];
  /** What happens on this end, as envelopes: `connection_established`, `transport_downgraded`, `gap` … */
  system: [event: SystemEvent];
}

export interface Channel<
  C extends Contract = Untyped,
  Name extends string = ChannelName<C>,
> extends MembersChannel<C, Name> {
  /**
   * What was handed on last, oldest first, also while nobody answers; of each delta at least the newest, as far as the
   * option `last` allows. Empty without that option, and after `unsubscribe`.
   */
  readonly last: readonly Entry[];
}

export interface Client<C extends Contract = Untyped> extends Omit<
  CoreClient<C>,
  'status' | 'on' | 'channel'
> {
  readonly status: Status;
  on<Name extends keyof ClientEvents<C>>(
    name: Name,
    listener: (...values: ClientEvents<C>[Name]) => void,
  ): Off;
  /** What happens on the servers, for whom they let (P80). */
  channel(name: typeof SYSTEM): Channel<Untyped, typeof SYSTEM>;
  /** The same name gives the same object. Costs nothing until it is used. */
  channel<Name extends ChannelName<C>>(name: Name): Channel<C, Name>;
  /** What was tried, what it proved, what would mend it. */
  explain(): Explanation;
}

/**
 * Opens a session; of several servers the first is the primary, and the others stand in for it. Everything may be called
 * at once, before it is there.
 */
export function connect<C extends Contract = Untyped>(
  url: string | readonly string[],
  options: ConnectOptions = {},
): Client<C> {
  if (Array.isArray(url) && url.length === 0)
    throw new MisuseError('url', 'There is no url: give one, or a list with the primary server first.');
  const { last, offline, tabs } = options;
  if (offline && tabs)
    throw new MisuseError(
      'offline',
      'tabs and offline are both given: a shared session has one outbox, in its leading tab. Choose one of them.',
    );
  const { seam = 'document' in globalThis ? 'browser' : 'program' } = options.environment ?? {};
  let insight!: Insight;
  let memory!: Memory;
  let tell!: Seam['tell'];
  const path = createPath({}, () => memory.keep());
  let primary: string | undefined;
  const { onPage } = { onPage: withNetwork(platform().onPage), ...options.environment };
  const shared = tabs?.([url].flat().join(' '), { onPage }) ?? { onPage, createSession };
  const client: CoreClient = connectCore(
    url,
    { ...options, environment: { ...options.environment, onPage: shared.onPage } },
    (session, random, makeNonce, told) => {
      const { ladder } = session;
      tell = told;
      primary = ladder[0]?.server;
      const transports = ladder.map(({ transport }) => transport);
      memory = remember(path, [url].flat()[0]!, transports, { ...pageMemory(), ...options.environment });
      const breaker = createBreaker(session.reconnect.max, random, options.breaker);
      const inner = shared.createSession({ ...session, path, breaker }, random, makeNonce);
      offline?.around(inner, () => tell({ type: 'sendAdded' }));
      insight = createInsight(inner, ladder, seam, path, breaker);
      return insight;
    },
    (name, calls) => {
      // However long it takes: nobody would ask again.
      const page = (after: number) =>
        client.request(MEMBERS, { channel: name, after }, { timeout: Infinity }) as Promise<Subscribed>;
      const feed = createChannel(name, calls);
      if (!last) Object.assign(feed.channel, { last: [] });
      return withMembers(last ? withLast(feed, last) : feed, page, calls.failed);
    },
  );
  const whole = Object.assign(client as unknown as Client<C>, { explain: insight.explain });
  seams.set(whole, { session: insight, tell, clock: options.environment?.clock ?? platformClock });
  whole.on('transport', ({ to }) => {
    // What is kept is of the way to the primary: to the backup nobody wants to go first.
    if (insight.policy.current?.server === primary) path.first = to;
    memory.keep();
  });
  // Whatever else is learned, is learned from an end.
  whole.on('system', () => memory.keep());
  // With a heartbeat, so that nothing wakes for it. One at a time; a server that refuses it has no numbers of it, and is not told again.
  let isTelling = false;
  whole.on('status', () => {
    const news = isTelling ? [] : insight.news();
    if (!news.length) return;
    isTelling = true;
    client.request(VERDICTS, news).then(
      () => (isTelling = false),
      (error: unknown) => (isTelling = error instanceof SendError),
    );
  });
  return whole;
}
