/**
 * What every request passes before anything of it is read: its origin, its
 * address's rate and number of connections, and that its URL carries no secret.
 */
import type { CodeName } from '@iskra/protocol/wire';
import { Rates } from './rates.js';
import type { Limits } from './core.js';

/** `'*'` allows every origin; a list names them (`https://app.example`); by default only the page's own host is allowed. */
export type Origins = '*' | readonly string[] | ((origin: string) => boolean);

/** A request's header by its lower-case name. */
export type HeaderReader = (name: string) => string | undefined;

export interface GuardOptions {
  readonly origins: Origins | undefined;
  /** Whether requests without an Origin may pass: programs send none, browsers always do. */
  readonly allowNoOrigin: boolean;
  /** Proxies before this server that append to X-Forwarded-For; 0 trusts the socket only. */
  readonly trustedProxies: number;
  readonly limits: Limits;
}

export interface Passed {
  readonly ok: true;
  readonly address: string;
  /** The origin to name in CORS headers; undefined for requests from the same origin. */
  readonly crossOrigin: string | undefined;
}

export type Verdict =
  | Passed
  | {
      readonly ok: false;
      readonly code: CodeName;
      readonly field: string;
      readonly address: string;
      readonly retryAfter?: number;
    };

/** One place among the connections of an address. */
export interface Place {
  /** The peer said hello and was welcome. */
  known(): void;
  /** Gives it back; once is enough, twice does no harm. */
  release(): void;
}

interface Seats {
  open: number;
  strangers: number;
}

/** Names under which people put secrets into URLs, where logs and proxies keep them. */
const SECRET_PARAMETERS = ['auth', 'token', 'access_token', 'key', 'session', 'sid', 'jwt', 'password'];

export class Guard {
  readonly #options: GuardOptions;
  readonly #requests: Rates;
  readonly #seats = new Map<string, Seats>();
  #open = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#requests = new Rates(options.limits.requestRate);
  }

  /** @param url the request target; only its query is looked at. */
  check(header: HeaderReader, url: string, peer: string | undefined, now: number): Verdict {
    const address = this.#address(header, peer);
    const wrong = (code: CodeName, field: string, retryAfter?: number): Verdict => ({
      ok: false,
      code,
      field,
      address,
      ...(retryAfter !== undefined && { retryAfter }),
    });
    const origin = header('origin');
    const own = origin !== undefined && isOwnOrigin(origin, header('host'));
    if (!this.#mayCome(origin, own, header)) return wrong('forbidden', 'origin');
    const wait = this.#requests.take(address, now);
    if (wait > 0) return wrong('rate_limited', 'address', Math.ceil(wait));
    const question = url.indexOf('?');
    if (question >= 0) {
      const query = new URLSearchParams(url.slice(question));
      if (SECRET_PARAMETERS.some((name) => query.has(name))) return wrong('bad_frame', 'url');
    }
    return { ok: true, address, crossOrigin: own ? undefined : origin };
  }

  /** A place for a connection, or undefined when the address or the node has none left. */
  admit(address: string): Place | undefined {
    const { connections, connectionsPerAddress, strangersPerAddress } = this.#options.limits;
    const seats = this.#seats.get(address) ?? { open: 0, strangers: 0 };
    if (
      this.#open >= connections ||
      seats.open >= connectionsPerAddress ||
      seats.strangers >= strangersPerAddress
    ) {
      return undefined;
    }
    this.#seats.set(address, seats);
    this.#open++;
    seats.open++;
    seats.strangers++;
    return new TakenPlace(this, address, seats);
  }

  /** For the places that it gave. */
  forget(address: string, seats: Seats): void {
    this.#open--;
    if (seats.open === 0) this.#seats.delete(address);
  }

  #mayCome(origin: string | undefined, own: boolean, header: HeaderReader): boolean {
    const { origins, allowNoOrigin } = this.#options;
    if (origin === undefined) {
      // A browser that leaves out the origin still tells where a request comes from.
      return allowNoOrigin && header('sec-fetch-site') !== 'cross-site';
    }
    if (origins === '*') return true;
    if (origins === undefined) return own && header('sec-fetch-site') !== 'cross-site';
    return typeof origins === 'function' ? origins(origin) : origins.includes(origin);
  }

  #address(header: HeaderReader, peer: string | undefined): string {
    const { trustedProxies } = this.#options;
    const forwarded = trustedProxies > 0 ? header('x-forwarded-for') : undefined;
    if (forwarded !== undefined) {
      const hops = forwarded.split(',');
      const hop = hops[Math.max(0, hops.length - trustedProxies)]?.trim();
      if (hop) return hop;
    }
    return peer ?? 'unknown';
  }
}

class TakenPlace implements Place {
  readonly #guard: Guard;
  readonly #address: string;
  readonly #seats: Seats;
  #isStranger = true;
  #isTaken = true;

  constructor(guard: Guard, address: string, seats: Seats) {
    this.#guard = guard;
    this.#address = address;
    this.#seats = seats;
  }

  known(): void {
    if (this.#isStranger) this.#seats.strangers--;
    this.#isStranger = false;
  }

  release(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.known();
    this.#seats.open--;
    this.#guard.forget(this.#address, this.#seats);
  }
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  const separator = origin.indexOf('://');
  return (
    host !== undefined && separator > 0 && origin.slice(separator + 3).toLowerCase() === host.toLowerCase()
  );
}
