/**
 * Everything that `iskra serve` can be told, once: names, kinds, bounds, defaults and what they are for. The file, the
 * environment, the flags with their help, the JSON Schema for editors and the table of docs/guide/configuration.md follow from it.
 */
import { DEFAULT_LIMITS, DEFAULT_RETENTION, DEFAULT_TIMES } from '@iskra/server';
import { z } from 'zod';
import { choice, file, list, size, text, time, whole, yesOrNo } from './kinds.js';
import type { Kind } from './kinds.js';
import { group, optional, setting, settingsOf } from './setting.js';
import type { Setting } from './setting.js';

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KIB = 1_024;
const MIB = 1_024 * KIB;
const GIB = 1_024 * MIB;
const MANY = 10_000_000;
const PATH = /^(\/[A-Za-z0-9._~-]+)+$/;

const origins = list<'*' | readonly string[]>({
  must: 'origins, each a scheme, a host and, unless it is the usual one, a port, as in https://app.example; or * for all',
  hint: 'origin',
  read(items) {
    if (items.length === 0) return undefined;
    if (items.includes('*')) return '*';
    const read = items.map(originOf);
    return read.includes(undefined) ? undefined : (read as string[]);
  },
  write: (value) => [value].flat().join(','),
});

const redisUrl = list<string>({
  must: 'the URL of a Redis, as in redis://127.0.0.1:6379, or several of a cluster with commas between; rediss:// for TLS',
  hint: 'url',
  read: (urls) =>
    urls.length > 0 && urls.every((url) => /^rediss?:\/\/./.test(url) && URL.canParse(url))
      ? urls.join(',')
      : undefined,
  write: String,
});

const count = (what: string, min = 1, max = MANY): Kind<number> => whole(what, { min, max });

const rate = (is: string, { perSecond, burst }: { perSecond: number; burst: number }) =>
  group(is, {
    perSecond: setting(count('a whole number'), { is: `${is}, each second` }, perSecond),
    burst: setting(count('a whole number'), { is: `${is}, at once after a pause` }, burst),
  });

const kept = (of: string) =>
  group(`what ${of} keeps; the first limit that is reached counts`, {
    entries: setting(count('a whole number'), { is: `entries that ${of} keeps` }, DEFAULT_RETENTION.entries),
    bytes: setting(size({ min: KIB, max: GIB }), { is: `bytes that ${of} keeps` }, DEFAULT_RETENTION.bytes),
    age: setting(
      time({ min: SECOND, max: 30 * 24 * HOUR }),
      { is: `how long ${of} keeps an entry` },
      DEFAULT_RETENTION.age,
    ),
  });

