/**
 * PURE. Whether a connection lives, by the times at which it was heard: when it is asked and how (P56), and from when on
 * it is dead (P52). What is asked is one of those that are there; who opens and closes is not decided here.
 */
import { ANSWER } from './attempt.js';
import type { Attempt } from './attempt.js';
import { PAUSE } from './behind.js';
import type { Outbox } from './outbox.js';
import type { Path } from './path.js';
import { control } from './sending.js';

/** A timer that is so late has slept; who was heard more lately is not asked over HTTP; nobody has longer to answer, ms. */
const CHECK = 5_000;
/** A stream may be silent for so long before it is asked whether it lives, ms. */
const SILENCE = 2_000;
/** Shorter silences end no stream, ms (P52). */
const LEAST = 3_000;
/** How much longer than its hold a poll may take, ms. */
const POLL_GRACE = 4_000;

/**
 * @param carrier the connection that carries the session: nothing is expected of others
 * @param roundTrip smoothed, ms; 0 before the first
 * @param poll polls again, to be answered after `wait` ms at the latest
 * @param replace attaches another connection beside the one that there is
 */
export function createLiveness(
  carrier: () => Attempt | undefined,
  roundTrip: () => number,
  outbox: Pick<Outbox, 'committed'>,
  path: Path,
  poll: (one: Attempt, wait: number) => void,
  replace: () => void,
) {
  /** How often a stream was asked by a POST and did not answer. */
  let vain = 0;

  /** Asked by a POST. Another node may have taken it: only until that was in vain a few times. */
  const echoes = (one: Attempt): unknown => one.overHttp && one.echoes && vain < 2;

  /** What comes down when it is asked by a POST may only have been pushed out by the answer. */
  const lives = (one: Attempt, now: number): void => {
    if (one.asked && echoes(one)) return;
    one.asked = 0;
    // What stays one message behind brings something with each heartbeat, and never the heartbeat.
    one.dueAt = Math.max(now + one.deadAfter / 2, one.pingAt + one.deadAfter);
  };

  const beat = (one: Attempt, now: number): void => {
    one.pingAt = now;
    lives(one, now);
  };

  /**
   * When the connection that carries the session is asked whether it lives, though nobody expects anything: it has
   * been silent for twice as long as it was of late, or for half a heartbeat, or does not acknowledge (P56). Or sooner,
   * whether it stays one behind (P58).
   */
  const askAt = (one: Attempt): number => {
    const { polls, overHttp } = one;
    if (!one.provenAt || one.asked || one !== carrier() || (polls && (!one.hold || one.pollAt < Infinity)))
      return Infinity;
    if (path.doubts?.(one) && echoes(one)) return one.heardAt + PAUSE;
    const waits = !overHttp && one.sentUpTo > outbox.committed;
    const idle = polls || (overHttp && !echoes(one)) ? Infinity : one.deadAfter / 3;
    return Math.max(one.heardAt, one.polledAt) + Math.max(SILENCE, waits ? 0 : Math.min(one.usual * 2, idle));
  };

  const ask = (one: Attempt, now: number): void => {
    one.asked ||= now;
    if (one.polls) poll(one, 0);
    else if (one.overHttp && !echoes(one)) replace();
    else control(one, 'ping', now);
    // Who is asked has the time to answer, however late it is.
    const patience = Math.min(CHECK, Math.max(ANSWER, roundTrip() * 6, now - one.asked!));
    one.dueAt = Math.min(one.dueAt > now ? one.dueAt : Infinity, now + patience);
  };

  return {
    askAt,

    /** It is open, and its server has this heartbeat, ms. */
    welcomed(one: Attempt, heartbeat: number, now: number): void {
      if (!one.polls) one.deadAfter = Math.max(LEAST, heartbeat * 1.5);
      one.usual = heartbeat;
      beat(one, now);
    },

    /** Something came down it. */
    heard(one: Attempt, now: number): void {
      one.usual = Math.max(now - one.heardAt, one.usual * 0.8);
      one.heardAt = now;
      lives(one, now);
    },

    /** A heartbeat came. */
    beat,

    /** A `pong` came: `aside`, with the answer to a POST, or down the stream. What stays one behind is at its end (P58). */
    echoed(one: Attempt, moment: number, aside: boolean, now: number): void {
      if (aside) {
        one.echo = moment;
        one.echoAt = now;
        return;
      }
      one.echoes = true;
      one.asked = 0;
      lives(one, now);
      if (path.echoed?.(one, moment, now)) one.dueAt = now;
    },

    /** It polls, to be answered after `wait` ms at the latest. */
    polled(one: Attempt, wait: number, now: number): void {
      one.polledAt = now;
      if (!one.asked) one.dueAt = now + wait + POLL_GRACE;
    },

    /** The page is back: what was not heard lately is asked at once. */
    woke(now: number): void {
      const one = carrier();
      if (one && !one.asked && (!one.overHttp || now - one.heardAt > CHECK)) ask(one, now);
    },

    /** Asks what is to be asked by now. The answer: whether it is dead. */
    isDead(one: Attempt, now: number): boolean {
      // A timer that comes late has slept, and what came meanwhile may still wait to be read. But who was asked had its
      // time: the timers of a hidden page are always late.
      if (now - one.dueAt > CHECK && !one.asked) {
        one.slept = true;
        ask(one, now);
      } else if (now >= askAt(one)) ask(one, now);
      if (now < one.dueAt) return false;
      // A successor has to be looked up by the server, and may have gone over a connection that is dead as well.
      if (!one.asked || one.transport !== 'sse' || now >= one.asked + CHECK) return true;
      // A POST that is stuck, too, says nothing of another node.
      if (one.echoes && one.echoAt! > one.heardAt) vain++;
      one.echoes = false;
      ask(one, now);
      return false;
    },
  };
}
