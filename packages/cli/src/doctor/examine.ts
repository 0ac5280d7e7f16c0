/** Goes the way to a server and tries everything that can be tried on it, at the same time. Bounded by its own times. */
import type { Json } from '@iskra/protocol/wire';
import { shownProxy } from './proxy.js';
import { tryPolls } from './polls.js';
import { post } from './post.js';
import type { Road } from './post.js';
import { tryRequests } from './requests.js';
import type { Seen, Trial } from './seen.js';
import { openSse } from './sse.js';
import { tryStream } from './streams.js';
import { Unreachable, Way } from './way.js';
import { openWebSocket } from './websocket.js';

export interface Examination {
  /** The base address, without a slash at its end. */
  readonly url: string;
  readonly proxy: URL | undefined;
  readonly auth: Json | undefined;
  readonly channel: string | undefined;
  /** The page for which to speak. */
  readonly origin: string | undefined;
  /** How long one answer may take, ms. */
  readonly timeout: number;
  /** How long a quiet connection is watched, ms. */
  readonly idle: number;
  /** How long a poll is held, ms. */
  readonly hold: number;
}

/** @param signal ends it at once, with what was seen so far lost. */
export async function examine(asked: Examination, signal?: AbortSignal): Promise<Seen> {
  const { url, proxy, idle, hold, auth, channel, timeout, origin } = asked;
  const way = new Way({ target: new URL(url), proxy, timeout });
  const road: Road = { way, url, origin, timeout };
  const stop = (): void => way.close();
  signal?.addEventListener('abort', stop);
  try {
    const base = { url, proxy: proxy && shownProxy(proxy), idle, hold };
    const first = await way.open('post').catch((error: unknown) => {
      if (error instanceof Unreachable) return error;
      throw error;
    });
    if (first instanceof Unreachable) return { ...base, steps: first.steps, unreachable: first };
    first.socket.destroy();
    const [websocket, sse, longPoll, polling, posts] = await Promise.all([
      twice(() => tryStream(openWebSocket, road, { auth, idle })),
      twice(() => tryStream(openSse, road, { auth, idle })),
      twice(() => tryPolls(road, auth, hold)),
      twice(() => tryPolls(road, auth, 0)),
      tryRequests(road, { auth, channel }),
    ]);
    const transports = { websocket, sse, 'long-poll': longPoll, polling };
    const isMet = Object.values(transports).some(({ welcome, failed }) => welcome ?? failed?.code);
    const elsewhere = isMet ? undefined : await lookElsewhere(road);
    return { ...base, steps: first.steps, transports, posts, elsewhere };
  } finally {
    signal?.removeEventListener('abort', stop);
    way.close();
  }
}

/** One cut may be an accident. */
async function twice(attempt: () => Promise<Trial>): Promise<Trial> {
  const first = await attempt();
  if (first.failed?.end !== 'closed') return first;
  const second = await attempt();
  return { ...second, unsteady: second.end === 'passed' };
}

/** An Iskra server refuses an empty message in its own words; who asked at the wrong path is told the right one. */
async function lookElsewhere(road: Road): Promise<string | undefined> {
  const { origin } = new URL(road.url);
  const places = new Set([`${road.url}/realtime`, `${origin}/realtime`]);
  places.delete(road.url);
  for (const url of places) {
    const answer = await post({ ...road, url }, 'poll', '[]');
    if ('code' in answer && answer.code !== undefined) return url;
  }
  return undefined;
}
