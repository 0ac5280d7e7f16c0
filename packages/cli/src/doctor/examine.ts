/** Goes the way to a server and tries everything that can be tried on it, at the same time. Bounded by its own times. */
import { examine as examineRoad } from '@iskra/client/doctor';
import type { Questions, Seen } from '@iskra/client/doctor';
import { shownProxy } from './proxy.js';
import { openRoad } from './road.js';
import { Unreachable, Way } from './way.js';

export interface Examination extends Questions {
  /** The base address, without a slash at its end. */
  readonly url: string;
  readonly proxy: URL | undefined;
  /** The page for which to speak. */
  readonly origin: string | undefined;
  /** How long one answer may take, ms. */
  readonly timeout: number;
}

/** @param signal ends it at once, with what was seen so far lost. */
export async function examine(asked: Examination, signal?: AbortSignal): Promise<Seen> {
  const { url, proxy, idle, hold, timeout, origin } = asked;
  const way = new Way({ target: new URL(url), proxy, timeout });
  const road = openRoad({ way, url, origin, timeout });
  const stop = (): void => road.close();
  signal?.addEventListener('abort', stop);
  try {
    const shown = proxy && shownProxy(proxy);
    const first = await way.open('post').catch((error: unknown) => {
      if (error instanceof Unreachable) return error;
      throw error;
    });
    if (first instanceof Unreachable) {
      return { url, proxy: shown, idle, hold, steps: first.steps, unreachable: first };
    }
    first.socket.destroy();
    return { ...(await examineRoad(road, asked)), proxy: shown, steps: first.steps };
  } finally {
    signal?.removeEventListener('abort', stop);
    road.close();
  }
}
