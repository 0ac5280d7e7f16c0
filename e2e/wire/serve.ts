/**
 * A process of its own that serves a realtime whose application misbehaves on
 * demand. Lines of the log go to standard output; the parent asks for `stats`.
 */
import { readdirSync } from 'node:fs';
import { createRealtime, memoryStore, Refusal } from '@iskra/server';
import type { RealtimeOptions, Store } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { TOKENS } from './fixture.js';
import type { ServerConfig, Stats } from './fixture.js';

interface Issue {
  message: string;
  path: string[];
}

/** A schema by hand: any Standard Schema will do. */
const schema = (issueOf: (value: unknown) => Issue | undefined | Promise<Issue | undefined>) => ({
  '~standard': {
    version: 1 as const,
    vendor: 'e2e',
    validate: (value: unknown) => {
      const verdict = (issue: Issue | undefined) =>
        issue === undefined ? { value } : { issues: [issue] as const };
      const issue = issueOf(value);
      return issue instanceof Promise ? issue.then(verdict) : verdict(issue);
    },
  },
});

const anything = schema(() => undefined);
const said = schema((value) => {
  const text = typeof value === 'object' && value !== null && 'text' in value ? value.text : undefined;
  return typeof text === 'string' ? undefined : { message: 'a text is asked for', path: ['text'] };
});
const throwing = schema(() => {
  throw new Error('the schema throws on purpose');
});
const rejecting = schema(() => Promise.reject(new Error('the schema rejects on purpose')));

const contract = {
  channels: {
    'room:{id}': { said, free: anything, throwing, rejecting },
    'witness:{id}': { count: anything },
    constructor: { said: anything },
  },
  requests: {
    echo: { input: anything, output: anything },
    boom: { input: anything, output: anything },
    rejects: { input: anything, output: anything },
    bigint: { input: anything, output: anything },
    circular: { input: anything, output: anything },
    refuses: { input: anything, output: anything },
    strange: { input: anything, output: anything },
    throwing: { input: throwing, output: anything },
  },
};

const config = JSON.parse(process.argv[2] ?? '{}') as ServerConfig;
const calls: Record<string, number> = {};
const handled: string[] = [];

/** The memory store, with a count of the calls of each of its verbs. */
const counted = new Proxy(memoryStore({ window: config.options?.times?.window ?? 120_000 }), {
  get(target, name: keyof Store) {
    const verb = target[name]?.bind(target) as ((...given: unknown[]) => unknown) | undefined;
    if (verb === undefined) return undefined;
    return (...given: unknown[]) => {
      calls[name] = (calls[name] ?? 0) + 1;
      return verb(...given);
    };
  },
});

const { origins, ...plainOptions } = config.options ?? {};
const options: RealtimeOptions = {
  store: counted,
  node: 'wire',
  secret: 'a secret that only this process knows',
  ...plainOptions,
  origins:
    origins === 'throws'
      ? () => {
          throw new Error('origins throws on purpose');
        }
      : origins,
  ...(config.contract !== false && { contract: contract as never }),
  authenticate(_request, credentials) {
    if (credentials === undefined) return {};
    const given = (credentials as { token?: unknown } | null)?.token;
    switch (given) {
      case TOKENS.alice:
        return { subject: 'alice' };
      case TOKENS.bob:
        return { subject: 'bob' };
      case TOKENS.witness:
        return { subject: 'witness' };
      case TOKENS.throws:
        throw new Error('authenticate throws on purpose');
      case TOKENS.rejects:
        return Promise.reject(new Error('authenticate rejects on purpose'));
      case TOKENS.null:
        return null as never;
      case TOKENS.false:
        return false as never;
      default:
        return undefined;
    }
  },
  authorize(_session, _action, name) {
    if (name === 'room:forbidden') return false;
    if (name === 'room:throws') throw new Error('authorize throws on purpose');
    if (name === 'room:rejects') return Promise.reject(new Error('authorize rejects on purpose'));
    return true;
  },
};
// Tests count lines: each attack has its own.
const realtime = createRealtime({ ...options, sampling: false });

realtime.handle('echo', (input) => {
  handled.push(JSON.stringify(input ?? null).slice(0, 64));
  return input;
});
realtime.handle('boom', () => {
  throw new Error('the handler throws on purpose');
});
realtime.handle('rejects', async () => {
  await Promise.resolve();
  throw new TypeError('the handler rejects on purpose');
});
realtime.handle('bigint', () => ({ big: 1n }));
realtime.handle('circular', () => {
  const ring: Record<string, unknown> = {};
  ring.ring = ring;
  return ring;
});
realtime.handle('refuses', () => {
  throw new Refusal('forbidden', 'refused on purpose', 'payload.door');
});
realtime.handle('strange', () => {
  throw undefined;
});
realtime.handle('throwing', () => {
  throw new Error('must not run: the input is refused before');
});

const serving = await serve(realtime, { port: 0, hostname: '127.0.0.1' });

process.on('message', (asked) => {
  if (asked === 'close') {
    void serving.close().then(() => process.exit(0));
    return;
  }
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const stats: Stats = {
    fds: readdirSync('/proc/self/fd').length,
    heap: heapUsed,
    rss,
    active: realtime.activeConnections,
    calls,
    handled,
  };
  process.send?.({ stats });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: serving.port });
