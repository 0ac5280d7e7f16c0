/**
 * PURE. Whether a connection lives, by the times at which it was heard: when it is asked and how (P56), and from when on
 * it is dead (P52). What is asked is one of those that are there; who opens and closes is not decided here.
 */
import type { Attempt } from './attempt.js';
import { control } from './sending.js';

/** What is asked of the session whose connections these are. */
export interface Asking {
  /** The connection that carries the session: nothing is expected of others. */
  carrier(): Attempt | undefined;
  /** Smoothed, ms; undefined before the first. */
  roundTrip(): number | undefined;
  /** Sends up to this number are acknowledged. */
  committed(): number;
  /** Polls again, to be answered after `wait` ms at the latest. */
  poll(one: Attempt, wait: number): void;
  /** Attaches another connection beside the one that there is. */
  replace(): void;
}

/** A timer that is so late has slept; who was heard more lately is not asked over HTTP; nobody has longer to answer, ms. */
const CHECK = 5_000;
/** A stream may be silent for so long before it is asked whether it lives, ms; and then has so long to answer. */
const SILENCE = 2_000;
const ANSWER = 1_500;
/** Shorter silences end no stream, ms (P52). */
const LEAST = 3_000;
/** How much longer than its hold a poll may take, ms. */
const POLL_GRACE = 4_000;

export function createLiveness(session: Asking) {
  /** How often a stream was asked by a POST and did not answer. */
  let vain = 0;

  /** Another node may have taken the POST: it is asked in this way until that was in vain a few times. */
  const echoes = (one: Attempt): unknown => one.echoes && vain < 2;

  const beat = (one: Attempt, now: number): void => {
    one.pingAt = now;
    one.dueAt = now + one.deadAfter;
  };

  /**
   * When the connection that carries the session is asked whether it lives, though nobody expects anything: it has
   * been silent for twice as long as it was of late, or for half a heartbeat, or does not acknowledge (P56).
   */
  const askAt = (one: Attempt): number => {
    const { provenAt, polls, hold, pollAt, asked, heardAt, usual, overHttp, deadAfter, sentUpTo } = one;
    if (!provenAt || asked || one !== session.carrier() || (polls && (!hold || pollAt < Infinity)))
      return Infinity;
    const waits = !overHttp && sentUpTo > session.committed();
    const idle = polls || (overHttp && !echoes(one)) ? Infinity : deadAfter / 3;
    return Math.max(heardAt, one.polledAt) + Math.max(SILENCE, waits ? 0 : Math.min(usual * 2, idle));
  };

  /** `busy`: while messages flow, a stream that is silent is replaced at once, as a POST may be stuck as well. */
  const ask = (one: Attempt, now: number, busy?: boolean): void => {
    let patience = Math.min(CHECK, Math.max(ANSWER, (session.roundTrip() ?? 0) * 6));
    one.asked = true;
    if (busy) one.echoes = false;
    if (one.polls) session.poll(one, 0);
    else if (one.overHttp && !echoes(one)) {
      // The old one stays as long as its successor may need, which has to be looked up by the server.
      patience = CHECK;
      session.replace();
    } else control(one, 'ping', now);
    one.dueAt = Math.min(one.dueAt, now + patience);
  };

  /** Asks a connection after a sleep, of which its time was a part. */
  const check = (one: Attempt, now: number): void => {
    if (now >= one.dueAt) one.dueAt = Infinity;
    ask(one, now);
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
      one.usual = Math.max(now - one.heardAt, one.usual * 0.9);
      one.asked = false;
      one.heardAt = now;
      // What stays one message behind brings something with each heartbeat, and never the heartbeat.
      one.dueAt = Math.max(now + one.deadAfter / 2, one.pingAt + one.deadAfter);
    },

    /** A heartbeat came. */
    beat,

    /** It polls, to be answered after `wait` ms at the latest. */
    polled(one: Attempt, wait: number, now: number): void {
      one.polledAt = now;
      if (!one.asked) one.dueAt = now + wait + POLL_GRACE;
    },

    /** The page is back: what was not heard lately is asked at once. */
    woke(now: number): void {
      const one = session.carrier();
      if (one && !one.asked && (!one.overHttp || now - one.heardAt > CHECK)) check(one, now);
    },

    /** Asks what is to be asked by now. The answer: whether it is dead. */
    isDead(one: Attempt, now: number): boolean {
      // A timer that comes late has slept, and what came meanwhile may still wait to be read. But who was asked had its
      // time: the timers of a hidden page are always late.
      if (now - one.dueAt > CHECK && !one.asked) {
        one.slept = true;
        check(one, now);
      } else if (now >= askAt(one)) ask(one, now, now < one.heardAt + one.deadAfter / 3);
      if (now < one.dueAt) return false;
      if (!one.asked || !one.overHttp || !echoes(one)) return true;
      vain++;
      one.echoes = false;
      check(one, now);
      return false;
    },
  };
}
