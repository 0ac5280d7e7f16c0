/**
 * PURE. What was learned of the way between this network and this server: after how much silence something on it cuts a
 * connection, how large a message passes, and which transport carried the session. It is a help and never a
 * condition: whatever is wrong here costs a moment, and is unlearned.
 */
import { createAnswers } from './answers.js';
import type { Answers } from './answers.js';
import type { Attempt } from './attempt.js';
import { createBehind } from './behind.js';
import type { Behind } from './behind.js';
import type { TransportName } from './transports/transport.js';

/** What is worth remembering. */
export interface Learned {
  /** Between heartbeats that keep a connection alive here, ms. */
  heartbeat?: number | undefined;
  /** The transport that carried the session last. */
  first?: TransportName | undefined;
  /** Bytes of a message that goes up. */
  request?: number | undefined;
  /** Bytes of an answer to a poll. */
  answer?: number | undefined;
}

/** What the session reads when it needs it, and writes when it finds out. */
export interface Path extends Learned, Partial<Answers>, Partial<Behind> {
  /** An attempt has ended. Notes with it, and answers, whether the silence on it was too long for something on the way; null: perhaps. */
  ended?(attempt: Attempt): boolean | null;
}

const LEAST_HEARTBEAT = 1_000;
/** Shorter silences cannot be kept with heartbeats that a server takes, ms. */
const SHORTEST = 1_500;
/** Of the silence that is not allowed, what is: a heartbeat that comes late is still in time. */
const SHARE = 0.6;

/** How long nothing had passed over a connection when the network ended it; 0 for every other end. */
const silenceOf = ({
  role,
  slept,
  welcomeAt,
  polls,
  polledAt,
  heardAt,
  endedAt = 0,
  cause = {},
}: Attempt): number =>
  role === 'probe' || slept || !welcomeAt || cause.status === undefined || cause.advice || cause.verdict
    ? 0
    : endedAt - (polls ? polledAt : heardAt);

/**
 * @param known from an earlier visit.
 * @param learned is called when something is learned while a connection lives.
 */
export function createPath(known: Learned = {}, learned: () => void = () => {}): Path {
  /** Silences at whose end a connection was cut, newest first. */
  let cuts: number[] = [];
  /** Cuts that came sooner than the heartbeat allows. */
  let contradictions = 0;

  const path: Path = { ...known, ended: (attempt) => (attempt.idle = isIdle(silenceOf(attempt))) };

  const isIdle = (silence: number): boolean | null => {
    if (silence < SHORTEST) return false;
    if (path.heartbeat && silence < path.heartbeat * 0.9) {
      // Not silence, then. One such cut may be an accident.
      if (++contradictions > 1) {
        path.heartbeat = undefined;
        contradictions = 0;
        cuts = [];
      }
      return false;
    }
    // One cut may be an accident, too; two after the same time are a habit of the network.
    const again = cuts.find((one) => Math.abs(one - silence) < Math.max(500, silence * 0.15));
    cuts = [silence, ...cuts].slice(0, 4);
    if (again === undefined) return null;
    const before = path.heartbeat ?? Infinity;
    path.heartbeat = Math.min(
      before,
      Math.max(LEAST_HEARTBEAT, Math.round(Math.min(again, silence) * SHARE)),
    );
    // If it cannot be shorter, it does not help.
    return path.heartbeat < before;
  };
  return Object.assign(path, createAnswers(path, learned), createBehind());
}
