/** The numbers that are promised, in the order in which they are told, and how they are measured: the quick ones alone. */
import type { Servers } from '../servers.js';
import { progress } from '../terminal.js';
import { firstMessage, secondVisit } from './first.js';
import { webSocketBack } from './healed.js';
import { cuts } from './idle.js';
import { CLIENTS, whoIs } from './measure.js';
import type { ClientName, Measure, Measured } from './measure.js';
import { silentWhileIdle, silentWhileTalking } from './silent.js';
import { below } from './slow.js';
import { transportsOf } from './visit.js';

const ROUNDS = 5;
const MINUTE = 60_000;
const HEARTBEAT = 20_000;

const first = (name: string, profile: string, atMost: number): Measure => ({
  name: `first message, ${name}`,
  goal: `≤ ${atMost} ms`,
  atMost,
  unit: 'ms',
  rounds: ROUNDS,
  measure: firstMessage(profile),
  peers: true,
});

export const MEASURES: readonly Measure[] = [
  first('nothing in the way', '', 100),
  first('upgrade swallowed', 'swallow-upgrade', 400),
  first('upgrade swallowed, 100 ms round trip', 'swallow-upgrade,latency=50ms', 1_000),
  first('WebSocket silent', 'mute-websocket', 400),
  first('WebSocket silent, 100 ms round trip', 'mute-websocket,latency=50ms', 1_000),
  first('upgrade refused', 'refuse-upgrade=403', 100),
  first('upgrade stripped', 'strip-upgrade', 100),
  first('stream held back whole', 'strip-upgrade,buffer', 700),
  first('stream one behind', 'strip-upgrade,one-behind', 700),
  first('stream and silent WebSocket', 'mute-websocket,buffer', 700),
  ...[100, 200, 300, 600].map((roundTrip): Measure => ({
    name: `transports of a first visit, ${roundTrip} ms round trip`,
    goal: 'WebSocket alone',
    atMost: 1,
    unit: 'times',
    rounds: ROUNDS,
    measure: transportsOf(`latency=${roundTrip / 2}ms`),
  })),
  {
    name: 'second visit, upgrade swallowed',
    goal: 'direct + 1 round trip',
    atMost: 100,
    unit: 'ms',
    rounds: 1,
    measure: secondVisit('swallow-upgrade,latency=50ms', 'latency=50ms'),
  },
  {
    name: 'second visit, stream held back',
    goal: 'direct + 1 round trip',
    atMost: 100,
    unit: 'ms',
    rounds: 1,
    measure: secondVisit('strip-upgrade,buffer,latency=50ms', 'latency=50ms'),
  },
  ...(['', 'strip-upgrade', 'strip-upgrade,buffer'] as const).flatMap((profile): Measure[] => {
    const over = { '': 'WebSocket', 'strip-upgrade': 'stream', 'strip-upgrade,buffer': 'long poll' }[profile];
    return [
      {
        name: `${over} goes silent, both talk`,
        goal: '≤ 5 s',
        atMost: 5_000,
        unit: 'ms',
        measure: silentWhileTalking(profile),
        peers: profile === '',
      },
      {
        name: `${over} goes silent, nobody talks`,
        goal: '≤ a heartbeat',
        atMost: HEARTBEAT,
        unit: 'ms',
        measure: silentWhileIdle(profile),
        peers: profile === '',
      },
    ];
  }),
  ...(['idle=5s', 'strip-upgrade,idle=5s', 'strip-upgrade,buffer,idle=5s'] as const).map(
    (profile): Measure => ({
      name: `cuts in 90 s, ${profile}`,
      goal: '≤ 3, then none',
      atMost: 3,
      unit: 'times',
      measure: cuts(profile),
      peers: profile === 'idle=5s',
    }),
  ),
  ...(['strip-upgrade', 'swallow-upgrade', 'kill-websocket=1s', 'strip-upgrade,buffer'] as const).map(
    (profile): Measure => ({
      name: `WebSocket back after ${profile}`,
      goal: '≤ 60 s',
      atMost: MINUTE,
      unit: 'ms',
      measure: webSocketBack(profile),
    }),
  ),
  {
    name: 'below WebSocket, 300 ± 100 ms and 2 % resets',
    goal: '≤ 60 s at a time',
    atMost: MINUTE,
    unit: 'ms',
    measure: below('latency=150ms,jitter=50ms,resets=2%'),
  },
];

export interface Number {
  readonly measure: Measure;
  readonly measured: Readonly<Partial<Record<ClientName, Measured>>>;
}

/** @param measures those that are wanted */
export async function measureAll(servers: Servers, measures: readonly Measure[]): Promise<Number[]> {
  const clients = CLIENTS.filter((name) => name === 'iskra' || servers.peer);
  const found = new Map<Measure, Partial<Record<ClientName, Measured>>>();
  const take = async (measure: Measure, name: ClientName): Promise<void> => {
    progress(`${measure.name}: ${name}`);
    const measured = await median(measure, () => measure.measure(whoIs(name, servers)));
    found.set(measure, { ...found.get(measure), [name]: measured });
  };
  const all = measures.flatMap((measure) =>
    clients
      .filter((name) => name === 'iskra' || measure.peers === true)
      .map((name) => [measure, name] as const),
  );
  const isQuick = ([{ rounds }]: (typeof all)[number]): boolean => rounds !== undefined;
  for (const one of all.filter(isQuick)) await take(...one);
  // What takes seconds is not in the way of each other.
  await Promise.all(all.filter((one) => !isQuick(one)).map((one) => take(...one)));
  progress('');
  return measures.map((measure) => ({ measure, measured: found.get(measure)! }));
}

/** The one in the middle; who never comes there comes last. */
async function median({ rounds = 1 }: Measure, measure: () => Promise<Measured>): Promise<Measured> {
  const all: Measured[] = [];
  while (all.length < rounds) {
    const one = await measure();
    all.push(one);
    // Who waits in vain once does so again.
    if (one.value === undefined) return one;
  }
  return all.sort((a, b) => a.value! - b.value!)[rounds >> 1]!;
}

/** Whether the goal is reached. */
export const isReached = ({ atMost }: Measure, { value, holds = true }: Measured): boolean =>
  value !== undefined && value <= atMost && holds;
