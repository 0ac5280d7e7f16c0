/**
 * A fault switch for the demo, and for nothing else: each visit of the page has
 * its own way through this server (`/way/:id/realtime`), on which it can block a
 * transport as a proxy would. One visitor's blocking touches nobody else, and
 * the client is told nothing: it sees what it would see in a bad network.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Hono } from 'hono';
import type { Context, Next } from 'hono';
import { bodyLimit } from 'hono/body-limit';

/** Polling is what is left when nothing else works: it cannot be blocked. */
const BLOCKABLE = ['websocket', 'sse', 'long-poll'] as const;
export type Blockable = (typeof BLOCKABLE)[number];

/** Polls that are held for longer than this are cut on a way that blocks them. */
const HOLD = 1_000;
const HOUR = 3_600_000;
const MAX_WAYS = 2_000;
const WAY = /^[a-z0-9]{8,40}$/;

interface Live {
  readonly transport: Blockable;
  readonly socket: Socket;
  readonly since: number;
}

interface Way {
  readonly blocked: Set<Blockable>;
  readonly live: Set<Live>;
  usedAt: number;
}

export interface WayBindings {
  incoming: { socket: Socket };
  outgoing?: ServerResponse;
}
type WayContext = Context<{ Bindings: WayBindings }>;

/** `/way/:way/realtime/*` in front of `transports`, and `POST /way/:way/block`. */
export function createWays(
  transports: Hono,
  told: (way: string, transport: Blockable, blocked: boolean) => void,
): Hono<{ Bindings: WayBindings }> {
  const ways = new Map<string, Way>();
  const app = new Hono<{ Bindings: WayBindings }>();

  /** The way of this id; the ways that were used longest ago are forgotten for it. */
  const find = (id: string): Way => {
    const now = performance.now();
    const way = ways.get(id) ?? { blocked: new Set(), live: new Set(), usedAt: now };
    ways.delete(id);
    for (const [other, { usedAt, live }] of ways) {
      const over = ways.size >= MAX_WAYS;
      if (!over && now - usedAt < HOUR) break;
      if (over || live.size === 0) ways.delete(other);
    }
    way.usedAt = now;
    ways.set(id, way);
    return way;
  };

  app.use('/way/:way/*', async (c, next) =>
    WAY.test(c.req.param('way')) ? next() : c.text('A way has 8 to 40 letters a-z and digits.', 404),
  );

  app.post('/way/:way/block', bodyLimit({ maxSize: 1_024 }), async (c) => {
    const origin = c.req.header('origin');
    if (origin !== undefined && origin.split('://')[1] !== c.req.header('host'))
      return c.text('Not from there.', 403);
    const wish = readWish(await c.req.text());
    if (wish === undefined) return c.text('Say {"transport": "websocket", "blocked": true}.', 400);
    const { transport, blocked } = wish;
    const id = c.req.param('way');
    const way = find(id);
    if (blocked) way.blocked.add(transport);
    else way.blocked.delete(transport);
    if (blocked) {
      for (const live of way.live) if (live.transport === transport && isCut(live)) live.socket.destroy();
    }
    told(id, transport, blocked);
    return c.json({ blocked: [...way.blocked] });
  });

  app.post('/way/:way/*', (c, next) => once(c, next, find(c.req.param('way'))));
  app.get('/way/:way/realtime/ws', (c, next) => pass(c, next, 'websocket', find(c.req.param('way'))));
  app.post('/way/:way/realtime/sse', (c, next) => pass(c, next, 'sse', find(c.req.param('way'))));
  app.post('/way/:way/realtime/poll', (c, next) => hold(c, next, find(c.req.param('way'))));
  app.route('/way/:way/realtime', transports as unknown as Hono<{ Bindings: WayBindings }>);
  return app;
}

/** A stream: refused as by a proxy that does not know it, or remembered so that it can be cut later. */
async function pass(c: WayContext, next: Next, transport: Blockable, way: Way): Promise<Response | void> {
  if (way.blocked.has(transport)) {
    const { incoming, outgoing } = c.env;
    if (outgoing === undefined) incoming.socket.once('finish', () => incoming.socket.destroy());
    else outgoing.shouldKeepAlive = false;
    return c.body(null, 502);
  }
  remember(c, transport, way);
  return next();
}

/** A poll: polling and long-poll look alike from here, until one is held. */
async function hold(c: WayContext, next: Next, way: Way): Promise<void> {
  const live = remember(c, 'long-poll', way);
  setTimeout(() => {
    if (way.live.has(live) && way.blocked.has('long-poll')) live.socket.destroy();
  }, HOLD).unref();
  return next();
}

/** A browser repeats by itself what was cut on a connection that it had used before; so none is used twice. */
async function once(c: WayContext, next: Next, way: Way): Promise<void> {
  if (c.env.outgoing !== undefined && way.blocked.has('long-poll')) c.env.outgoing.shouldKeepAlive = false;
  return next();
}

function remember({ env }: WayContext, transport: Blockable, way: Way): Live {
  const { incoming, outgoing } = env;
  const live: Live = { transport, socket: incoming.socket, since: performance.now() };
  way.live.add(live);
  (outgoing ?? live.socket).once('close', () => way.live.delete(live));
  return live;
}

/** Whether blocking its transport ends it at once: a poll may still turn out to be a short one. */
const isCut = ({ transport, since }: Live): boolean =>
  transport !== 'long-poll' || performance.now() - since >= HOLD;

function readWish(text: string): { transport: Blockable; blocked: boolean } | undefined {
  let wish: { transport?: unknown; blocked?: unknown };
  try {
    wish = Object(JSON.parse(text)) as typeof wish;
  } catch {
    return undefined;
  }
  const transport = BLOCKABLE.find((one) => one === wish.transport);
  return transport !== undefined && typeof wish.blocked === 'boolean'
    ? { transport, blocked: wish.blocked }
    : undefined;
}
