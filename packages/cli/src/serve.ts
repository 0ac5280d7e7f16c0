/** `iskra serve`: a realtime server without a line of code. Everything may be said in it, by everybody. */
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { explainListening } from './listening.js';
import { refuseUnknown, setting, UsageError, valuesOf, whole } from './usage.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
type Level = (typeof LEVELS)[number];

const args = {
  port: {
    type: 'string',
    valueHint: 'number',
    description: 'where to listen; 0 takes a free one [PORT, 8000]',
  },
  host: { type: 'string', valueHint: 'address', description: 'the address to listen on [HOST, 0.0.0.0]' },
  path: { type: 'string', valueHint: 'path', description: 'where the transports are [/realtime]' },
  origin: {
    type: 'string',
    valueHint: 'origin',
    description: "a page's origin that may connect; repeatable, * for all [ORIGINS, the server's own]",
  },
  'trusted-proxies': {
    type: 'string',
    valueHint: 'number',
    description: 'proxies in front whose X-Forwarded-For counts [TRUSTED_PROXIES, 0]',
  },
  redis: {
    type: 'string',
    valueHint: 'url',
    description:
      'share everything with other nodes through this Redis; commas for a cluster; needs SECRET [REDIS_URL]',
  },
  'log-level': { type: 'string', valueHint: 'level', description: `${LEVELS.join(', ')} [LOG_LEVEL, info]` },
  'shutdown-timeout': {
    type: 'string',
    valueHint: 'seconds',
    description: 'how long clients have to leave on ending [SHUTDOWN_TIMEOUT, 1800; 0 under node --watch]',
  },
  'shutdown-notice': {
    type: 'string',
    valueHint: 'seconds',
    description:
      'between /ready saying no and the clients being told: for balancers to see it [SHUTDOWN_NOTICE, 0]',
  },
} satisfies ArgsDef;

export interface ServeSettings {
  port: number;
  hostname: string;
  path: string;
  /** undefined: the server's own origin only. */
  origins: '*' | readonly string[] | undefined;
  trustedProxies: number;
  level: Level;
  /** Where sessions and channels are kept; undefined: in this process. */
  redis: string | undefined;
  /** What session keys are signed with; undefined: something new at each start. */
  secret: string | undefined;
  /** Milliseconds. */
  shutdownTimeout: number;
  /** Milliseconds. */
  shutdownNotice: number;
}

export const serveCommand = defineCommand({
  meta: { name: 'serve', description: 'start a realtime server' },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra serve', rawArgs, args);
    const settings = readSettings(given, valuesOf('origin', rawArgs, args));
    const serving = await start(settings);
    announce(serving, settings);
  },
});

/** Flags before environment variables before defaults. */
export function readSettings(given: Record<string, unknown>, origins: readonly string[]): ServeSettings {
  return {
    port: whole(setting('port', given['port'], 'PORT'), {
      otherwise: 8000,
      min: 0,
      max: 65_535,
      what: 'the number of a port',
    }),
    hostname: setting('host', given['host'], 'HOST')?.value ?? '0.0.0.0',
    path: readPath(setting('path', given['path'])?.value ?? '/realtime'),
    origins: readOrigins(
      origins.length > 0 ? origins : listed('ORIGINS'),
      origins.length > 0 ? '--origin' : 'ORIGINS',
    ),
    trustedProxies: whole(setting('trusted-proxies', given['trusted-proxies'], 'TRUSTED_PROXIES'), {
      otherwise: 0,
      min: 0,
      max: 10,
      what: 'the number of proxies in front',
    }),
    level: readLevel(setting('log-level', given['log-level'], 'LOG_LEVEL')),
    ...readShared(setting('redis', given['redis'], 'REDIS_URL'), process.env['SECRET']),
    shutdownTimeout: milliseconds(
      setting('shutdown-timeout', given['shutdown-timeout'], 'SHUTDOWN_TIMEOUT'),
      // `node --watch` waits for the old process before it starts the new one.
      { otherwise: process.env['WATCH_REPORT_DEPENDENCIES'] === undefined ? 1800 : 0, max: 86_400 },
    ),
    shutdownNotice: milliseconds(setting('shutdown-notice', given['shutdown-notice'], 'SHUTDOWN_NOTICE'), {
      otherwise: 0,
      max: 600,
    }),
  };
}

