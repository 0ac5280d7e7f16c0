/**
 * PURE. Reconnect stampede: more sessions come back within a second than any orderly move brings. Something that
 * carried them all ended at once: a node, a balancer, a network.
 */
import type { Detector, Finding, Seen } from './pattern.js';

/** A node that drains sends away 200 clients a second at most (spread.ts); half as many again are none of its doing. */
const LEAST = 300;
const SECOND = 1_000;
/** Milliseconds before, with which the fullest second is compared. */
const SPAN = 10_000;
const SLICE = 100;

export class ReconnectStampede implements Detector {
  readonly sees = ['session_resumed'] as const;
  /** Sessions that came back, in slices of a tenth of a second, newest last. */
  #slices: { readonly from: number; count: number }[] = [];
  /** Those of the newest slice: who comes twice in it is counted once. */
  #sessions = new Set<string>();

  handle({ payload: { session } }: Seen, now: number): Finding | undefined {
    if (session === undefined) return undefined;
    const from = Math.floor(now / SLICE) * SLICE;
    if (this.#slices.at(-1)?.from !== from) {
      this.#slices = this.#slices.filter((slice) => slice.from > now - SPAN);
      this.#slices.push({ from, count: 0 });
      this.#sessions = new Set();
    }
    const newest = this.#slices.at(-1);
    if (newest === undefined || this.#sessions.has(session)) return undefined;
    this.#sessions.add(session);
    newest.count++;
    const sessions = this.#count(now - SECOND);
    if (sessions <= LEAST) return undefined;
    const share = sessions / this.#count(now - SPAN);
    return { about: 'node', evidence: sessions, facts: { sessions, share, window: SECOND / 1_000 } };
  }

  #count(since: number): number {
    let sum = 0;
    for (let place = this.#slices.length - 1; place >= 0; place--) {
      const slice = this.#slices[place];
      if (slice === undefined || slice.from <= since) break;
      sum += slice.count;
    }
    return sum;
  }
}
