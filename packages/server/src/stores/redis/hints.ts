/**
 * Hints from Redis: sharded pub/sub, over one connection (one to each master of a cluster). They carry the entry, so
 * the usual delivery asks Redis nothing. A connection that broke has missed some: everything is subscribed to again,
 * and then the listener is told to look.
 */
import { ToldError } from '../../observe/failure.js';
import type { Entry, LogName } from '../../store.js';
import { Feed } from './feed.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';

/** Milliseconds for which a log stays subscribed to that nobody here reads: a poll is back within them. */
const LINGER = 30_000;

interface Watched {
  readonly channel: string;
  place: string;
  /** Until hints come. */
  ready: Promise<void> | undefined;
  /** They come now; not so while the connection is away. */
  isLive: boolean;
  /** Since when nobody reads it. */
  idleSince: number | undefined;
}

interface Listener {
  hinted(log: LogName, entry: Entry): void;
  /** What the session of this inbox is has changed. */
  changed(log: LogName): void;
  /** Hints of these logs may have been lost. */
  missed(logs: readonly LogName[]): void;
  /** No more hints of this log come. */
  forgotten(log: LogName): void;
}

export class Hints {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #listener: Listener;
  readonly #timeout: number;
  readonly #watched = new Map<LogName, Watched>();
  readonly #feeds = new Map<string, Feed>();

  constructor(link: Link, keys: Keys, timeout: number, listener: Listener) {
    this.#link = link;
    this.#keys = keys;
    this.#timeout = timeout;
    this.#listener = listener;
  }

  /** Whether all hints of the log come here now. */
  has(log: LogName): boolean {
    const known = this.#watched.get(log);
    return known !== undefined && known.isLive;
  }

  watch(log: LogName): Promise<void> | undefined {
    const known = this.#watched.get(log);
    if (known !== undefined) {
      known.idleSince = undefined;
      return known.ready;
    }
    const watched: Watched = {
      channel: this.#keys.log(log).hints,
      place: '',
      ready: undefined,
      isLive: false,
      idleSince: undefined,
    };
    this.#watched.set(log, watched);
    watched.ready = this.#subscribe(watched).then(
      () => {
        watched.ready = undefined;
      },
      (error: unknown) => {
        this.#forget(log, watched);
        throw error;
      },
    );
    return watched.ready;
  }

  unwatch(log: LogName, now: number): void {
    const known = this.#watched.get(log);
    if (known !== undefined) known.idleSince ??= now;
  }

  /** Lets go of what nobody has read for a while, follows slots that moved, and notices connections that are dead. */
  sweep(now: number): void {
    const moved: LogName[] = [];
    const places = new Set<string>();
    for (const [log, watched] of this.#watched) {
      places.add(watched.place);
      if (watched.ready !== undefined) continue;
      if (watched.idleSince !== undefined && now - watched.idleSince > LINGER) {
        this.#feeds.get(watched.place)?.unsubscribe(watched.channel);
        this.#forget(log, watched);
      } else if ((this.#link.placeOf(watched.channel) ?? watched.place) !== watched.place) moved.push(log);
    }
    for (const log of moved) this.#again(log);
    for (const [place, feed] of this.#feeds) {
      if (places.has(place)) {
        feed.ping();
      } else {
        // A master that is gone is not called for ever.
        this.#feeds.delete(place);
        feed.end();
      }
    }
  }

  end(): void {
    for (const feed of this.#feeds.values()) feed.end();
    this.#feeds.clear();
    this.#watched.clear();
  }

  async #subscribe(watched: Watched): Promise<void> {
    await this.#link.ready();
    for (let attempt = 0; ; attempt++) {
      const place = this.#link.placeOf(watched.channel);
      if (place === undefined)
        throw new ToldError('Nobody in the Redis cluster serves the slot of this log now.');
      watched.place = place;
      try {
        await this.#feed(place).subscribe(watched.channel);
        watched.isLive = true;
        return;
      } catch (error) {
        if (attempt > 1 || !(error as Error).message.startsWith('MOVED')) throw error;
        await this.#link.refresh();
      }
    }
  }

  /** Its hints come from elsewhere now; those in between were lost. */
  #again(log: LogName): void {
    const watched = this.#watched.get(log);
    if (watched === undefined) return;
    watched.isLive = false;
    this.#listener.forgotten(log);
    watched.ready = this.#subscribe(watched).then(
      () => {
        watched.ready = undefined;
        this.#listener.missed([log]);
      },
      // Tried again with the next sweep, as its place is not the right one.
      () => {
        watched.place = '';
        watched.ready = undefined;
      },
    );
  }

  #forget(log: LogName, watched: Watched): void {
    if (this.#watched.get(log) === watched) this.#watched.delete(log);
    this.#listener.forgotten(log);
  }

  #feed(place: string): Feed {
    let feed = this.#feeds.get(place);
    if (feed !== undefined) return feed;
    feed = new Feed(this.#link.connect(place), this.#timeout, {
      came: (channel, text) => {
        const log = this.#keys.logOf(channel);
        if (text === '') this.#listener.changed(log);
        else for (const entry of entriesOf(text)) this.#listener.hinted(log, entry);
      },
      // What comes while it is away is lost: nothing is read from memory until it is back.
      broke: () => {
        for (const [log, watched] of this.#watched) {
          if (watched.place !== place) continue;
          watched.isLive = false;
          this.#listener.forgotten(log);
        }
      },
      returned: () => void this.#resume(place),
    });
    this.#feeds.set(place, feed);
    return feed;
  }

  /** Subscribes to everything again over a new connection. */
  async #resume(place: string): Promise<void> {
    const logs = [...this.#watched].filter(
      ([, watched]) => watched.place === place && watched.ready === undefined,
    );
    const results = await Promise.allSettled(
      logs.map(([, { channel }]) => this.#feed(place).subscribe(channel)),
    );
    const isBack = (index: number): boolean => results[index]?.status === 'fulfilled';
    logs.forEach(([, watched], index) => {
      if (isBack(index)) watched.isLive = true;
      else watched.place = '';
    });
    this.#listener.missed(logs.filter((_, index) => isBack(index)).map(([log]) => log));
  }
}

/** `epoch offset body`, with the bodies of those behind it in lines of their own: in JSON there is no end of a line. */
function entriesOf(text: string): Entry[] {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  const epoch = text.slice(0, first);
  const offset = Number(text.slice(first + 1, second));
  return text
    .slice(second + 1)
    .split('\n')
    .map((body, index) => ({ epoch, offset: offset + index, body }));
}
