/** Tries everything that can be tried on a road. Bounded by its own times. */
import type { Json } from '@iskra/protocol/wire';
import { tryPolls } from './polls.js';
import { tryRequests } from './requests.js';
import { persist } from './road.js';
import type { Road } from './road.js';
import type { Seen, Trial } from './seen.js';
import { tryStream } from './streams.js';

export interface Questions {
  readonly auth: Json | undefined;
  /** Whether it may be subscribed to. */
  readonly channel: string | undefined;
  /** How long a quiet connection is watched, ms. */
  readonly idle: number;
  /** How long a poll is held, ms. */
  readonly hold: number;
}

export async function examine(road: Road, { auth, channel, idle, hold }: Questions): Promise<Seen> {
  const short = () => Promise.all([tryRequests(road, { auth, channel }), tryPolls(road, auth, 0)]);
  const long = () =>
    Promise.all([
      steadily(() => tryStream(road.openWebSocket, road.timeout, { auth, idle })),
      steadily(() => tryStream(road.openSse, road.timeout, { auth, idle })),
      tryPolls(road, auth, hold),
    ]);
  // A page has six connections to a server over HTTP/1.1, and needs some for itself: what would wait for one looks slow.
  const shortOnes = road.isPage ? await short() : short();
  const [websocket, sse, longPoll] = await long();
  const [posts, polling] = await shortOnes;
  const transports = { websocket, sse, 'long-poll': longPoll, polling };
  const isMet = Object.values(transports).some(({ welcome, failed }) => welcome ?? failed?.code);
  const elsewhere = isMet ? undefined : await lookElsewhere(road);
  return { url: road.url, proxy: undefined, idle, hold, steps: [], transports, posts, elsewhere };
}

async function steadily(attempt: () => Promise<Trial>): Promise<Trial> {
  const { first, outcome, cuts } = await persist(attempt, ({ failed }) => failed?.end === 'closed');
  // After WebSockets that failed, Firefox holds back the next, longer each time: one that comes too late says less than they did.
  if (outcome.end === 'silent') return first;
  return { ...outcome, unsteady: cuts > 0 && outcome.end === 'passed' };
}

/** An Iskra server refuses an empty message in its own words; who asked at the wrong path is told the right one. */
async function lookElsewhere(road: Road): Promise<string | undefined> {
  const { origin } = new URL(road.url);
  const places = new Set([`${road.url}/realtime`, `${origin}/realtime`]);
  places.delete(road.url);
  for (const url of places) {
    const answer = await road.post('poll', '[]', { url });
    if ('code' in answer && answer.code !== undefined) return url;
  }
  return undefined;
}
