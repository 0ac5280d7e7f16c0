/**
 * The server that chaos meets: a process of its own, which writes down every
 * append and every run of a handler before anybody hears of it. Its memory dies with it.
 */
import { openSync, writeSync } from 'node:fs';
import { createRealtime, memoryStore, Refusal } from '@iskra/server';
import type { Store } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { Hono } from 'hono';
import { expose } from '../transports/child.js';
import type { Position, ServerEvent, ServerLine } from './history.js';
import { HEARTBEAT, PRESENCE_WINDOW, RETENTION, ROOMS } from './places.js';
import type { Room } from './places.js';

export interface ChaosServeConfig {
  /** The number of this life. */
  life: number;
  /** Where its history is written. */
  file: string;
  secret: string;
  /** The script of the page. */
  script: string;
}

/** Between two messages of the server to a room, ms. */
const PACE = 80;
const PAGE = '<!doctype html><meta charset="utf-8"><title>Iskra</title><script src="/page.js"></script>';

const { life, file, secret, script } = JSON.parse(process.argv[2] ?? '{}') as ChaosServeConfig;
const history = openSync(file, 'a');
const write = (event: ServerEvent): void => {
  const line: ServerLine = { by: 'server', at: Date.now(), ...event };
  writeSync(history, `${JSON.stringify(line)}\n`);
};
write({ what: 'started', life });

/** Every append of a memory store is hinted at once, before anything else comes of it. */
function written(store: Store): Store {
  const { onHint } = store;
  store.onHint = (listener) =>
    onHint.call(store, (channel, entry) => {
      if (!channel.startsWith('@')) {
        const [{ delta, payload }] = JSON.parse(`[${entry.body}]`) as [{ delta: string; payload: unknown }];
        write({ what: 'appended', life, channel, position: [entry.epoch, entry.offset], delta, payload });
      }
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

const realtime = createRealtime({
  contract: {
    channels: { 'room:{id}': { numbered } },
    requests: { echo: { input: anything, output: anything }, refuse: { input: anything, output: anything } },
  },
  store: written(memoryStore({ presenceWindow: PRESENCE_WINDOW, retention: RETENTION })),
  times: { heartbeat: HEARTBEAT },
  limits: { openRate: { perSecond: 1_000, burst: 1_000 } },
  node: String(life),
  secret,
  logger: false,
});
realtime.handle('echo', async (input, { redelivered }) => {
  write({ what: 'handled', life, payload: input, redelivered });
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
  for (const room of ROOMS) void realtime.publish(room, 'numbered', { by: `server-${life}`, n: ++n });
}, PACE);

const headOf = async (room: Room): Promise<Position> =>
  (await realtime.history(room, 1)).at(-1)?.position ?? ['', 0];

const verbs = {
  port: () => port,
  hush: () => clearInterval(talk),
  /** Where everything stands; written down as well. */
  async rest() {
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
