/**
 * Real Redis servers for tests: each on a free port, in a directory of its own, ended by its process. A primary alone,
 * with a replica, or three masters of a cluster.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until as isSoon } from '../matrix/speak.js';
import { freePort } from '../ports.js';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Asks it what the store does not: its answers are what Redis says. */
  readonly client: Redis;
  /** Ends it as a crash does, and gives its port back. */
  kill(): Promise<void>;
  /** On the same port again, with what it saved, if it was told to. */
  start(): Promise<void>;
  /** Stops it in its tracks, or lets it go on. */
  pause(): void;
  resume(): void;
  end(): Promise<void>;
}

/** @param settings as on its command line, such as `--appendonly yes` */
export async function startRedis(...settings: string[]): Promise<RedisServer> {
  const port = await portOfServer();
  const dir = await mkdtemp(join(tmpdir(), 'iskra-redis-'));
  let child: ChildProcess | undefined;
  const client = new Redis(port, { lazyConnect: true, maxRetriesPerRequest: null });
  client.on('error', () => {});

  const start = async (): Promise<void> => {
    const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
    const given = [...own, '--repl-diskless-sync-delay', '0', ...settings];
    child = spawn('redis-server', given, { stdio: ['ignore', 'pipe', 'pipe'] });
    // It must not outlive this process, whatever ends that: the end of its input is the end of what is on the leash.
    const leash = spawn('sh', ['-c', `read -r _; kill -9 ${child.pid}; sleep 1; rm -rf "$0"`, dir], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.once('exit', () => leash.kill('SIGKILL'));
    let said = '';
    child.stdout?.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4_000)));
    const died = once(child, 'exit').then(() => {
      throw new Error(`redis-server ended at its start:\n${said}`);
    });
    died.catch(() => {});
    await Promise.race([died, isUp(port)]);
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };

  await start();
  await client.connect();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client,
    kill,
    start,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async end() {
      client.disconnect();
      child?.kill('SIGCONT');
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface RedisCluster {
  readonly url: string;
  readonly servers: readonly RedisServer[];
  end(): Promise<void>;
}

/** A slot that nobody serves takes no other one with it. */
export const OF_A_CLUSTER = [
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'],
  ...['--cluster-require-full-coverage', 'no'],
];

/** Three masters that share all slots. */
export async function startCluster(): Promise<RedisCluster> {
  const servers = await Promise.all([0, 1, 2].map(() => startRedis(...OF_A_CLUSTER)));
  await Promise.all(
    servers.map(async ({ client }, index) => {
      const from = Math.floor((index * 16_384) / servers.length);
      const to = Math.floor(((index + 1) * 16_384) / servers.length) - 1;
      await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }),
  );
  // Only now: whoever knows another one takes no epoch any more.
  const [first, ...others] = servers;
  for (const { port } of others) await first?.client.call('CLUSTER', 'MEET', '127.0.0.1', port);
  await Promise.all(
    servers.map(({ client }) =>
      until(async () => {
        const info = await client.cluster('INFO');
        return /cluster_slots_ok:16384/.test(info) && /cluster_state:ok/.test(info);
      }),
    ),
  );
  return {
    url: servers.map(({ url }) => url).join(','),
    servers,
    end: async () => void (await Promise.all(servers.map((server) => server.end()))),
  };
}

/**
 * Makes one follow the other. The primary counts it before its first word, which comes once a second, and sends it nothing
 * until then: so something is written, and waited for.
 */
export async function replicate(primary: RedisServer, replica: RedisServer): Promise<void> {
  await replica.client.replicaof('127.0.0.1', primary.port);
  await until(async () => /master_link_status:up/.test(await replica.client.info('replication')));
  await replicated(primary);
}

/**
 * Resolves when so many replicas have all that it has. It waits for what came over one connection, so something is written
 * over that, behind all the rest. `key`: of a slot that it serves.
 */
export async function replicated(primary: RedisServer, replicas = 1, key = 'replicated'): Promise<void> {
  await primary.client.set(key, 1, 'PX', 1);
  await until(async () => (await primary.client.wait(replicas, 500)) >= replicas);
}

/** Asks again until it is so. */
export async function until(isSo: () => Promise<boolean> | boolean, within = 20_000): Promise<void> {
  if (await isSoon(isSo, within)) return;
  throw new Error(`it did not become so within ${within} ms: ${isSo.toString()}`);
}

async function isUp(port: number): Promise<void> {
  const probe = new Redis(port, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  probe.on('error', () => {});
  try {
    await probe.ping();
  } finally {
    probe.disconnect();
  }
}

/** The cluster bus of a server listens 10,000 above, so not just any will do. */
async function portOfServer(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port + 10_000 < 65_536) return port;
  }
}
