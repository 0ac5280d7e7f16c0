/**
 * PURE. One tab of several that share a session. It has cursors and unsettled sends of its own, as a session has, and
 * knows what another leader needs; both change by nothing but what the leader tells.
 */
import { createDownlink } from '../downlink.js';
import { createOutbox } from '../outbox.js';
import type { OutboxLimits, Pending } from '../outbox.js';
import { SendError } from '../errors.js';
import type { Refusal } from '../errors.js';
import { errorOf } from '../session.js';
import type { SessionEffect } from '../session-events.js';
import type { Saying, Shared, Told } from './messages.js';

export type Tab = ReturnType<typeof createTab>;

const nothing = (): Omit<Shared, 'status'> => ({
  nonce: undefined,
  welcome: undefined,
  last: 0,
  committed: 0,
  inbox: undefined,
  heard: undefined,
  current: undefined,
  taken: new Map(),
  sends: new Map(),
  places: new Map(),
  wants: new Map(),
});

export function createTab(me: string, limits: OutboxLimits, act: (effect: SessionEffect) => void) {
  const outbox = createOutbox(limits);
  const downlink = createDownlink();
  const { cursors, wishes } = downlink;
  const shared: Shared = {
    ...nothing(),
    status: { state: 'connecting', transport: undefined, roundTrip: undefined, session: undefined },
  };
  /** Sends up to this number were said to a leader. */
  let said = 0;

  const settle = (sends = outbox.settle(['', 0])): void => {
    for (const send of sends) act(['settle', send, errorOf(send)]);
  };

  const end = (send: Pending, outcome?: Pending['outcome'], doubtful = true): void => {
    Object.assign(send, { barrier: 'passed', outcome, doubtful });
  };

  const wantedBy = (channel: string): Map<string, unknown> => shared.wants.get(channel) ?? new Map();

  const leave = (tab: string, channel: string): void => {
    // Nor does it begin to.
    for (const send of shared.sends.values())
      if (send[0] === tab && send[2].includes(`,"${channel}"`)) send[3] = true;
    wantedBy(channel).delete(tab);
    if (wantedBy(channel).size) return;
    shared.wants.delete(channel);
    shared.places.delete(channel);
  };

  /** Subscribes to what it reads already, from where it is: nobody reads it for this tab any more, or not all of it. */
  const again = (channel: string): void => {
    const { presence } = wishes.get(channel)!;
    outbox.add('subscribe', channel, { since: cursors.get(channel), presence });
  };

  return {
    outbox,
    downlink,
    shared,
    settle,

    /** What is new, or with another leader what the last one has not taken. */
    say(begins: boolean): Saying['sends'] {
      if (begins) said = shared.taken.get(me) ?? 0;
      const sends = outbox.sends.filter(({ number, barrier }) => number > said && !barrier);
      said = outbox.sends.at(-1)?.number ?? said;
      return sends.map(({ number, text }) => [number, text]);
    },

    /** What the leader tells. */
    take(one: Told): void {
      const { taken, sends, places, wants, heard } = shared;
      const own = one[1] === me && outbox.sends.find(({ number }) => number === one[2]);
      switch (one[0]) {
        case 'hand': {
          const [, channel, what, value, was] = one;
          if (what === 'gap') {
            const isDenied = value.reason === 'denied';
            places.set(channel, value.now);
            if (isDenied) {
              wants.delete(channel);
              places.delete(channel);
            }
            if (isDenied ? cursors.has(channel) : downlink.gap(channel, value.was, value.now) === 'next')
              act(['hand', channel, what, value as never]);
            if (isDenied) downlink.forget(channel);
            return;
          }
          const [epoch, offset] = value.position;
          places.set(channel, value.position);
          if (was) downlink.fork(channel, ...was, epoch);
          const passage = downlink.entry(channel, epoch, offset);
          if (passage === 'next') act(['hand', channel, what, value as never]);
          // Once, until it was heard.
          else if (
            passage === 'resync' &&
            !outbox.sends.some(({ text }) => text.includes(`,"${channel}",{"since"`))
          )
            again(channel);
          return;
        }
        case 'take':
          taken.set(one[1], one[2]);
          if (one[3]) sends.set(one[3], [one[1], one[2], one[4]!]);
          if (own) own.state = 'sent';
          return;
        case 'outcome': {
          const send = sends.get(one[1]);
          if (send) send[4] = one[2];
          return;
        }
        case 'end': {
          const { state, outcome } = one[4];
          sends.delete(one[3]);
          if (own) end(own, outcome, state === 'unknown');
          return settle();
        }
        case 'start': {
          const [, tab, own_, page, presence, number] = one;
          const { channel, position } = page;
          const send = sends.get(number);
          if (send) send[3] = true;
          wants.set(channel, wantedBy(channel).set(tab, presence));
          if (tab !== me) return;
          const first = downlink.subscribed(channel, own_, position) ? page : undefined;
          return act(['hand', channel, 'members', first as never]);
        }
        case 'leave':
          if (one[2]) return leave(one[1], one[2]);
          taken.delete(one[1]);
          for (const channel of wants.keys()) leave(one[1], channel);
          return;
        case 'reread':
          places.set(one[1], one[2]);
          return;
        default:
          if (one[1] === 'message') {
            const [epoch, offset] = one[3];
            // Told before: another leader has read it again.
            if (heard && heard[0] === epoch && heard[1] >= offset) return;
            shared.heard = one[3];
          }
          if (one[1] === 'error') {
            const { code: delta, ...fields } = one[2] as SendError;
            const error = Object.assign(new SendError({ delta } as Refusal), fields);
            return act(['tell', 'error', error, one[3]]);
          }
          act(one);
      }
    },

    /** It hears nothing for a while, and others go on: what becomes of what it said is unknown. */
    lose(): void {
      for (const send of outbox.sends) if (send.number <= said && !/^\["(un)?sub/.test(send.text)) end(send);
      settle();
      Object.assign(shared, nothing());
      cursors.forEach((_, channel) => again(channel));
    },
  };
}
