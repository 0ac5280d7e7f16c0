/** One rehearsal of an end: a server of its own process, plain clients on it, signals, and what was seen. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { startServer } from '../server.js';

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
  const server = await startServer('--shutdown-timeout', `${timeout / 1_000}`);
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
    await server.said('drain_began', ROOM);
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
