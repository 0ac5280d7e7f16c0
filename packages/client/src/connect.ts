/** The whole client: the core, and around it the insight, the member lists and a look at the network. */
import { MEMBERS } from '@iskra/protocol/wire';
import type { ChannelName, Contract, Envelope, Subscribed, Untyped } from '@iskra/protocol/wire';
import { createChannel } from './channel.js';
import { connect as connectCore } from './client.js';
import type {
  Client as CoreClient,
  ClientEvents as CoreEvents,
  ConnectOptions,
  Status as CoreStatus,
} from './client.js';
import type { Off } from './emitter.js';
import { platform } from './environment.js';
import type { Explanation } from './explain.js';
import { createInsight } from './insight.js';
import type { Feeling, Insight } from './insight.js';
import { withMembers } from './members.js';
import { pageMemory, remember } from './memory.js';
import type { Memory } from './memory.js';
import type { Channel } from './members.js';
import { createPath } from './path.js';
import { withNetwork } from './network.js';
import { createSession } from './session.js';

export interface Status extends CoreStatus, Feeling {}

export interface ClientEvents extends Omit<CoreEvents, 'status'> {
  status: [status: Status];
  /** What happens on this end, as envelopes: `connection_established`, `transport_downgraded`, `gap` … */
  system: [envelope: Envelope];
}

export interface Client<C extends Contract = Untyped> extends Omit<
  CoreClient<C>,
  'status' | 'on' | 'channel'
> {
  readonly status: Status;
  on<Name extends keyof ClientEvents>(name: Name, listener: (...values: ClientEvents[Name]) => void): Off;
  /** The same name gives the same object. Costs nothing until it is used. */
  channel<Name extends ChannelName<C>>(name: Name): Channel<C, Name>;
  /** What was tried, what it proved, what would mend it. */
  explain(): Explanation;
}

/** Opens a session. Everything may be called at once, before it is there. */
export function connect<C extends Contract = Untyped>(url: string, options: ConnectOptions = {}): Client<C> {
  const { seam = 'document' in globalThis ? 'browser' : 'program' } = options.environment ?? {};
  const path = createPath();
  let insight!: Insight;
  let memory!: Memory;
  const client: CoreClient = connectCore(
    url,
    { ...options, environment: { onPage: withNetwork(platform().onPage), ...options.environment } },
    (session, ...given) => {
      const { transports } = session;
      memory = remember(path, url, transports, { ...pageMemory(), ...options.environment });
      insight = createInsight(createSession({ ...session, path }, ...given), transports, seam, path);
      return insight;
    },
    (name, calls) => {
      // However long it takes: nobody would ask again.
      const page = (after: number) =>
        client.request(MEMBERS, { channel: name, after }, { timeout: Infinity }) as Promise<Subscribed>;
      return withMembers(createChannel(name, calls), page, calls.failed);
    },
  );
  const whole = Object.assign(client as unknown as Client<C>, { explain: insight.explain });
  whole.on('transport', ({ to }) => {
    path.first = to;
    memory.keep();
  });
  // Whatever is learned, is learned from an end.
  whole.on('system', () => memory.keep());
  return whole;
}
