/** Makes the parts that one node shares, with the defaults of every limit and time. */
import {
  compileContract,
  HEARTBEAT,
  MARKER_DELAY,
  MAX_CHANNELS,
  MAX_MESSAGE_BYTES,
  SEND_WINDOW,
  SESSION_WINDOW,
  SUPERSEDED_GRACE,
} from '@iskra/protocol/wire';
import type { Contract } from '@iskra/protocol/wire';
import type { Logger } from 'pino';
import { compileChannels } from './channel-kinds.js';
import type { ChannelOptions } from './channel-kinds.js';
import { Channels } from './channels.js';
import type { Authenticate, Authorize, Core, Limits, SystemEvents, Times } from './core.js';
import { REMIND_AGAIN } from './deadlines.js';
import type { Environment } from './environment.js';
import type { Hooks } from './hooks.js';
import { Hub } from './hub.js';
import { sessionKeys } from './keys.js';
import { Events } from './observe/events.js';
import type { OnError } from './observe/events.js';
import { createMetrics } from './observe/metrics.js';
import { timedStore } from './observe/metrics/timed-store.js';
import { NodeVoices } from './observe/node-voices.js';
import { Patterns } from './observe/patterns.js';
import { SystemLog } from './observe/system-log.js';
import { Whereabouts } from './observe/whereabouts.js';
import { Pulse } from './pulse.js';
import { Rates } from './rates.js';
import type { Mode, SessionSettings } from './session.js';
import type { Store } from './store.js';
import { memoryStore } from './stores/memory.js';

/** What a core is made of. The options of the same names are explained at `RealtimeOptions`. */
export interface CoreOptions {
  contract?: Contract | undefined;
  authenticate?: Authenticate | undefined;
  authorize?: Authorize | undefined;
  hooks?: Hooks | undefined;
  channels?: Readonly<Record<string, ChannelOptions>> | undefined;
  store?: Store | undefined;
  secret?: string | readonly string[] | undefined;
  limits?: Partial<Limits> | undefined;
  times?: Partial<Times> | undefined;
  node?: string | undefined;
  cluster?: string | undefined;
  onError?: OnError | undefined;
  sampling?: boolean | undefined;
  systemEvents?: SystemEvents | undefined;
  /** Where lines go; undefined for nowhere. */
  logger?: Logger | undefined;
  /** Whether times are measured. Default true. */
  measures?: boolean | undefined;
  patterns?: boolean | undefined;
}

export const LIMITS: Limits = {
  message: MAX_MESSAGE_BYTES,
  sends: SEND_WINDOW,
  sendRate: { perSecond: 200, burst: 400 },
  openRate: { perSecond: 50, burst: 500 },
  requestRate: { perSecond: 2000, burst: 4000 },
  connectionsPerAddress: 2000,
  strangersPerAddress: 100,
  connections: 100_000,
  bodies: 64 * 1024 * 1024,
  channels: MAX_CHANNELS,
  backlog: 256 * 1024,
  // Twice what a client of ours lets wait by itself: it is never held up by this.
  unsettled: 2 * 1024 * 1024,
  handler: 30_000,
};

export const TIMES: Times = {
  heartbeat: HEARTBEAT,
  window: SESSION_WINDOW,
  hello: 5_000,
  slow: 30_000,
  marker: MARKER_DELAY,
  linger: 30,
  supersededGrace: SUPERSEDED_GRACE,
};

/** Entries of one log read. */
const READ_SIZE = 128;
/** Heartbeats: a client at rest is heard once in each, and its answer takes its time. */
export const LEAST_SILENCE = 1.5;
/** Milliseconds that a probe may stay. */
const PROBE_TIMEOUT = 30_000;

export function createCore(options: CoreOptions, environment: Environment): Core {
  const limits = { ...LIMITS, ...options.limits };
  const times = timesOf(options.times);
  const { clock, wallClock, defer, randomId } = environment;
  const { measures = true } = options;
  // The memory of this process answers at once: there is nothing to be timed.
  const timesStore = measures && options.store !== undefined;
  const metrics = createMetrics({ measures, timesStore });
  const given = options.store ?? memoryStore({ window: times.window });
  const { channels = {}, hooks = {} } = options;
  const channelKinds = compileChannels(channels, times.window);
  const tellsEnds = hooks.disconnect !== undefined;
  if (tellsEnds || Object.keys(channels).length > 0) {
    given.agree({ retentionOf: channelKinds.retentionOf, tellsEnds });
  }
  const store = metrics.store === undefined ? given : timedStore(given, clock, metrics.store);
  const hub = new Hub(store, defer, measures ? { clock, seconds: metrics.delivery } : undefined);
  const { cluster = 'iskra', node = randomId().slice(0, 8), logger, onError, sampling } = options;
  const connections: Core['connections'] = new Set();
  const voices = new NodeVoices(connections, clock);
  const events = new Events({
    ...{ node, cluster, logger, onError, sampling, wallClock, defer },
    now: () => clock.now(),
    patterns: options.patterns === false ? undefined : new Patterns(),
    voices: (dimension, session) => voices.at(dimension, session === undefined ? [] : hub.ofSession(session)),
  });
  const run = randomId();
  let claims = 0;
  return {
    node,
    store,
    pulse: new Pulse(),
    hub,
    clock,
    wallClock,
    // Two of them are as long as the key that an HMAC of SHA-256 asks for.
    keys: sessionKeys([options.secret ?? randomId() + randomId()].flat()),
    contract: compileContract(options.contract),
    channels: new Channels((session) => hub.ofSession(session), limits.channels, times.window),
    settings: {
      stream: sessionSettings('stream', limits, times),
      poll: sessionSettings('poll', limits, times),
      send: sessionSettings('send', limits, times),
    },
    connections,
    plainClients: new Set(),
    limits,
    times,
    opens: new Rates(limits.openRate),
    sends: new Rates(limits.sendRate),
    reminders: new Rates({ perSecond: 1_000 / REMIND_AGAIN, burst: 1 }),
    events,
    systemLog: options.systemEvents && new SystemLog(store, events, () => clock.now()),
    whereabouts: new Whereabouts(times.window),
    metrics,
    voices,
    authenticate: options.authenticate,
    authorize: options.authorize,
    systemEvents: options.systemEvents,
    hooks,
    greetings: new Map(),
    channelKinds,
    handlers: new Map(),
    // A node's name may be used again after a restart; a claim's must not be.
    nextClaim: () => `${run}:${++claims}`,
    performing: new Set(),
    working: 0,
    drain: undefined,
  };
}

function timesOf(given: Partial<Times> | undefined): Times {
  const times = { ...TIMES, ...given };
  const { heartbeat, silence } = times;
  const least = heartbeat * LEAST_SILENCE;
  if (silence !== undefined && !(silence >= least)) {
    throw new RangeError(
      `times.silence is ${silence} ms, and times.heartbeat is ${heartbeat}: a client that is well answers each heartbeat, ` +
        `so connections at rest would be closed. Make silence ${least} or more, or the heartbeat shorter.`,
    );
  }
  return times;
}

function sessionSettings(mode: Mode, limits: Limits, times: Times): SessionSettings {
  return {
    mode,
    heartbeat: times.heartbeat,
    silence: times.silence,
    markerDelay: times.marker,
    helloTimeout: times.hello,
    probeTimeout: PROBE_TIMEOUT,
    supersededGrace: times.supersededGrace,
    slowTimeout: times.slow,
    linger: times.linger,
    // Twice what is announced: a client that resends after a switch is not one that floods.
    window: limits.sends * 2,
    rate: limits.sendRate,
    readSize: READ_SIZE,
  };
}
