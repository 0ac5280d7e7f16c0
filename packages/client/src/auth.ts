/**
 * The entry ./auth: one getting of credentials at a time, for everything on this page and for the other pages of its origin.
 * It stands around the application's own function, and knows nothing of sessions; credentials are kept nowhere.
 */
import type { Json } from '@iskra/protocol/wire';
import { RequestTimeout } from './errors.js';

/** Every option has a default. All times in ms. */
export interface SharedAuthOptions {
  /** Pages of the same name share what one of them gets: one name for each server and user. Default `iskra`. */
  name?: string;
  /** How often it is tried before the client is told that it failed, which asks again later. Default 3. */
  tries?: number;
  /** Between the first two tries, ms; twice as long each time, and shorter by up to a half by chance. Default 500. */
  pause?: number;
  /** How long a try may take until it has failed, ms. Default 10,000. */
  timeout?: number;
  /** How long another page may take that gets them, ms; then this page gets its own. Default 10,000. */
  patience?: number;
}

interface Told {
  /** Undefined: that page did not get any. */
  given?: { credentials: Json };
}

/** What a page tells may be a little later than the lock that it gives back, ms. */
const GRACE = 50;

/**
 * For the option `auth` of `connect`: calls `get` once, however many clients and pages ask while it is under way, and again after a
 * pause when it throws. Without Web Locks and BroadcastChannel, as in a page that is not secure or in a sandbox, and where there
 * is no page, as in Node and workers, each asks for itself.
 */
export function sharedAuth<Credentials extends Json>(
  get: () => Credentials | Promise<Credentials>,
  { name = 'iskra', tries = 3, pause = 500, timeout = 10_000, patience = 10_000 }: SharedAuthOptions = {},
): () => Promise<Credentials> {
  let asked: Promise<Credentials> | undefined;

  const inTime = (): Promise<Credentials> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        reject,
        timeout,
        new RequestTimeout('auth_timeout', 'No credentials in time.'),
      );
      (async () => get())()
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });

  const getIt = async (): Promise<Credentials> => {
    for (let n = 1, wait = pause; ; n++, wait *= 2) {
      try {
        return await inTime();
      } catch (error) {
        if (n >= tries) throw error;
        await sleep(wait * (0.5 + Math.random() / 2));
      }
    }
  };

  const getWithOthers = async (locks: LockManager): Promise<Credentials> => {
    const label = `iskra-auth:${name}`;
    const others = new BroadcastChannel(label);
    const over = new AbortController();
    const { signal } = over;
    const told = new Promise<Told>((resolve) => {
      others.onmessage = ({ data }) => resolve(data as Told);
    });
    let own: Promise<Credentials> | undefined;
    /** Once, also where it is this page's turn while it gets its own. */
    const getOwn = (): Promise<Told> =>
      (own ??= getIt()).then(
        (credentials) => ({ given: { credentials } }),
        () => ({}),
      );
    const getForAll = async (): Promise<Told> => {
      const told = await getOwn();
      others.postMessage(told);
      return told;
    };
    try {
      const got = await locks
        .request(label, { ifAvailable: true }, (lock) => (lock ? getForAll() : undefined))
        .then((first) => {
          if (first) return first;
          // Whoever has the lock tells; if it does not, because its page is gone, the lock is ours.
          const turn = locks.request(
            label,
            { signal },
            async () => (await Promise.race([told, sleep(GRACE)])) ?? getForAll(),
          );
          return Promise.race([told, turn, sleep(patience, signal).then(getOwn)]);
        })
        // Refused, as in a sandbox.
        .catch(getOwn);
      if (got.given) return got.given.credentials as Credentials;
      // It says why.
      if (own) return await own;
      throw new Error('Another page of this origin did not get credentials.');
    } finally {
      over.abort();
      others.close();
    }
  };

  return () => {
    // Other runtimes may have both, and clients of many users.
    const locks = 'document' in globalThis && globalThis.BroadcastChannel && navigator.locks;
    asked ??= (locks ? getWithOthers(locks) : getIt()).finally(() => (asked = undefined));
    return asked;
  };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => clearTimeout(timer));
  });
}