export const Config = z.strictObject({
  $schema: z.string().optional().meta({ description: 'the schema that an editor checks this file with' }),
  port: setting(
    whole('the number of a port', { min: 0, max: 65_535 }),
    { is: 'where to listen; 0 takes a free one', flag: true },
    8_000,
  ),
  host: setting(
    text('an address or a name of this machine, as in 127.0.0.1', 'address', /^[^\s/]+$/),
    { is: 'the address to listen on', flag: true },
    '0.0.0.0',
  ),
  path: setting(
    text('a path that starts with / and does not end with one, as in /realtime', 'path', PATH),
    // PATH itself is where the shell looks for programs.
    { is: 'where the transports are', flag: true, variable: 'REALTIME_PATH' },
    '/realtime',
  ),
  nodeName: optional(
    text('1 to 64 letters, digits and . _ -', 'name', /^[A-Za-z0-9._-]{1,64}$/),
    { is: 'the name of this node in `/health` and to its clients', unset: 'drawn at each start', flag: true }, // prettier-ignore
  ),
  clusterName: setting(
    text('1 to 64 letters, digits and . _ -', 'name', /^[A-Za-z0-9._-]{1,64}$/),
    { is: 'the name of all nodes that share a store, in events and in the log' },
    'iskra',
  ),
  origins: optional(origins, {
    is: 'origins of pages that may connect; `*` for all',
    unset: "the server's own",
    flag: 'origin',
    repeatable: true,
  }),
  allowNoOrigin: setting(yesOrNo, { is: 'whether programs, which send no `Origin`, may connect' }, true),
  trustedProxies: setting(
    count('the number of proxies in front', 0, 10),
    { is: 'proxies in front whose `X-Forwarded-For` counts', flag: true },
    0,
  ),
  secret: optional(text('a text of at least one character, in quotes if it is a number', 'text', /\S/), {
    is: 'signs session keys, the same on all nodes; of several lines the first signs, and all are accepted',
    unset: 'drawn at each start',
    secret: 'whole',
  }),
  secretFile: optional(file, { is: 'a file that holds `secret`', flag: true, holds: 'secret' }),
  tls: group('an own certificate: serves https and wss', {
    cert: optional(file, {
      is: 'a certificate and those that vouch for it, as PEM; read again when it changes',
      flag: true,
    }),
    key: optional(file, { is: 'its private key, as PEM', flag: true }),
  }),
  log: group('the log, as JSON lines on standard output', {
    level: setting(choice(LEVELS, 'level'), { is: 'how much is logged', flag: true }, 'info'),
    sampling: setting(
      yesOrNo,
      { is: 'whether of a flood only so many lines are written, and then how many were left out' },
      true,
    ),
  }),
  metrics: setting(yesOrNo, { is: 'whether `/metrics` is answered' }, true),
  patterns: setting(
    yesOrNo,
    { is: 'whether the node looks for patterns in its events, and tells those it finds' },
    true,
  ),
  shutdown: group('how it ends', {
    timeout: setting(
      time({ min: 0, max: 24 * HOUR }),
      { is: 'how long clients have to leave on ending; 0 under `--watch`', flag: true },
      1_800 * SECOND,
    ),
    notice: setting(
      time({ min: 0, max: 10 * MINUTE }),
      { is: 'between `/ready` saying no and the clients being told: for balancers to see it', flag: true },
      0,
    ),
  }),
  redis: group('shares everything with other nodes; without a URL all is in the memory of the process', {
    url: optional(redisUrl, {
      is: 'the Redis; commas for a cluster; needs `secret`',
      unset: 'the memory of the process',
      flag: 'redis',
      secret: 'password',
    }),
    urlFile: optional(file, { is: 'a file that holds `redis.url`', holds: 'redis.url' }),
    cluster: optional(yesOrNo, { is: 'whether it is a Redis Cluster', unset: 'when there are several URLs' }),
    prefix: setting(
      text('1 to 64 letters, digits and . _ : -', 'text', /^[A-Za-z0-9._:-]{1,64}$/),
      { is: 'what all keys begin with: nodes that share it are one server' },
      'iskra',
    ),
    durability: setting(
      choice(['primary', 'replicated'], 'word'),
      { is: '`replicated` acknowledges nothing before one replica has it' },
      'primary',
    ),
    timeout: setting(time({ min: 100, max: MINUTE }), { is: 'how long Redis has to answer' }, 3 * SECOND),
  }),
  limits: group('how much there may be', {
    message: setting(
      size({ min: KIB, max: 16 * MIB }),
      { is: 'one message of a client; more is refused' },
      DEFAULT_LIMITS.message,
    ),
    sends: setting(
      count('a whole number', 1, 10_000),
      { is: 'sends of a session that may be under way' },
      DEFAULT_LIMITS.sends,
    ),
    sendRate: rate('sends of a session', DEFAULT_LIMITS.sendRate),
    openRate: rate('sessions opened from one address', DEFAULT_LIMITS.openRate),
    requestRate: rate('HTTP requests from one address', DEFAULT_LIMITS.requestRate),
    connections: setting(
      count('a whole number'),
      { is: 'connections of this node' },
      DEFAULT_LIMITS.connections,
    ),
    connectionsPerAddress: setting(
      count('a whole number'),
      { is: 'connections of one address' },
      DEFAULT_LIMITS.connectionsPerAddress,
    ),
    strangersPerAddress: setting(
      count('a whole number'),
      { is: 'connections of one address that have not been welcomed yet' },
      DEFAULT_LIMITS.strangersPerAddress,
    ),
    channels: setting(
      count('a number of channels', 1, DEFAULT_LIMITS.channels),
      { is: 'channels of a session' },
      DEFAULT_LIMITS.channels,
    ),
    bodies: setting(
      size({ min: MIB, max: 64 * GIB }),
      { is: 'HTTP messages that have arrived in part, on this node' },
      DEFAULT_LIMITS.bodies,
    ),
    backlog: setting(
      size({ min: KIB, max: GIB }),
      { is: 'what may wait in one socket before it counts as full' },
      DEFAULT_LIMITS.backlog,
    ),
    unsettled: setting(
      size({ min: 64 * KIB, max: GIB }),
      { is: "what may wait of one WebSocket's sends to be performed; until it is, no more is read" },
      DEFAULT_LIMITS.unsettled,
    ),
  }),
  times: group('how long things take', {
    heartbeat: setting(
      time({ min: SECOND, max: 10 * MINUTE }),
      { is: 'between pings of the server; clients may ask for less' },
      DEFAULT_TIMES.heartbeat,
    ),
    silence: optional(time({ min: SECOND, max: HOUR }), {
      is: 'how long nothing may be heard of a client before its stream is closed',
      unset: 'two and a half heartbeats, 5s at least',
    }),
    window: setting(
      time({ min: SECOND, max: 24 * HOUR }),
      { is: 'how long a session lives on after its last contact; the same on all nodes' },
      DEFAULT_TIMES.window,
    ),
    presence: setting(
      time({ min: SECOND, max: 24 * HOUR }),
      { is: "how long a member stays listed after its session's last contact; the same on all nodes" },
      30 * SECOND,
    ),
    hello: setting(
      time({ min: 100, max: 10 * MINUTE }),
      { is: 'how long a stream may wait before its `hello`' },
      DEFAULT_TIMES.hello,
    ),
    slow: setting(
      time({ min: SECOND, max: HOUR }),
      { is: 'how long a connection may be full before it is closed' },
      DEFAULT_TIMES.slow,
    ),
  }),
  retention: kept("a channel's log"),
  inbox: kept("a session's inbox"),
  memory: group('the memory of the process; with `redis.url` it is not used', {
    maxBytes: setting(
      size({ min: MIB, max: 64 * GIB }),
      { is: 'all logs together; beyond it those used longest ago go, and their readers are told' },
      256 * MIB,
    ),
  }),
});

/** What a server is told, every default filled in: times in ms, sizes in bytes. */
export type Config = z.output<typeof Config>;

/** All of them, in the order of the schema. */
export const SETTINGS: readonly Setting[] = settingsOf(Config);

export const settingOf = (key: string): Setting | undefined => SETTINGS.find((one) => one.key === key);

/** For editors. */
export function jsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(Config, { io: 'input' });
  return {
    $schema,
    title: 'Configuration of iskra serve',
    description: 'Made by `iskra config schema`.',
    ...rest,
  };
}

/** In the form in which browsers send it. */
function originOf(given: string): string | undefined {
  const { origin } = URL.canParse(given) ? new URL(given) : { origin: 'null' };
  return origin !== 'null' && given.replace(/\/$/, '').toLowerCase() === origin ? origin : undefined;
}
