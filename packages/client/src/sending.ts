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
import type { Attempt } from './attempt.js';
import { createFitting } from './fitting.js';
import type { Outbox } from './outbox.js';
import type { Path } from './path.js';

/** What proves the session, and where it stands. */
export interface Identity {
  nonce: string;
  welcome: Welcome | undefined;
  readonly cursors: ReadonlyMap<string, Position>;
}

type UnderWay = NonNullable<Attempt['underWay']>;

/** Frames of a message that are no sends. */
const MAX_CONTROLS = 15;
/** Bytes that hello and the like may take beside the sends. */
const HEAD = 1_024;

export const control = (one: Attempt, ...frame: ClientFrame): void =>
  void one.controls.push(encodeFrame(frame));

export function createSending(identity: Identity, outbox: Outbox, path: Path) {
  const fitting = createFitting(path);

  const cursors = () => Object.fromEntries(identity.cursors) as Record<string, [string, number]>;

  /** What begins a message over HTTP: it has to prove the session each time, as of this generation. */
  const proof = (generation: number, more?: object): string => {
    const { nonce, welcome } = identity;
    return encodeFrame(['continue', { nonce, key: welcome!.key, generation, ...more }]);
  };

  /** `begin`, the controls and the next sends as one message; empty when there is nothing but its beginning. */
  const compose = (one: Attempt, begin: string[], controls: string[], carries: boolean): string => {
    const { sends: window = SEND_WINDOW, message: most = MAX_MESSAGE_BYTES } = identity.welcome?.limits ?? {};
    const after = one.overHttp ? 0 : one.sentUpTo;
    const sends = outbox.batch(
      after,
      // Over HTTP one message is the window; a server may announce less than fits in one.
      carries ? Math.min(window - Math.max(0, after - outbox.committed), MAX_FRAMES - MAX_CONTROLS - 1) : 0,
      Math.min(most, path.request ?? most) - Math.max(HEAD, byteLength(begin.join())),
    );
    const frames = [...controls, ...sends.map(({ text }) => text)];
    if (!frames.length) return '';
    const message = joinFrames([...begin, ...frames]);
    one.sentUpTo = sends.at(-1)?.number ?? one.sentUpTo;
    const opening = !one.welcomeAt;
    if (one.overHttp)
      one.underWay = {
        controls,
        bytes: message.length,
        count: sends.length,
        committed: outbox.committed,
        opening,
      };
    return message;
  };

  /** The way takes smaller messages only: this one did not pass. */
  const split = ({ bytes, count = 0 }: Partial<UnderWay> = {}): void => {
    fitting.refused(bytes);
    outbox.bounced(count);
  };

  return {
    split,

    /** The message that opens a connection: hello, and right behind it what is not settled (P38), if it may carry sends. */
    hello(one: Attempt, free: boolean): string {
      const { nonce, welcome } = identity;
      const probe = one.role === 'probe';
      const opening = {
        version: VERSION,
        nonce,
        key: welcome?.key,
        auth: one.auth,
        heartbeat: path.heartbeat,
        ...path.asks?.(one),
        attempt: `${one.transport}-${one.attempt}`,
        ...(probe ? { probe } : { cursors: cursors() }),
      };
      one.offered = new Map(identity.cursors);
      const begin = [encodeFrame(['hello', opening])];
      return compose(one, begin, [], free && !probe) || joinFrames(begin);
    },

    /** One poll, to be held for `wait` ms. The cursors in it are the subscriptions (P42). */
    poll: (one: Attempt, wait: number): string =>
      joinFrames([proof(one.generation!, { cursors: cursors(), wait, ...path.asks?.(one) })]),

    /** The next message for a connection that is welcomed; empty when it has nothing to send or must wait. */
    next: (one: Attempt, carries: boolean, now: number): string =>
      one.underWay || now < one.sendAt || (one.overHttp && !carries)
        ? ''
        : compose(
            one,
            one.overHttp ? [proof(one.generation!)] : [],
            one.controls.splice(0, MAX_CONTROLS),
            carries && !one.doubt,
          ),

    /** The request that ends the session; it needs no connection. */
    bye: (): string => joinFrames([proof(identity.welcome!.generation), encodeFrame(['bye'])]),

    /**
     * A POST was answered, or not (status 0): the same again after `pause` ms, if need be; or less of it, where that
     * may have been too much for the way. The answer: whether there is no way up at all.
     */
    answered(one: Attempt, sent: UnderWay, status: number, now: number, pause: number): boolean {
      const { controls, bytes, count, committed } = sent;
      const taken = status > 199 && status < 300;
      const tooBig = status === 413;
      // Something else passed: this send alone does not, and never will.
      if (taken && one.doubt) outbox.refuse();
      one.doubt = false;
      if (taken && (!count || outbox.committed > committed)) {
        one.tries = 0;
        fitting.took(bytes, count);
      } else one.sendAt = now + pause * 2 ** Math.min(one.tries++, 5);
      if (taken) return false;
      // Controls that are too big alone would be so again.
      if (!tooBig || count) one.controls.unshift(...controls);
      if (tooBig) {
        one.sendAt = 0;
        split(sent);
        // What is too big for the way alone will never pass.
        if (count === 1) outbox.refuse();
      } else if (fitting.lost(bytes, count, status, one.tries)) {
        if (count > 1) return one.tries > 9;
        if (one.tries > 2) {
          one.doubt = true;
          control(one, 'ping', now);
        }
      }
      return one.tries > 3;
    },

    /**
     * The server takes number `next` next. Each send behind it is answered so,
     * and once is enough. The answer: whether it forgot what it had committed (P40).
     */
    expect(one: Attempt, next: number): boolean {
      const { committed, open } = outbox;
      if (one.expected === next) return false;
      one.expected = next;
      one.sentUpTo = Math.max(next - 1, committed);
      const forgotten = next <= committed;
      if (forgotten) control(one, 'skip', next, committed);
      // What ended here, as too big for the way, is skipped when it is asked for, and not before: of a store that has
      // forgotten what was before it, nobody would hear.
      else if (next < open) control(one, 'skip', next, open - 1);
      return forgotten;
    },
  };
}
