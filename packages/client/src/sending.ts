/**
 * PURE. The way up: which frames make the next message of a connection, and
 * what the answers to them mean (P30–P40).
 */
import {
  byteLength,
  encodeFrame,
  joinFrames,
  MAX_FRAMES,
  MAX_MESSAGE_BYTES,
  SEND_WINDOW,
  VERSION,
} from '@iskra/protocol/wire';
import type { ClientFrame, Position, Welcome } from '@iskra/protocol/wire';
import type { Connection } from './connection.js';
import type { Outbox, Pending } from './outbox.js';

/** What proves the session, and where it stands. */
export interface Identity {
  nonce: string;
  welcome: Welcome | undefined;
  readonly cursors: ReadonlyMap<string, Position>;
}

/** Frames of a message that are no sends. */
const MAX_CONTROLS = 15;
/** Bytes that hello and the like may take beside the sends. */
const HEAD = 1_024;
/** A way that takes less than this takes nothing, bytes. */
const LEAST_BATCH = 1_024;

export const control = (one: Connection, ...frame: ClientFrame): void =>
  void one.controls.push(encodeFrame(frame));

export function createSending(identity: Identity, outbox: Outbox) {
  let batchBytes = MAX_MESSAGE_BYTES;

  const cursors = () => Object.fromEntries(identity.cursors) as Record<string, [string, number]>;

  const continued = ({ attempt }: Connection, more?: object): string => {
    const { nonce, welcome } = identity;
    return encodeFrame(['continue', { nonce, key: welcome!.key, generation: attempt.generation!, ...more }]);
  };

  /** The next sends for this connection, behind `head` and `controls`. */
  const fill = (one: Connection, head: string[], controls: string[]): string => {
    const { sends: window = SEND_WINDOW, message: most = batchBytes } = identity.welcome?.limits ?? {};
    const sends = outbox.batch(
      one.http ? 0 : one.sentUpTo,
      // Over HTTP one message is the window; a server may announce less than fits in one.
      Math.min(
        window - (one.http ? 0 : Math.max(0, one.sentUpTo - outbox.committed)),
        MAX_FRAMES - MAX_CONTROLS - 1,
      ),
      Math.min(most, batchBytes) - Math.max(HEAD, byteLength(head.join())),
    );
    const frames = [...head, ...controls, ...sends.map(({ text }) => text)];
    const message = joinFrames(frames);
    if (sends.length) one.sentUpTo = sends[sends.length - 1]!.number;
    if (one.http && frames.length > head.length) {
      one.underWay = { controls, bytes: message.length, count: sends.length, committed: outbox.committed };
    }
    return frames.length > head.length || !one.attempt.welcomeAt ? message : '';
  };

  /** The way takes smaller messages only. */
  const split = (bytes = batchBytes): void => {
    batchBytes = Math.max(LEAST_BATCH, Math.min(bytes, batchBytes) / 2);
  };

  return {
    split,

    /** The message that opens a connection: hello, and right behind it what is not settled (P38), if it may carry sends. */
    hello(one: Connection, free: boolean): string {
      const { attempt, transport, role } = one.attempt;
      const probe = role === 'probe';
      const { nonce, welcome } = identity;
      const opening = {
        version: VERSION,
        nonce,
        key: welcome?.key,
        auth: one.auth,
        attempt: `${transport}-${attempt}`,
        ...(probe ? { probe } : { cursors: cursors() }),
      };
      const head = [encodeFrame(['hello', opening])];
      return probe || !free ? joinFrames(head) : fill(one, head, []);
    },

    /** One poll. The cursors in it are the subscriptions (P42). */
    poll: (one: Connection, wait: number): string =>
      joinFrames([continued(one, { cursors: cursors(), wait })]),

    /** The next message for a connection that is welcomed; empty when it has nothing to send or must wait. */
    next(one: Connection, carries: boolean, now: number): string {
      if (one.underWay || now < one.sendAt || (one.http && !carries)) return '';
      const controls = one.controls.splice(0, MAX_CONTROLS);
      if (carries) return fill(one, one.http ? [continued(one)] : [], controls);
      return controls.length ? joinFrames(controls) : '';
    },

    bye: (one: Connection): string =>
      joinFrames([...(one.http ? [continued(one)] : []), encodeFrame(['bye'])]),

    /** A POST was answered, or not (status 0): the same again after `pause` ms, if need be. */
    answered(
      one: Connection,
      sent: NonNullable<Connection['underWay']>,
      status: number,
      now: number,
      pause: number,
    ) {
      const taken = status > 199 && status < 300;
      let refused: Pending[] = [];
      if (status === 413) {
        split(sent.bytes);
        // What is too big for the way alone will never pass: it ends here, and its number is skipped.
        if (sent.count === 1) refused = outbox.refuseFirst();
        for (const { number } of refused) control(one, 'skip', number);
      } else if (!taken) one.controls.unshift(...sent.controls);
      if (taken && (!sent.count || outbox.committed > sent.committed)) one.tries = 0;
      else one.sendAt = status === 413 ? 0 : now + pause * 2 ** Math.min(one.tries++, 5);
      return { refused, broken: !taken && one.tries > 3 };
    },

    /**
     * The server takes number `next` next. Each send behind it is answered so,
     * and once is enough. The answer: whether it forgot what it had committed (P40).
     */
    expect(one: Connection, next: number): boolean {
      const { committed } = outbox;
      if (one.expected === next) return false;
      one.expected = next;
      one.sentUpTo = Math.max(next - 1, committed);
      if (next > committed) return false;
      control(one, 'skip', committed);
      return true;
    },
  };
}
