/** The ways of measuring a case of two nodes: node A publishes, node B holds the subscribers, Redis is between them. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { inWindow } from './measure.js';
import type { Moment } from './measure.js';
import { startLoad, startNode, startRedis } from './processes.js';
import type { Process } from './processes.js';
import type { Case, Sample } from './work.js';

interface Nodes {
  readonly a: Process;
  readonly b: Process;
  readonly load: Process;
  /** Undefined where one node is alone, which is both A and B then. */
  readonly redis: number | undefined;
}

interface NodesMoment extends Moment {
  a: number;
  b: number;
}

/** What a window cost. */
interface Cost {
  /** CPU of each, µs. */
  readonly a: number;
  readonly b: number;
  readonly milliseconds: number;
  readonly deliveries: number;
}

/** A figure of a window of work that goes on and on. */
export const acrossWindow = (the: Case, figure: (cost: Cost) => number): Promise<Sample> =>
  acrossNodes(the, (nodes) =>
    inWindow(
      the,
      nodes.load,
      () => moment(nodes),
      (from, to, deliveries) =>
        figure({ a: to.a - from.a, b: to.b - from.b, milliseconds: to.at - from.at, deliveries }),
    ),
  );

/** Commands that the nodes gave Redis for each delivery; those that a script gives itself are not counted. */
export const acrossCommands = (the: Case): Promise<Sample> =>
  acrossNodes(the, async ({ load, redis }) => {
    await load.ask('begin');
    await pause(1_000);
    const counter = await monitor(redis!);
    const from = await load.ask<{ counted: number }>('moment');
    const before = counter.commands();
    await pause(the.seconds * 1000);
    const to = await load.ask<{ counted: number }>('moment');
    const commands = counter.commands() - before;
    counter.close();
    return { value: commands / (to.counted - from.counted) };
  });

async function acrossNodes(the: Case, work: (nodes: Nodes) => Promise<Sample>): Promise<Sample> {
  const stops: (() => Promise<void>)[] = [];
  const kept = <Ended extends { stop(): Promise<void> }>(one: Ended): Ended => {
    stops.unshift(() => one.stop());
    return one;
  };
  try {
    const redis = the.row === 'alone' ? undefined : kept(await startRedis()).port;
    const b = kept(await startNode(the, redis, 0));
    const a = redis === undefined ? b : kept(await startNode(the, redis));
    const load = kept(await startLoad(the, await b.ask('port'), await a.ask('publisher')));
    return await work({ a, b, load, redis });
  } finally {
    for (const stop of stops) await stop();
  }
}

async function moment({ a, b, load }: Nodes): Promise<NodesMoment> {
  // One after the other where they are one: a process is asked one thing at a time.
  const onB = await b.ask<number>('cpu');
  const [onA, onLoad] = await Promise.all([
    a.ask<number>('cpu'),
    load.ask<{ cpu: number; counted: number }>('moment'),
  ]);
  return { at: performance.now(), a: onA, b: onB, load: onLoad.cpu, counted: onLoad.counted };
}

/** Counts what Redis is told to do, by its own word (`MONITOR`). */
function monitor(port: number): Promise<{ commands(): number; close(): void }> {
  return new Promise((resolve, reject) => {
    let commands = 0;
    let rest = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('MONITOR\r\n'));
    socket.once('error', reject);
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\r\n');
      rest = lines.pop()!;
      // `+1700000000.000000 [0 127.0.0.1:5000] "evalsha" …`; a script's own say `[0 lua]`.
      for (const line of lines) if (/^\+[\d.]+ \[\d+ (?!lua\])/.test(line)) commands++;
      resolve({ commands: () => commands, close: () => socket.destroy() });
    });
  });
}
