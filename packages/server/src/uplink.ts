/**
 * PURE. The numbered sends of a session, as one connection sees them: taken in
 * order, begun, performed and committed one batch at a time (P30–P35).
 *
 *   idle ── sends queued ──▶ beginning ── run ──▶ performing ──▶ committing ──▶ idle
 *                               │ busy: again in 100 ms
 *                               │ duplicate: acknowledge, idle
 *                               └ expect: tell, forget the queue, idle
 *   idle ── skip queued ──▶ committing
 *                               └ expect: tell, forget the queue, idle
 */
import type { Position, Send } from '@iskra/protocol/wire';
import { Bucket } from './rates.js';
import type { Rate } from './rates.js';
import type { Begun, Committed } from './store.js';

/** A send, or the number of one whose frame was refused while it was read. */
export type NumberedSend = { number: number; send: Send } | { number: number; refusedField: string };

/** What waits for its turn: a send, or the client's word that it settled those up to `number` otherwise (P40). */
export type Queued = NumberedSend | { skipFrom: number; number: number };

/** One send's outcome for the inbox; undefined when the acknowledgement says it all. */
export type Outcome = string | undefined;

export type UplinkEffect =
  | { type: 'begin'; number: number }
  | { type: 'perform'; batch: readonly NumberedSend[]; redelivered: boolean }
  | { type: 'commit'; first: number; last: number; outcomes: readonly string[] }
  | { type: 'skip'; from: number; number: number }
  | { type: 'acknowledge'; number: number; inbox: Position }
  | { type: 'expect'; number: number }
  | { type: 'lost' };

const BUSY_RETRY = 100;

export class Uplink {
  #state: 'idle' | 'beginning' | 'performing' | 'committing' = 'idle';
  #queue: Queued[] = [];
  #batch: NumberedSend[] = [];
  readonly #bucket: Bucket;
  /** When to try again, and whether it is the rate that asks to wait (or another connection's claim). */
  #waiting: { until: number; forRate: boolean } | undefined;

  /** @param allowance what the session's other connections have left of its rate. */
  constructor(rate: Rate, now: number, allowance?: number) {
    this.#bucket = new Bucket(rate, now, allowance);
  }

  get deadline(): number {
    return this.#waiting?.until ?? Infinity;
  }

  /** Whether nothing is queued or under way. */
  get settled(): boolean {
    return this.#state === 'idle' && this.#queue.length === 0;
  }

  /** Whether a batch is under way; not one that waits for its turn. */
  get isWorking(): boolean {
    return this.#state !== 'idle';
  }

  /** Nothing of it is to be remembered: another one in its place would do the same. */
  isAtRest(now: number): boolean {
    return this.settled && this.#bucket.isFull(now);
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Milliseconds until the rate lets the next send through; 0 when it does not hold any back. */
  heldBack(now: number): number {
    return this.#waiting?.forRate === true ? Math.max(0, this.#waiting.until - now) : 0;
  }

  take(item: Queued): void {
    this.#queue.push(item);
  }

  /** Starts the next batch, when none is under way and the rate allows one. */
  next(now: number): UplinkEffect[] {
    if (this.#state !== 'idle' || (this.#waiting !== undefined && now < this.#waiting.until)) return [];
    this.#waiting = undefined;
    const head = this.#queue[0];
    if (head === undefined) return [];
    if ('skipFrom' in head) {
      this.#batch = [];
      this.#state = 'committing';
      return [{ type: 'skip', from: head.skipFrom, number: head.number }];
    }
    const wait = this.#bucket.wait(now);
    if (wait > 0) {
      this.#waiting = { until: now + wait, forRate: true };
      return [];
    }
    this.#batch = this.#nextBatch(head.number, this.#bucket.left(now));
    this.#state = 'beginning';
    return [{ type: 'begin', number: head.number }];
  }

  begun(result: Begun, now: number): UplinkEffect[] {
    switch (result.kind) {
      case 'run':
        this.#state = 'performing';
        // Only what is performed counts: a send that comes again, as it must, is none too many.
        this.#bucket.spend(this.#batch.length);
        return [{ type: 'perform', batch: this.#batch, redelivered: result.redelivered }];
      case 'duplicate': {
        this.#state = 'idle';
        this.#queue = this.#queue.filter(({ number }) => number > result.acked);
        return [{ type: 'acknowledge', number: result.acked, inbox: result.inbox }, ...this.next(now)];
      }
      case 'expect':
        this.#state = 'idle';
        return this.#expect(result.number, 0, now);
      case 'busy':
        this.#state = 'idle';
        this.#waiting = { until: now + BUSY_RETRY, forRate: false };
        return [];
      case 'revoked':
      case 'unknown':
        return [{ type: 'lost' }];
    }
  }

  performed(outcomes: readonly Outcome[]): UplinkEffect[] {
    this.#state = 'committing';
    return [
      {
        type: 'commit',
        first: this.#batch[0]?.number ?? 0,
        last: this.#batch[this.#batch.length - 1]?.number ?? 0,
        outcomes: outcomes.filter((outcome) => outcome !== undefined),
      },
    ];
  }

  committed(result: Committed, now: number): UplinkEffect[] {
    this.#state = 'idle';
    switch (result.kind) {
      case 'committed': {
        // A skip is committed alone, without a batch.
        this.#queue = this.#queue.slice(Math.max(1, this.#batch.length));
        this.#batch = [];
        return [{ type: 'acknowledge', number: result.acked, inbox: result.inbox }, ...this.next(now)];
      }
      case 'stale':
        // Another connection performed it after our claim ran out: begin again, to learn what it did.
        return this.next(now);
      case 'expect':
        // A skip that came too late: the store has forgotten more since.
        return this.#expect(result.number, 1, now);
      case 'unknown':
        return [{ type: 'lost' }];
    }
  }

  /**
   * Goes on with what the client wrote once it knew that the store lost sends, behind so many of the queue: the
   * numbers before that are not to come again.
   */
  #expect(number: number, behind: number, now: number): UplinkEffect[] {
    const skip = this.#queue.findIndex((item, index) => index >= behind && 'skipFrom' in item);
    this.#queue = skip < 0 ? [] : this.#queue.slice(skip);
    return [{ type: 'expect', number }, ...this.next(now)];
  }

  /** Successive numbers from the front of the queue. A request is a batch of its own, so its commit is never delayed. */
  #nextBatch(first: number, most: number): NumberedSend[] {
    const batch: NumberedSend[] = [];
    for (const item of this.#queue) {
      if ('skipFrom' in item || item.number !== first + batch.length || batch.length >= most) break;
      const isRequest = 'send' in item && item.send[0] === 'request';
      if (isRequest && batch.length > 0) break;
      batch.push(item);
      if (isRequest) break;
    }
    return batch;
  }
}
