/**
 * PURE. The moments at which something is due on a connection: the next
 * heartbeat, and the ends that come when nothing happens before. A moment that
 * is not awaited is undefined and not Infinity, which would cost every
 * connection a boxed number each.
 */
import type { CodeName } from '@iskra/protocol/wire';
import type { SessionSettings } from './session-events.js';

type Moment = number | undefined;

/** Heartbeats of silence that end a stream: the answer to one may be lost, and the next be late. */
const MISSED = 2.5;
/** However short the heartbeat is that a client asks for: what is lost once on the way comes again within this time, ms. */
const SHORTEST = 5_000;

/** Milliseconds after which a client that has sent no fresh credentials is asked again. */
export const REMIND_AGAIN = 5_000;

export class Deadlines {
  readonly #settings: SessionSettings;
  #heartbeat: number;
  #lastHeard: number;
  #heardSinceTouch = false;
  /** Silence ends the connection: a stream with an open session. A poll has its `wait` (P53). */
  #listens = false;
  #pingAt: Moment;
  #helloBy: Moment;
  #supersededAt: Moment;
  #expiresAt: Moment;
  #refreshAt: Moment;
  #remindedAt: Moment;
  #slowAt: Moment;

  constructor(settings: SessionSettings, now: number) {
    this.#settings = settings;
    this.#heartbeat = settings.heartbeat;
    this.#lastHeard = now;
    this.#helloBy = now + settings.helloTimeout;
  }

  /** The earliest of them; Infinity for none. */
  get next(): number {
    return Math.min(
      this.#pingAt ?? Infinity,
      this.#helloBy ?? Infinity,
      this.#supersededAt ?? Infinity,
      this.#expiresAt ?? Infinity,
      this.#refreshAt ?? Infinity,
      this.#slowAt ?? Infinity,
      this.#silentAt ?? Infinity,
    );
  }

  /** Milliseconds between heartbeats. */
  get heartbeat(): number {
    return this.#heartbeat;
  }

  get isSuperseded(): boolean {
    return this.#supersededAt !== undefined;
  }

  /** The code with which the connection ends now, if it does. */
  endAt(now: number): CodeName | undefined {
    if (isDue(this.#helloBy, now)) return 'timeout';
    if (isDue(this.#supersededAt, now)) return 'superseded';
    if (isDue(this.#expiresAt, now)) return 'unauthorized';
    if (isDue(this.#slowAt, now)) return 'slow_consumer';
    if (isDue(this.#silentAt, now)) return 'timeout';
    return undefined;
  }

  /** Whether a heartbeat is due now; then the next one is awaited. */
  beats(now: number): boolean {
    if (!isDue(this.#pingAt, now)) return false;
    this.#pingAt = now + this.#heartbeat;
    return true;
  }

  /** Milliseconds from the heartbeat of that moment until now; undefined when it was none of ours, or not the last one. */
  roundTrip(moment: number, now: number): number | undefined {
    const last = this.#pingAt === undefined ? undefined : Math.round(this.#pingAt - this.#heartbeat);
    return moment === last ? now - moment : undefined;
  }

  heard(now: number): void {
    this.#lastHeard = now;
    this.#heardSinceTouch = true;
  }

  /** Another node heard the peer at that moment: what comes up over HTTP goes wherever a balancer sends it. */
  heardElsewhere(at: number): void {
    if (this.isNews(at)) this.#lastHeard = Math.floor(at);
  }

  /** Whether the peer was heard elsewhere at that moment: up to a heartbeat behind, it is our own telling the store. */
  isNews(at: number): boolean {
    return at > this.#lastHeard + this.#heartbeat;
  }

  /** Milliseconds since the peer was heard last. */
  silence(now: number): number {
    return now - this.#lastHeard;
  }

  /** Heartbeats of a stream for which nothing was heard. */
  missed(now: number): number {
    return this.#listens ? Math.floor(this.silence(now) / this.#heartbeat) : 0;
  }

  /** Whether the peer was heard since this was asked last. */
  wasHeard(): boolean {
    const heard = this.#heardSinceTouch;
    this.#heardSinceTouch = false;
    return heard;
  }

  /** @param heartbeat milliseconds that the peer asks for. */
  greeted(heartbeat = Infinity): void {
    this.#heartbeat = Math.min(this.#settings.heartbeat, heartbeat);
  }

  /** The session is open. A stream's first heartbeat proves that nothing holds it back (P51). */
  joined(now: number): void {
    this.#helloBy = undefined;
    this.#listens = this.#settings.mode === 'stream';
    if (this.#listens) this.#pingAt = now + this.#settings.markerDelay;
  }

  /** A probe may stay a while, and go on to a real `hello`. */
  probed(now: number): void {
    this.#helloBy = now + this.#settings.probeTimeout;
    if (this.#settings.mode === 'stream') this.#pingAt = now + this.#settings.markerDelay;
  }

  superseded(now: number): void {
    this.#supersededAt = Math.min(this.#supersededAt ?? Infinity, now + this.#settings.supersededGrace);
  }

  /** The connection has the session again. */
  regained(): void {
    this.#supersededAt = undefined;
  }

  /** Both in milliseconds, Infinity for never: until the credentials end, and until fresh ones are asked for. */
  identified(expiresIn: number, refreshIn: number, now: number): void {
    this.#expiresAt = expiresIn === Infinity ? undefined : now + expiresIn;
    // However short they last, or if the same come again.
    const earliest = this.#remindedAt === undefined ? now : this.#remindedAt + REMIND_AGAIN;
    this.#refreshAt = refreshIn === Infinity ? undefined : Math.max(now + refreshIn, earliest);
  }

  /** Whether fresh credentials are asked for now; then they are again in a while (P81). */
  reminds(now: number): boolean {
    if (!isDue(this.#refreshAt, now)) return false;
    this.#remindedAt = now;
    this.#refreshAt = now + REMIND_AGAIN;
    return true;
  }

  /** The connection takes no more. */
  filled(now: number): void {
    this.#slowAt = now + this.#settings.slowTimeout;
  }

  drained(): void {
    this.#slowAt = undefined;
  }

  /** When it has been silent for too long. */
  get #silentAt(): Moment {
    if (!this.#listens) return undefined;
    return this.#lastHeard + (this.#settings.silence ?? Math.max(SHORTEST, this.#heartbeat * MISSED));
  }
}

function isDue(moment: Moment, now: number): boolean {
  return moment !== undefined && now >= moment;
}
