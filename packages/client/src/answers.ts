/**
 * PURE. How large an answer to a poll may be on this way (P69). After one that did not come, the least is asked for, or
 * half of what was; after full ones that came, twice as much. An entry that does not come even alone, while small
 * answers do, is given up after a few tries.
 */
import { MAX_MESSAGE_BYTES, MIN_ANSWER_BYTES } from '@iskra/protocol/wire';
import type { Position } from '@iskra/protocol/wire';
import type { Attempt } from './attempt.js';
import { isGateways } from './fitting.js';

/** Who is refused for the size of an answer is refused at once: what waits for longer has another reason, ms. */
const SOON = 1_500;
/** So often an entry must not come, and something small behind it must. */
const TRIES = 5;
/** Of full answers, before a larger one is tried again. */
const MOST_NEEDED = 32;

/** What is known, and may be forgotten by others meanwhile. */
interface Known {
  /** Bytes of an answer; undefined when everything passed so far. */
  answer?: number | undefined;
}

export interface Answers {
  /** What a poll asks of its answer. */
  asks(attempt: Attempt): { answer?: number | undefined; entry?: number | undefined };
  /** An answer of so many characters came. */
  came(attempt: Attempt, length: number): void;
  /** The network ended a request, with this status. Whether the same is worth another try, with less of an answer. */
  lost(attempt: Attempt, status: number, now: number): boolean;
  /** An entry behind this position was left out, as `asks` wanted. Whether it is given up. */
  givesUp(channel: string, was: Position): boolean;
}

/** @param learned is called when something is known that was not. */
export function createAnswers(known: Known, learned: () => void): Answers {
  /** Asked for, until it is seen whether the size was the reason. */
  let tried: number | undefined;
  /** The largest that came: what is not larger is not left out. */
  let passed = MIN_ANSWER_BYTES;
  /** Full ones that came, and how many it takes until more is asked for. */
  let full = 0;
  let needed = 1;
  /** What is larger than any that came is left out of the next one. */
  let narrow = false;
  /** The entry that does not come, and how often. */
  let stuck = '';
  let vain = 0;
  /** An opening was not answered, and nothing came since: `welcome` is all that is asked for. */
  let modest = false;

  const asked = (): number | undefined => tried ?? known.answer;
  const learn = (answer: number | undefined): void => {
    tried = undefined;
    if (answer === known.answer) return;
    known.answer = answer;
    learned();
  };

  return {
    asks({ polls, welcomeAt }) {
      if (!polls) return {};
      if (welcomeAt) return { answer: asked(), entry: narrow ? passed : undefined };
      // What was tried on another connection, was for that one.
      tried = undefined;
      narrow = false;
      return { answer: modest ? MIN_ANSWER_BYTES : known.answer };
    },

    came({ polls, welcomeAt }, length) {
      // That of a hello has `welcome` in it, whatever else there is to say.
      if (!polls || !welcomeAt) return;
      modest = false;
      if (narrow) return void (narrow = false);
      passed = Math.max(passed, length);
      const size = asked();
      if (!size) return;
      // There was not much: what did not come was not too large.
      if (length <= size / 2) return void (tried = undefined);
      if (tried) {
        needed = Math.min(needed * 2, MOST_NEEDED);
        full = 0;
        learn(size);
      }
      if (++full < needed) return;
      full = 0;
      learn(size < MAX_MESSAGE_BYTES ? size * 2 : undefined);
    },

    lost({ polls, role, welcomeAt, polledAt, offered }, status, now) {
      // A session that opens has nothing in its answer that could wait.
      const couldWait = polls && role !== 'probe' && (welcomeAt || offered?.size);
      const isCut = status === 200 || (isGateways(status) && now - polledAt < SOON);
      if (!couldWait || !isCut) return false;
      const size = asked();
      const isLeast = size === MIN_ANSWER_BYTES;
      if (!welcomeAt) {
        const isNew = !modest && !isLeast;
        modest = true;
        return isNew;
      }
      if (narrow) {
        // Nor does what is small.
        stuck = '';
        tried = undefined;
        narrow = false;
        return false;
      }
      narrow = isLeast;
      tried = size ? Math.max(MIN_ANSWER_BYTES, size / 2) : MIN_ANSWER_BYTES;
      return true;
    },

    givesUp(channel, was) {
      const entry = [channel, ...was].join();
      vain = entry === stuck ? vain + 1 : 1;
      stuck = entry;
      if (vain < TRIES) return false;
      learn(asked());
      return true;
    },
  };
}
