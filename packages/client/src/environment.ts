/**
 * All that differs between a browser, Node and a test, as one value: pass your
 * own as the option `environment`, and the client touches nothing else.
 */
import type { Clock } from '@iskra/protocol/wire';

/** What a page tells about itself. */
export type PageSignal =
  | 'visible'
  /** It runs, but nobody sees it. */
  | 'hidden'
  /** The network is back or is another one, or the page was parked and runs again. */
  | 'online'
  /** A hint, and wrong as often as not. */
  | 'offline'
  /** Nothing of it will run for a while: it is frozen, or kept in the back/forward cache, for which no connection may be open. */
  | 'parked'
  /** Gone for good. */
  | 'left';

/** The part of a WebSocket that is used. */
export interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
}

export interface Environment {
  readonly clock: Clock;
  /** 0 ≤ x < 1; spreads reconnecting clients over time. */
  random(): number;
  /** A nonce of 128 random bits is made of these. */
  randomBytes(count: number): Uint8Array;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly WebSocket?: (new (url: string, protocol: string) => Socket) | undefined;
  /** The address that a relative url is resolved against. */
  readonly base?: string | undefined;
  /** Text that outlives this page, by key; where there is none, nothing is remembered. Default: `localStorage`. */
  readonly storage?: TextStorage | undefined;
  /** Which kind of network this is, as far as it is known: what was learned on one is not believed on another. */
  network?(): string;
  /** Where this end is, as `seam_id` of what it reports. Default: browser or program. */
  readonly seam?: string | undefined;
  /** Listens to the page; the answer stops it. */
  onPage(listener: (signal: PageSignal) => void): () => void;
}

export interface TextStorage {
  read(key: string): string | undefined;
  write(key: string, text: string): void;
}

/** Timers of 2^31 ms overflow in every runtime and fire at once. */
const LONGEST_TIMER = 1e9;

/** The platform's own monotonic clock. */
export const platformClock: Clock = {
  now: () => performance.now(),
  at(moment, callback) {
    const timer = setTimeout(callback, Math.min(moment - performance.now() + 1, LONGEST_TIMER));
    return () => clearTimeout(timer);
  },
};

/** What this runtime offers. Reads the globals when it is called, not when it is loaded. */
export function platform(): Environment {
  const page = globalThis.document as Document | undefined;
  return {
    clock: platformClock,
    random: Math.random,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fetch: (url, init) => fetch(url, init),
    WebSocket: globalThis.WebSocket as unknown as Environment['WebSocket'],
    base: page?.baseURI,
    onPage: watch(page),
  };
}

const watch = (page: Document | undefined) => (listener: (signal: PageSignal) => void) => {
  const stop = new AbortController();
  const hear = ({ type, persisted }: Event & { persisted?: boolean }): void => {
    if (persisted === false) {
      // Otherwise it is shown for the first time.
      if (type === 'pagehide') listener('left');
    } else if (type === 'visibilitychange') listener(page!.visibilityState);
    else listener(/hide|freeze/.test(type) ? 'parked' : type === 'offline' ? type : 'online');
  };
  if (page)
    for (const name of ['visibilitychange', 'freeze', 'resume', 'online', 'offline', 'pageshow', 'pagehide'])
      window.addEventListener(name, hear, { signal: stop.signal, capture: true });
  return () => stop.abort();
};
