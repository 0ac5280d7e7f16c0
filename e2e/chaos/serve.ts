/**
 * A server that chaos meets: a process of its own, which writes down every append and every run of a handler before
 * anybody hears of it. Its memory dies with it; over Redis nothing does, and the logs are written down when all is calm.
 */
import { openSync, writeSync } from 'node:fs';
import { createRealtime, memoryStore, Refusal } from '@iskra/server';
import type { Entry, Store } from '@iskra/server';
import { redisStore } from '@iskra/server/redis';
import { serve } from '@iskra/server/node';
import { Hono } from 'hono';
import { expose } from '../transports/child.js';
import type { Position, ServerEvent, ServerLine } from './history.js';
import { HEARTBEAT, PRESENCE_WINDOW, RETENTION, ROOMS } from './places.js';
import type { Room } from './places.js';

export interface ChaosServeConfig {
  /** The number of this life of the store. */
  life: number;
  /** Its own name. */
  node: string;
  /** Where everything is kept; in this process, where it is left out. */
  redis?: string;
  /** Where its history is written. */
  file: string;
  secret: string;
  /** The script of the page. */
  script: string;
}

/** Between two messages of the server to a room, ms. */
const PACE = 80;
const PAGE = '<!doctype html><meta charset="utf-8"><title>Iskra</title><script src="/page.js"></script>';

const { life, node, redis, file, secret, script } = JSON.parse(process.argv[2] ?? '{}') as ChaosServeConfig;
const history = openSync(file, 'a');
const write = (event: ServerEvent, at = Date.now()): void => {
  const line: ServerLine = { by: 'server', at, ...event };
  writeSync(history, `${JSON.stringify(line)}\n`);
};
write({ what: 'started', life });

function tell(channel: string, { epoch, offset, body }: Entry, at?: number): void {
  const [{ delta, payload }] = JSON.parse(`[${body}]`) as [{ delta: string; payload: unknown }];
  write({ what: 'appended', life, channel, position: [epoch, offset], delta, payload }, at);
}

/** Every append of a memory store is hinted at once, before anything else comes of it. */
function written(store: Store): Store {
  const { onHint } = store;
  store.onHint = (listener) =>
    onHint.call(store, (channel, entry) => {
      if (!channel.startsWith('@')) tell(channel, entry);
      listener(channel, entry);
    });
  return store;
}

/** A schema by hand: any Standard Schema will do. */
const schema = (isRight: (value: unknown) => boolean) => ({
  '~standard': {
    version: 1 as const,
    vendor: 'e2e',
    validate: (value: unknown) =>
      isRight(value) ? { value } : { issues: [{ message: 'this is refused on purpose', path: ['n'] }] },
  },
});
const anything = schema(() => true);
const numbered = schema((value) => typeof (value as { n?: unknown } | null)?.n === 'number');

const kept = { presenceWindow: PRESENCE_WINDOW, retention: RETENTION };
const store =
  redis === undefined ? written(memoryStore(kept)) : redisStore({ ...kept, url: redis, timeout: 2_000 });
const realtime = createRealtime({
  contract: {
    channels: { 'room:{id}': { numbered } },
    requests: { echo: { input: anything, output: anything }, refuse: { input: anything, output: anything } },
  },
  store,
  times: { heartbeat: HEARTBEAT },
  limits: { openRate: { perSecond: 1_000, burst: 1_000 } },
  node,
  secret,
  logger: false,
});
realtime.handle('echo', async (input, { redelivered }) => {
  write({ what: 'handled', life, node, payload: input, redelivered });
  // Some time in which the world may end.
  await new Promise((resolve) => setTimeout(resolve, 20));
  return input;
});
realtime.handle('refuse', () => {
  throw new Refusal('forbidden', 'This is refused on purpose.');
});

const app = new Hono();
app.get('/', (c) => c.html(PAGE));
app.get('/page.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
app.get('/favicon.ico', (c) => c.body(null, 204));
const { port } = await serve(realtime, { port: 0, hostname: '127.0.0.1', app });

let n = 0;
const talk = setInterval(() => {
  for (const room of ROOMS) {
    // Redis may not answer just now; then nobody knows whether it was said.
    realtime.publish(room, 'numbered', { by: `server-${node}`, n: ++n }).catch(() => {});
  }
}, PACE);

const headOf = async (room: Room): Promise<Position> =>
  (await realtime.history(room, 1)).at(-1)?.position ?? ['', 0];

/** How far each log was written down. */
const told = new Map<string, Position>();

/** What is in the logs and was not written down yet. */
async function tellLogs(): Promise<void> {
  for (const channel of ROOMS) {
    const [head] = await store.heads([channel]);
    let [epoch, offset] = told.get(channel) ?? [head!.epoch, 0];
    for (;;) {
      const read = await store.read(channel, epoch, offset, 1_000);
      // The oracle knows no reason for it: it misses entries then.
      if (read.kind !== 'entries' || read.entries.length === 0) break;
      // Nobody knows when: before anybody was told of it, which the tests of the store see to.
      for (const entry of read.entries) tell(channel, entry, 0);
      ({ epoch, offset } = read.entries.at(-1)!);
    }
    told.set(channel, [epoch, offset]);
  }
}

const verbs = {
  port: () => port,
  hush: () => clearInterval(talk),
  /** Where everything stands; written down as well. */
  async rest() {
    if (redis !== undefined) await tellLogs();
    const channels = await Promise.all(
      ROOMS.map(async (channel) => ({
        channel,
        head: await headOf(channel),
        members: (await realtime.members(channel)).map(({ id }) => id),
      })),
    );
    write({ what: 'kept', life, channels });
  },
};
export type ChaosServeVerbs = typeof verbs;

expose(verbs);
