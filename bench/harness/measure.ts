/** The ways of measuring a case: CPU over a window, CPU until the work is done, a figure of the load's own. */
import { setTimeout as pause } from 'node:timers/promises';
import { startLoad, startServer } from './processes.js';
import type { Process } from './processes.js';
import type { Case, Sample } from './work.js';

/** What is asked of all processes at once. */
export interface Moment {
  at: number;
  /** CPU of the load, µs, and messages that it has received. */
  load: number;
  counted: number;
}

interface ServerMoment extends Moment {
  server: number;
}

/** What lies between two moments, of the messages in between. */
type Figure<Of extends Moment> = (from: Of, to: Of, messages: number) => number;

/** Server CPU per message over a window of work that goes on and on. */
export const overWindow = (the: Case): Promise<Sample> =>
  inProcesses(the, (server, load) => inWindow(the, load, () => moment(server, load), serverCpu));

/** A figure of a window, after a warm-up of a third. */
export async function inWindow<Of extends Moment>(
  the: Case,
  load: Process,
  look: () => Promise<Of>,
  figure: Figure<Of>,
): Promise<Sample> {
  await load.ask('begin');
  await pause(Math.max(500, (the.seconds * 1000) / 3));
  const from = await look();
  await pause(the.seconds * 1000);
  return between(from, await look(), figure);
}

const serverCpu: Figure<ServerMoment> = (from, to, messages) => (to.server - from.server) / messages;

/** Server CPU per message from the beginning of the work to its end. */
export const untilDone = (the: Case): Promise<Sample> =>
  inProcesses(the, async (server, load) => {
    const from = await moment(server, load);
    await load.ask('begin');
    return between(from, await moment(server, load), serverCpu);
  });

/** What the load itself measured. */
export const byLoad = (the: Case): Promise<Sample> =>
  inProcesses(the, async (_, load) => {
    await load.ask('begin');
    return { value: await load.ask<number>('figure') };
  });

/** Resident memory of the server per message of the load, both sides of its work swept clean. */
export const memory = (the: Case): Promise<Sample> =>
  inProcesses(the, async (server, load) => {
    const from = await load.ask<{ counted: number }>('moment');
    const before = await server.ask<number>('memory');
    await load.ask('begin');
    // Timers that follow a connection, such as a first heartbeat, have run by then.
    await pause(1_000);
    const after = await server.ask<number>('memory');
    const to = await load.ask<{ counted: number }>('moment');
    return { value: (after - before) / (to.counted - from.counted) };
  });

/** Ms in which every heartbeat of every connection comes up twice, by the defaults of all peers. */
const HEARTBEATS = 50_000;
/**
 * Ms behind the arrival of the connections: so long V8 still compiles and collects what it left. A server at rest is so for
 * hours, and takes a third of it then.
 */
const SETTLING = 60_000;

/** Share of a core that the server takes while nobody says anything, in %. */
export const atRest = (the: Case): Promise<Sample> =>
  inProcesses(the, async (server, load) => {
    await pause(SETTLING);
    const from = await moment(server, load);
    await pause(HEARTBEATS);
    const to = await moment(server, load);
    return { value: (to.server - from.server) / (to.at - from.at) / 10 };
  });

async function inProcesses(
  the: Case,
  work: (server: Process, load: Process) => Promise<Sample>,
): Promise<Sample> {
  const server = await startServer(the);
  try {
    const load = await startLoad(the, await server.ask<number>('port'));
    try {
      return await work(server, load);
    } finally {
      await load.stop();
    }
  } finally {
    await server.stop();
  }
}

/** Both ends are asked at the same time: what lies between the two answers is far below the noise. */
async function moment(server: Process, load: Process): Promise<ServerMoment> {
  const [onServer, onLoad] = await Promise.all([
    server.ask<number>('cpu'),
    load.ask<{ cpu: number; counted: number }>('moment'),
  ]);
  return { at: performance.now(), server: onServer, load: onLoad.cpu, counted: onLoad.counted };
}

function between<Of extends Moment>(from: Of, to: Of, figure: Figure<Of>): Sample {
  const messages = to.counted - from.counted;
  const milliseconds = to.at - from.at;
  if (messages <= 0) throw new Error('nothing was delivered in the measured window');
  return {
    value: figure(from, to, messages),
    rate: (messages / milliseconds) * 1000,
    load: (to.load - from.load) / 1000 / milliseconds,
  };
}
