/** Programs of the tests as processes of their own, whose verbs are called over IPC. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { remote } from '../browser/remote.js';
import type { Remote } from '../browser/remote.js';

interface Call {
  id: number;
  verb: string;
  given: unknown[];
}
interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

export interface Child<Verbs> {
  readonly does: Remote<Verbs>;
  readonly pid: number;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<void>;
  /** At once, as in a crash. */
  kill(): Promise<void>;
}

/** What runs a program, and what it is told before the program's name. */
export interface Runtime {
  readonly execPath: string;
  readonly execArgv: string[];
}

/** In the child: its verbs. It ends when its parent does. */
export function expose(verbs: object): void {
  const all = verbs as Record<string, (...given: unknown[]) => unknown>;
  process.on('message', ({ id, verb, given }: Call) => {
    Promise.resolve()
      .then(() => all[verb]!(...given))
      .then(
        (value) => process.send?.({ id, value }),
        (error: unknown) => process.send?.({ id, error: String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ id: 0 });
}

/** Starts a compiled program, as `transports/serve`; answers when it is ready. */
export async function startChild<Verbs>(
  program: string,
  config: unknown = {},
  execArgv: string[] = [],
  execPath = process.execPath,
): Promise<Child<Verbs>> {
  // The same from the source of a test and from what was compiled.
  const path = fileURLToPath(import.meta.url.replace(/^(.*\/e2e)\/.*$/, `$1/dist/${program}.js`));
  const child = fork(path, [JSON.stringify(config)], {
    execPath,
    execArgv,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let calls = 0;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      for (const { reject } of waiting.values()) reject(new Error(`${program} has ended.`));
      waiting.clear();
      resolve();
    });
  });
  const answer = (id: number): Promise<unknown> =>
    new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  child.on('message', ({ id, value, error }: Answer) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) one?.resolve(value);
    else one?.reject(new Error(`${program}: ${error}`));
  });
  await answer(0);
  return {
    does: remote<Verbs>((verb, given) => {
      const id = ++calls;
      child.send({ id, verb, given } satisfies Call);
      return answer(id);
    }),
    pid: child.pid!,
    ended: gone,
    kill() {
      child.kill('SIGKILL');
      return gone;
    },
  };
}
