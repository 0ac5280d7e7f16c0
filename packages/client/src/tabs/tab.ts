/**
 * PURE. One tab of several that share a session. It has cursors and unsettled sends of its own, as a session has, and
 * knows what another leader needs; both change by nothing but what the leader tells.
 */
import type { Pending } from '../outbox.js';
import { SendError } from '../errors.js';
import type { Refusal } from '../errors.js';
import { errorOf } from '../session.js';
import type { Session } from '../session.js';
import type { SessionEffect } from '../session-events.js';
import type { Saying, Shared, Told } from './messages.js';

export type Tab = ReturnType<typeof createTab>;

const nothing = (): Omit<Shared, 'status'> => ({
  nonce: undefined,
  welcome: undefined,
  current: undefined,
  taken: new Map(),
  sends: new Map(),
  places: new Map(),
  wants: new Map(),
});

/** @param resting has the outbox and the cursors of this tab. */
export function createTab(me: string, resting: Session, act: (effect: SessionEffect) => void) {
  const { outbox, downlink } = resting;
  const { cursors, wishes } = downlink;
  const shared: Shared = { ...nothing(), status: resting.status(0) };
  /** Sends up to this number were said to a leader. */
  let said = 0;

  const settle = (): void => {
    for (const send of outbox.settle(['', 0])) act(['settle', send, errorOf(send)]);
  };

  const end = (send: Pending, outcome?: Pending['outcome'], doubtful?: boolean): void => {
    Object.assign(send, { barrier: 'passed', outcome, doubtful });
  };

  /** Subscribes to what it reads already, from where it is: nobody reads it for this tab any more, or not all of it. */
  const again = (channel: string): void => {
    const { presence } = wishes.get(channel)!;
    outbox.add('subscribe', channel, { since: cursors.get(channel), presence });
  };

  return {
    shared,

    /** What is new, or with another leader what the last one has not taken. */
    say(begins: boolean): Saying['sends'] {
      if (begins) said = shared.taken.get(me) ?? 0;
      const sends = outbox.sends.filter(({ number, barrier }) => number > said && !barrier);
      said = outbox.sends.at(-1)?.number ?? said;
      return sends.map((send) => {
        send.state = 'sent';
        return [send.number, send.text];
      });
    },

    /** What the leader tells. */
    take(one: Told): void {
      switch (one[0]) {
        case 'set': {
          const [, name, key, value] = one;
          const map = shared[name] as Map<unknown, unknown>;
          if (value === undefined) map.delete(key);
          else map.set(key, value);
          return;
        }
        case 'hand': {
          const [, channel, what, value] = one;
          const to = what === 'gap' ? value.now : value.position;
          const isDenied = what === 'gap' && value.reason === 'denied';
          const was = shared.places.get(channel);
          shared.places.set(channel, to);
          // It goes on from there under another epoch.
          if (what === 'entry' && was && was[0] !== to[0]) downlink.fork(channel, ...was, to[0]);
          const passage = isDenied
            ? cursors.has(channel) && 'next'
            : what === 'gap'
              ? downlink.gap(channel, value.was, to)
              : downlink.entry(channel, ...to);
          if (passage === 'next') act(['hand', channel, what, value as never]);
          // Once, until it was heard.
          else if (
            passage === 'resync' &&
            !outbox.sends.some(({ text }) => text.includes(`,"${channel}",{"since"`))
          )
            again(channel);
          if (isDenied) downlink.forget(channel);
          return;
        }
        case 'end': {
          const [, tab, own, outcome, doubtful] = one;
          const send = tab === me && outbox.sends.find(({ number }) => number === own);
          if (send) end(send, outcome, doubtful);
          return settle();
        }
        case 'start': {
          const [, tab, own, page] = one;
          const { channel, position } = page;
          if (tab !== me) return;
          const first = downlink.subscribed(channel, own, position) ? page : undefined;
          return act(['hand', channel, 'members', first as never]);
        }
        default:
          if (one[1] === 'error') {
            // What the leader has of it, says all.
            const error = Object.assign(new SendError({} as Refusal), one[2]);
            return act(['tell', 'error', error, one[3]]);
          }
          act(one);
      }
    },

    /** It hears nothing for a while, and others go on: what becomes of what it said is unknown. */
    lose(): void {
      for (const send of outbox.sends)
        if (send.number <= said && !/^\["(un)?sub/.test(send.text)) end(send, undefined, true);
      settle();
      Object.assign(shared, nothing());
      cursors.forEach((_, channel) => again(channel));
    },
  };
}
