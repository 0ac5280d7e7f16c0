/** Strikes one node of a fleet while a crowd goes on talking through the balancer, as a machine that fails does. */
import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { TransportName } from '@iskra/client';
import { pause } from '../matrix/speak.js';
import { runBalancer } from './balancer.js';
import { gather, GHOST } from './crowd.js';
import type { Crowd, Tally } from './crowd.js';
import type { MortalFleet, Signal } from './fleet.js';
import { inWords } from './roll.js';
import type { Settings } from './roll.js';

export interface Struck {
  readonly tallies: readonly Tally[];
  readonly sends: Crowd['sends'];
  /** Ms by which this process, which is all the clients, was late itself meanwhile, at most. */
  readonly late: number;
}

/** What a node is sent, and for how many ms the talk then goes on. */
export type Blow = readonly [signal: Signal, then: number];

/** What the node had begun waits for its claim meanwhile. */
export const KILL: readonly Blow[] = [['SIGKILL', 15_000]];

/** Ms in which a client has to live again: one that polls has as long as one of its polls, held or put off, may take anyway. */
export const ALIVE_WITHIN: Readonly<Record<TransportName, number>> = {
  ...{ websocket: 3_000, sse: 3_000, 'long-poll': 15_000, polling: 5_000 },
};

/** That a member who went with the node may stay listed, ms: a presence window and the sweeps behind it, and a busy machine. */
const LISTED = 90_000;

/** Strikes the first node. Among its clients is one that never comes back: it has to leave the member list. */
export async function strike(
  fleet: MortalFleet,
  { each, rooms, every }: Settings,
  blows: readonly Blow[],
): Promise<Struck> {
  const balancer = await runBalancer(fleet.ports);
  try {
    const crowd = await gather(`http://127.0.0.1:${balancer.port}/realtime`, each, rooms, true);
    await comeAsGhost(`http://127.0.0.1:${fleet.ports[0]}/realtime/poll`);
    crowd.talk(every);
    // What is usual is there before anything happens.
    await pause(2_000);
    if (crowd.tallies().every(({ ghosts }) => ghosts === 0)) throw new Error('The ghost is in no list.');
    crowd.mark();
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    for (const [signal, then] of blows) {
      fleet.signal(0, signal);
      await pause(then);
    }
    delay.disable();
    crowd.hush();
    await crowd.rest(15_000);
    await crowd.settle(LISTED);
    const struck = { tallies: crowd.tallies(), sends: crowd.sends, late: delay.max / 1e6 };
    await crowd.close();
    return struck;
  } finally {
    await balancer.close();
  }
}

/** A member of a room on that node, whose client goes with it. */
async function comeAsGhost(poll: string): Promise<void> {
  const nonce = randomBytes(16).toString('base64url');
  const frames = [
    ['hello', { version: 1, nonce }],
    ['subscribe', 1, 'room:0', { presence: GHOST }],
  ];
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(poll, { method: 'POST', headers, body: JSON.stringify(frames) });
  if (!answer.ok) throw new Error(`The ghost was answered ${answer.status}: ${await answer.text()}`);
}

/** What must not be, in words. */
export function wounds({ tallies, sends }: Struck): string[] {
  const sum = (of: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + of(tally), 0);
  const late = ({ live, transport }: Tally): number =>
    live.filter((ms) => ms > ALIVE_WITHIN[transport]).length;
  return inWords({
    'messages lost': sum(({ lost }) => lost),
    'messages doubled or out of order': sum(({ doubled }) => doubled),
    gaps: sum(({ gaps }) => gaps),
    'visible disconnects': sum(({ disconnects }) => disconnects),
    'clients that took too long to live again': sum(late),
    'members told to have left': sum(({ left }) => left),
    'wrong members in lists': sum(({ ghosts }) => ghosts),
    'sends rejected': sends.rejected,
    'sends whose outcome is unknown': sends.unknown,
    'sends that did not come to an end': sends.open,
  });
}
