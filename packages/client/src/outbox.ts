/**
 * PURE. The sends of one session that have no known end yet (P30–P40): numbered
 * without holes, encoded once, settled in order, bounded.
 *
 *   queued ── handed to a connection ──▸ sent ── acked, inbox read up to it ──▸ acknowledged | rejected
 *      └────────── session or outcome lost ──┴──────────────────────────────▸ unknown
 */
import { byteLength, encodeFrame } from '@iskra/protocol/wire';
import type { Envelope, Position, Send as SendFrame } from '@iskra/protocol/wire';
import type { Send } from './send.js';
import type { Waiting } from './session-events.js';

export type SendState = 'queued' | 'sent' | 'acknowledged' | 'rejected' | 'unknown';

/** One send. `text` is made once, so a repeat is the same bytes. */
export interface Pending extends Waiting {
  readonly number: number;
  readonly text: string;
  readonly bytes: number;
  state: SendState;
  /** How often it was handed to a connection, without those that are known to have come back. */
  copies: number;
  /** The entry of the inbox that answers it. */
  outcome?: Pick<Envelope, 'delta' | 'lambda' | 'payload'>;
  /** Position of the inbox that must be handed on before it settles (P34); set once it is committed. */
  barrier?: Position | 'passed';
  /** Its outcome may have fallen into a gap of the inbox. */
  doubtful?: boolean;
  /** What the application holds of it. */
  shown?: Send;
}

export interface OutboxLimits {
  /** Unsettled sends. */
  messages: number;
  /** Bytes of them together. */
  bytes: number;
}

export type Outbox = ReturnType<typeof createOutbox>;

export function createOutbox(limits: OutboxLimits) {
  const sends: Pending[] = [];
  let bytes = 0;
  let last = 0;
  let committed = 0;

  /** Takes away sends from the first on, as long as each of them has come to an end. */
  const drop = (endOf: (send: Pending) => SendState | undefined): Pending[] => {
    const settled: Pending[] = [];
    for (const send of sends) {
      const end = endOf(send);
      if (!end) break;
      send.state = end;
      bytes -= send.bytes;
      settled.push(send);
    }
    sends.splice(0, settled.length);
    return settled;
  };

  /** It comes to its end without waiting for the inbox; as unknown, where no outcome is known. */
  const giveUp = (send: Pending): void => {
    send.barrier = 'passed';
    send.doubtful = true;
  };

  /** The first send that has not come to its end, here or there. */
  const first = (): Pending | undefined => sends.find(({ barrier }) => !barrier);

  return {
    sends: sends as readonly Pending[],
    /** The first number that is not known to have come to its end, here or there. */
    get open() {
      return first()?.number ?? last + 1;
    },
    /** The highest number that the server has said to be committed. */
    get committed() {
      return committed;
    },

    /** Takes a send of this tag; undefined when there is no room for it. */
    add(tag: SendFrame[0], ...fields: unknown[]): Pending | undefined {
      const text = encodeFrame([tag, last + 1, ...fields] as SendFrame);
      const size = byteLength(text);
      if (sends.length >= limits.messages || bytes + size > limits.bytes) return undefined;
      const send: Pending = { number: ++last, text, bytes: size, state: 'queued', copies: 0 };
      bytes += size;
      sends.push(send);
      return send;
    },

    /** Numbers up to this one were used by an earlier page. */
    leap(number: number): void {
      last = Math.max(last, number);
    },

    /** The next sends after number `after` that are not known to be committed: at most `count` of them and `room` bytes, but one at least. */
    batch(after: number, count: number, room: number): Pending[] {
      const found: Pending[] = [];
      for (const send of sends) {
        if (send.number <= after || send.barrier) continue;
        room -= send.bytes + 1;
        if (found.length >= count || (room < 0 && found.length > 0)) break;
        send.state = 'sent';
        send.copies++;
        found.push(send);
      }
      return found;
    },

    /** An entry of the inbox answered send `number`. */
    answer(number: number, outcome: Envelope): void {
      for (const send of sends) if (send.number === number) send.outcome ??= outcome;
    },

    /** Sends up to `number` are committed, their outcomes are in the inbox up to this position. */
    acked(number: number, barrier: Position): void {
      committed = Math.max(committed, number);
      for (const send of sends) if (send.number <= number) send.barrier ??= barrier;
    },

    /** The sends that came to their end now that the inbox was handed on up to this position, in order. */
    settle: ([epoch, offset]: Position): Pending[] =>
      drop(({ barrier, outcome, doubtful }) => {
        // Offsets of different epochs cannot be compared.
        if (!barrier || (barrier !== 'passed' && (barrier[0] !== epoch || barrier[1] > offset)))
          return undefined;
        if (outcome) return /^(reply|(un)?subscribed)$/.test(outcome.delta) ? 'acknowledged' : 'rejected';
        return doubtful ? 'unknown' : 'acknowledged';
      }),

    /**
     * The inbox was handed on into the epoch `next`, or past a gap. Places in other epochs are not reached any more,
     * and what was lost may have been an answer: the outcome of those sends is unknown.
     */
    doubt(next: string, lost: boolean): void {
      for (const send of sends) {
        if (send.barrier && send.barrier[0] !== next) giveUp(send);
        send.doubtful ||= lost && send.state === 'sent';
      }
    },

    /** The store forgot the sends from this number on, though they were committed. */
    forgotten(first: number): void {
      for (const send of sends) if (send.number >= first && send.barrier) giveUp(send);
    },

    /** A message with the first `count` sends did not pass. */
    bounced(count: number): void {
      for (const send of sends.filter(({ barrier }) => !barrier).slice(0, count)) send.copies--;
    },

    /**
     * The first send that is not committed is too big for the way: it ends here, as refused, unless another copy of it
     * may still arrive. Its number is skipped when the server asks for it.
     */
    refuse(): void {
      const send = first();
      if (!send) return;
      giveUp(send);
      if (!send.copies)
        send.outcome = {
          delta: 'too_big',
          lambda: 'split_message',
          payload: { message: 'Too big for a proxy.' },
        };
    },

    /** The session is gone: every send has an unknown outcome, and numbers begin again (P14); behind `from`, where it is another's. */
    clear(from = 0): Pending[] {
      last = from;
      committed = 0;
      return drop(() => 'unknown');
    },
  };
}
