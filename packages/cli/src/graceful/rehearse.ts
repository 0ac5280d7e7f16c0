/** One rehearsal of an end: a server of its own process, plain clients on it, signals, and what was seen. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { Failure } from '../usage.js';

export interface Plan {
  name: string;
  clients: number;
  /** Milliseconds that the server gives its clients. */
  timeout: number;
  /** The clients go one after another when they are told; else they stay. */
  leave: boolean;
  /** The signal comes a second time. */
  twice: boolean;
}

export interface Check {
  what: string;
  ok: boolean;
  /** What was seen instead. */
  saw?: string;
}

export interface Rehearsal {
  name: string;
  ok: boolean;
  /** From the signal to the end of the process, ms. */
  took: number;
  checks: Check[];
}

/** Milliseconds that everything may take beside what it is meant to take. */
const ROOM = 10_000;
/** Between two clients that leave, ms. */
const APART = 50;

export async function rehearse({ name, clients, timeout, leave, twice }: Plan): Promise<Rehearsal> {
  const server = await startServer(timeout);
  try {
    const sockets = await Promise.all(
      Array.from({ length: clients }, (_, at) => open(`${server.url}/ws/${at}`)),
    );
    const closes = sockets.map((socket) => once(socket, 'close').then(([code]) => code as number));
    const checks: Check[] = [];
    const check = (what: string, ok: boolean, saw: unknown): void =>
      void checks.push({ what, ok, ...(!ok && { saw: JSON.stringify(saw) ?? 'nothing' }) });

    const began = performance.now();
    server.process.kill('SIGTERM');
    await server.said('drain_began');
    const [ready, health] = await Promise.all([ask(`${server.url}/ready`), ask(`${server.url}/health`)]);
    check('/ready says no', ready.status === 503, ready);
    const { shutdown_in_progress: isGoing, active_connections: active } = health.body;
    check(
      '/health says that it goes down, and how many are there',
      isGoing === true && active === clients,
      health.body,
    );
    if (leave) {
      for (const socket of sockets) {
        socket.close();
        await pause(APART);
      }
    }
    if (twice) server.process.kill('SIGTERM');
    const ended = await Promise.race([server.ended, pause(timeout + ROOM, undefined, { ref: false })]);
    const took = performance.now() - began;
    check('it exits with code 0', ended === 0, ended ?? `alive after ${Math.round(took)} ms`);

    const left = server.lines.filter(({ delta }) => delta === 'client_left').length;
    if (leave) {
      check('each client that leaves is told in the log', left === clients, left);
      check('it does not wait for the timeout', took < timeout, took);
      check('the log says when the last is gone', server.has('drain_ended'), server.deltas());
    }
    if (!leave && !twice) {
      check('it waits for the timeout', took >= timeout - 50, took);
      check('the log says that it had to close them', server.has('drain_forced'), server.deltas());
      const codes = [...new Set(await Promise.all(closes))];
      check(
        'clients are closed with 1012, "service restart"',
        codes.length === 1 && codes[0] === 1012,
        codes,
      );
    }
    if (twice) check('the second signal ends it at once', took < timeout, took);
    return { name, ok: checks.every(({ ok }) => ok), took: Math.round(took), checks };
  } finally {
    server.process.kill('SIGKILL');
  }
}

interface Line {
  delta?: string;
}

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
  readonly lines: readonly Line[];
  /** With its exit code. */
  readonly ended: Promise<number | null>;
  /** Resolves when a line of this delta is in the log. */
  said(delta: string): Promise<void>;
  has(delta: string): boolean;
  deltas(): string[];
}

async function startServer(timeout: number): Promise<Server> {
  const command = fileURLToPath(new URL('../../bin/iskra.js', import.meta.url));
  const given = ['serve', '--port', '0', '--host', '127.0.0.1', '--log-level', 'info'];
  const child = spawn(process.execPath, [command, ...given, '--shutdown-timeout', `${timeout / 1_000}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  let complaint = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
      const [, found] = /ready at (http\S+)/.exec(complaint) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Failure(`iskra serve did not start: ${complaint.trim()}`)));
  });
  const has = (delta: string): boolean => lines.some((line) => line.delta === delta);
  return {
    ...{ process: child, url, lines, ended, has },
    async said(delta) {
      const end = performance.now() + ROOM;
      while (!has(delta)) {
        if (performance.now() > end)
          throw new Failure(`the log of iskra serve has no ${delta}, ${ROOM / 1_000} s after the signal`);
        await pause(10);
      }
    },
    deltas: () => lines.flatMap(({ delta }) => delta ?? []),
  };
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'));
  // Closed from the other side, or with it: the check of its code says how.
  socket.on('error', () => {});
  await once(socket, 'message');
  return socket;
}

async function ask(url: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