async function start(settings: ServeSettings): Promise<Serving> {
  const {
    port,
    hostname,
    path,
    origins,
    trustedProxies,
    level,
    redis,
    secret,
    shutdownTimeout,
    shutdownNotice,
  } = settings;
  // Loaded by those alone who asked for it.
  const store = redis === undefined ? undefined : (await import('@iskra/server/redis')).redisStore(redis);
  const realtime = createRealtime({
    logger: level,
    trustedProxies,
    ...(origins !== undefined && { origins }),
    ...(store !== undefined && { store }),
    ...(secret !== undefined && { secret }),
  });
  try {
    return await serve(realtime, { port, hostname, path, shutdownTimeout, shutdownNotice, signals: true });
  } catch (error) {
    await realtime.close();
    throw explainListening(error, settings);
  }
}

/** To standard error: standard output carries the log and nothing but the log. */
function announce({ url, port }: Serving, { path, shutdownTimeout }: ServeSettings): void {
  console.error(
    `iskra is ready at ${url}\n` +
      `  transports  ${url}${path}\n` +
      `  try it      ws://localhost:${port}/ws/you\n` +
      `  watch it    ${url}/health  ${url}/metrics`,
  );
  const leave = (): void => {
    const seconds = shutdownTimeout / 1000;
    console.error(`iskra is shutting down: clients have ${seconds} s to leave; once more ends it at once`);
  };
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
}

function readPath(path: string): string {
  if (/^(\/[A-Za-z0-9._~-]+)+$/.test(path)) return path;
  throw new UsageError(`--path is "${path}"; it must start with / and not end with one, as in /realtime.`);
}

/** What a variable lists, with commas between. */
function listed(variable: string): string[] {
  const given = (process.env[variable] ?? '').split(',').map((one) => one.trim());
  return given.filter((one) => one !== '');
}

function readOrigins(origins: readonly string[], name: string): ServeSettings['origins'] {
  if (origins.length === 0) return undefined;
  if (origins.includes('*')) return '*';
  return origins.map((origin) => {
    const parsed = URL.canParse(origin) ? new URL(origin).origin : undefined;
    if (parsed !== undefined && parsed !== 'null' && origin.replace(/\/$/, '').toLowerCase() === parsed)
      return parsed;
    throw new UsageError(
      `${name} is "${origin}"; it must be a scheme, a host and, unless it is the usual one, a port, as in https://app.example.`,
    );
  });
}

/** Of a setting in seconds. */
const milliseconds = (
  given: { name: string; value: string } | undefined,
  bounds: { otherwise: number; max: number },
): number => 1000 * whole(given, { ...bounds, min: 0, what: 'a whole number of seconds' });

function readShared(
  redis: { name: string; value: string } | undefined,
  secret: string | undefined,
): Pick<ServeSettings, 'redis' | 'secret'> {
  if (redis === undefined) return { redis: undefined, secret: secret || undefined };
  const isUrl = redis.value
    .split(',')
    .every((url) => /^rediss?:\/\/./.test(url.trim()) && URL.canParse(url.trim()));
  if (!isUrl) {
    throw new UsageError(
      `${redis.name} is no URL of a Redis; it must be like redis://127.0.0.1:6379, or several of a cluster with commas between.`,
    );
  }
  if (!secret) {
    throw new UsageError(
      `${redis.name} needs SECRET in the environment, the same for all nodes: a session's key is signed with it, and every node has to accept it. Make one with: openssl rand -base64 32`,
    );
  }
  return { redis: redis.value, secret };
}

function readLevel(given: { name: string; value: string } | undefined): Level {
  if (given === undefined) return 'info';
  const level = LEVELS.find((known) => known === given.value.toLowerCase());
  if (level !== undefined) return level;
  throw new UsageError(`${given.name} is "${given.value}"; the levels are ${LEVELS.join(', ')}.`);
}
