/**
 * Starts the processes of a case, each on its own core, and speaks with them
 * over IPC. Ends only what it started, and leaves nothing behind.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Case } from './work.js';

/** Milliseconds after which a question is a failure: 5,000 connections on a busy machine take some 20 s. */
const PATIENCE = 60_000;

/** Sockets that one process may need: 5,000 sessions and room to spare. */
const FILES = 65_536;

const canPin =
  process.platform === 'linux' &&
  availableParallelism() >= 2 &&
  spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;

/** How the processes share the machine, as a note for the head of the report. */
export const placement = canPin
  ? 'server on core 0, load on core 1'
  : 'server and load share all cores (no taskset or one core only): ratios hold, figures are noisier';

export interface Process {
  /** Asks the process; rejects when it ends, throws or does not answer in time. */
  ask<Answer>(question: string): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts the server of a case, with a garbage collector that can be called. */
export const startServer = (the: Case): Promise<Process> =>
  start('server', 0, ['--expose-gc', program('../servers/start.js'), JSON.stringify(the)]);

/** Starts one of the nodes of a case; the one without a core of its own takes what the others leave. */
export const startNode = (the: Case, redis: number | undefined, core?: number): Promise<Process> =>
  start('node', core, [program('../servers/start-node.js'), JSON.stringify(the), String(redis ?? '')]);

/** Starts the load of a case against a port, and that of the node that publishes where it is another. */
export const startLoad = (the: Case, ...ports: readonly number[]): Promise<Process> =>
  start('load', 1, [program('../load/start.js'), JSON.stringify(the), ...ports.map(String)]);

const program = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const running = new Set<ChildProcess>();

/** A Redis of its own, in memory only, without a core of its own. Debian's redis-server, or any that is on PATH. */
export async function startRedis(): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: 'ignore',
  });
  running.add(child);
  const closed = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`redis-server does not start: ${error.message}`)));
    child.once('close', () => {
      running.delete(child);
      resolve();
    });
  });
  const stop = (): Promise<void> => {
    child.kill('SIGKILL');
    return closed;
  };
  const listening = async (): Promise<void> => {
    for (let tries = 0; !(await answers(port)); tries++) {
      if (tries === 200) throw new Error('redis-server does not listen after 10 s');
      await pause(50);
    }
  };
  await Promise.race([listening(), closed]);
  return { port, stop };
}

/** Ends whatever is still running, for an interrupted bench. */
export function stopAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

async function start(name: string, core: number | undefined, args: readonly string[]): Promise<Process> {
  const pinned = canPin && core !== undefined ? ['taskset', '-c', String(core)] : [];
  const [command, ...rest] = withFiles([...pinned, process.execPath, ...args]);
  const child = spawn(command!, rest, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  running.add(child);

  let complaints = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4_000);
  });
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      reject(new Error(reasonIn(complaints) ?? `ended early (${signal ?? `exit code ${code}`})`));
    });
  });
  // Whoever asks next hears of it; without a question under way it must not end the bench.
  ended.catch(() => {});

  const answer = (to: string): Promise<unknown> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer to "${to}" within ${PATIENCE / 1000} s`)),
        PATIENCE,
      );
    });
    const message = once(child, 'message').then(([value]: unknown[]) => value);
    return Promise.race([message, ended, late]).finally(() => clearTimeout(timer));
  };

  const self: Process = {
    ask: async <Answer>(question: string) => {
      const answered = answer(`${name}: ${question}`);
      child.send(question);
      return (await answered) as Answer;
    },
    stop: async () => {
      if (!running.has(child)) return;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
  try {
    await answer(`${name}: start`);
    return self;
  } catch (error) {
    await self.stop();
    throw error;
  }
}

/** The line of a crash that says why; the lines around it are the stack. */
function reasonIn(complaints: string): string | undefined {
  return /^\w*Error.*$/m.exec(complaints)?.[0] ?? (complaints.trim().split('\n').at(-1) || undefined);
}

/** The limit of open files can only be raised by a shell in front; where even that is refused, the old one holds. */
function withFiles(command: readonly string[]): readonly string[] {
  if (process.platform === 'win32') return command;
  return ['sh', '-c', `ulimit -n ${FILES} 2>/dev/null; exec "$@"`, 'sh', ...command];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
