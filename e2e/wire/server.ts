/** A served realtime in a process of its own, as its tests hold it. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ServerConfig, Stats } from './fixture.js';

const PROGRAM = fileURLToPath(new URL('../dist/wire/serve.js', import.meta.url));

export class WireServer {
  readonly port: number;
  /** Every line of the log. */
  readonly lines: readonly string[];
  /** What reached standard error: nothing should. */
  readonly complaints: readonly string[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, lines: string[], complaints: string[]) {
    this.#child = child;
    this.port = port;
    this.lines = lines;
    this.complaints = complaints;
  }

  static async start(config: ServerConfig = {}): Promise<WireServer> {
    const child = fork(PROGRAM, [JSON.stringify(config)], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const lines: string[] = [];
    const complaints: string[] = [];
    if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => lines.push(line));
    if (child.stderr !== null) createInterface(child.stderr).on('line', (line) => complaints.push(line));
    const { port } = await answerOf<{ port: number }>(child, complaints);
    return new WireServer(child, port, lines, complaints);
  }

  get lives(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stats(): Promise<Stats> {
    const answer = answerOf<{ stats: Stats }>(this.#child, this.complaints);
    if (this.#child.connected) this.#child.send('stats');
    return (await answer).stats;
  }

  /** Asks until the process is as it should be, or the time is over: what is freed is freed a moment later. */
  async settles(isSo: (stats: Stats) => boolean, within = 10_000): Promise<Stats> {
    const until = performance.now() + within;
    let stats = await this.stats();
    while (!isSo(stats) && performance.now() < until) stats = await this.stats();
    return stats;
  }

  async stop(): Promise<void> {
    if (!this.lives) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await gone;
  }
}

function answerOf<Answer>(child: ChildProcess, complaints: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      child.off('exit', onExit);
      resolve(message as Answer);
    };
    const onExit = (): void => {
      child.off('message', onMessage);
      const how = `${child.exitCode ?? 'no code'}, ${child.signalCode ?? 'no signal'}`;
      reject(new Error(`The server's process ended (${how}): ${complaints.join('\n')}`));
    };
    if (child.exitCode !== null || child.signalCode !== null) return onExit();
    child.once('exit', onExit);
    child.once('message', onMessage);
  });
}
