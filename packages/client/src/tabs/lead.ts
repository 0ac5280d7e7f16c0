/**
 * PURE. The tab that leads: it has the session, subscribes to what any tab wants, sends what any tab sends, and tells
 * all of them what becomes of it, so that each of them could go on.
 */
import { byteLength, INBOX } from '@iskra/protocol/wire';
import type { Position, Send as SendFrame, Subscribed } from '@iskra/protocol/wire';
import type { Gap, SubscribeOptions } from '../channel.js';
import type { SendError } from '../errors.js';
import type { Pending } from '../outbox.js';
import type { Session } from '../session.js';
import type { SessionEffect } from '../session-events.js';
import type { Shared, Told } from './messages.js';

export type Lead = ReturnType<typeof createLead>;

/** @param session has not been started; goes on where all tabs know it to be. */
export function createLead(
  session: Session,
  shared: Shared,
  tell: (one: Told) => void,
  act: (effect: SessionEffect) => void,
) {
  const { outbox } = session;
  const cursors = session.cursors as Map<string, Position>;
  /** Of the tabs, until it was told how they ended: that is later than their outcome. */
  const pendings = new Set<Pending>();

  const othersOf = (tab: string | undefined, channel: string): [string, unknown][] =>
    (shared.wants.get(channel) ?? []).filter(([other]) => other !== tab);

  const presenceOf = (channel: string): unknown =>
    othersOf(undefined, channel)
      .filter(([, presence]) => presence !== undefined)
      .at(-1)?.[1];

  /** Nobody reads it any more. */
  const drop = (channel: string): void => {
    tell(['set', 'wants', channel]);
    tell(['set', 'places', channel]);
  };

  const mark = (number: number, begun: boolean | undefined, outcome: Pending['outcome']): void => {
    const [tab, own, text] = shared.sends.get(number)!;
    tell(['set', 'sends', number, [tab, own, text, begun, outcome]]);
  };

  /** By the wire only who does not read a channel can say from where to. */
  const reread = (channel: string, since: Position): void => {
    session.unsubscribe(channel);
    tell(['set', 'places', channel, since]);
    session.subscribe(channel, { since, presence: presenceOf(channel) });
  };

  /** A tab does not read it any more. */
  const leave = (tab: string, channel: string): Pending | undefined => {
    const presence = presenceOf(channel);
    const place = shared.places.get(channel);
    // Nor does it begin to.
    for (const [number, [by, , text, , outcome]] of shared.sends)
      if (by === tab && text.includes(`,"${channel}"`)) mark(number, true, outcome);
    const others = othersOf(tab, channel);
    if (!others.length) {
      drop(channel);
      return session.unsubscribe(channel);
    }
    tell(['set', 'wants', channel, others]);
    // Out of the member list there is no other way.
    if (place && presence !== undefined && presenceOf(channel) === undefined) reread(channel, place);
    return undefined;
  };

  const gap = (value: Gap): void => {
    const { channel, reason } = value;
    tell(['hand', channel, 'gap', value]);
    if (reason === 'denied') drop(channel);
  };

  /** Subscriptions to this channel whose outcome is here begin. */
  const start = (channel: string): void => {
    for (const { number, outcome } of pendings) {
      const [tab = '', own = 0, text = '', begun] = shared.sends.get(number) ?? [];
      if (outcome?.delta !== 'subscribed' || begun || !shared.taken.has(tab)) continue;
      const page = outcome.payload as Subscribed;
      if (page.channel !== channel) continue;
      const [epoch, offset] = page.position;
      const [, , , { presence }] = JSON.parse(text) as [never, never, never, SubscribeOptions];
      mark(number, true, outcome);
      tell(['set', 'wants', channel, [...othersOf(tab, channel), [tab, presence]]]);
      tell(['start', tab, own, page]);
      const place = shared.places.get(channel);
      // The first, from which the session reads.
      if (!place && cursors.has(channel)) tell(['set', 'places', channel, page.position]);
      else if (!place || place[0] !== epoch || place[1] > offset) reread(channel, page.position);
    }
  };

  const adopt = (): void => {
    const { nonce, welcome, last, committed, inbox, sends, places } = shared;
    Object.assign(session.identity, { nonce, welcome });
    outbox.clear(last);
    if (inbox) {
      cursors.set(INBOX, inbox);
      outbox.acked(committed!, inbox);
    }
    for (const [number, [, , frame, , outcome]] of sends) {
      const text = frame.replace(/\d+/, `${number}`);
      const bytes = byteLength(text);
      const pending: Pending = { number, text, bytes, state: 'sent', copies: 1, outcome };
      (outbox.sends as Pending[]).push(pending);
      pendings.add(pending);
    }
    for (const [channel, since] of places) {
      cursors.set(channel, since);
      const presence = presenceOf(channel);
      // Should the session be lost, it is entered again.
      if (presence !== undefined) session.subscribe(channel, { since, presence });
    }
  };
  if (shared.nonce) adopt();

  return {
    session,
    leave,

    /** Tells outcomes of what has not ended, and up to where the inbox was told so: nobody reads that part of it again. */
    inbox(): Position | undefined {
      for (const { number, outcome } of pendings) {
        const [, , , begun, known] = shared.sends.get(number)!;
        if (outcome && !known) mark(number, begun, outcome);
      }
      return cursors.get(INBOX);
    },

    /** A send of a tab. */
    submit(tab: string, own: number, text: string): void {
      const [tag, , ...fields] = JSON.parse(text) as SendFrame;
      const [channel, options] = fields as unknown as [string, SubscribeOptions];
      const pending =
        tag === 'unsubscribe'
          ? leave(tab, channel)
          : tag === 'subscribe'
            ? session.subscribe(channel, { ...options, presence: options.presence ?? presenceOf(channel) })
            : outbox.add(tag, ...fields);
      tell(['set', 'taken', tab, own]);
      if (!pending) return tell(['end', tab, own]);
      tell(['set', 'sends', pending.number, [tab, own, text]]);
      pendings.add(pending);
    },

    /** Tells what the session wants told; the rest is for its connections. */
    relay(effect: SessionEffect): void {
      switch (effect[0]) {
        case 'hand': {
          const [, channel, what, value] = effect;
          if (what === 'members') start(channel);
          else if (what === 'gap') gap(value as Gap);
          else tell(['hand', channel, what, value]);
          return;
        }
        case 'settle': {
          const pending = effect[1] as Pending;
          const { number, state, outcome, text } = pending;
          const [tab, own] = shared.sends.get(number) ?? [];
          pendings.delete(pending);
          tell(['set', 'sends', number]);
          if (tab) return tell(['end', tab, own!, outcome, state === 'unknown']);
          const [tag, , channel] = JSON.parse(text) as SendFrame & [never, never, string];
          const was = shared.places.get(channel);
          // Nobody asked for it, and nobody would learn that it is not read again.
          if (was && tag === 'subscribe' && state === 'rejected')
            gap({ channel, reason: 'denied', was, now: was });
          return;
        }
        case 'tell': {
          const [, name, value] = effect;
          if (name === 'transport') {
            const from = shared.current?.transport;
            // Often the same as the last leader had.
            if (from !== value.to) tell(['tell', name, { from, to: value.to }]);
          } else if (name === 'error') {
            const error = value as SendError;
            // Of an error itself only the message would come the way.
            tell(['tell', name, Object.assign({ message: error.message }, error), effect[3]]);
          } else tell(effect);
          // What was being read again is not read by the next session.
          if (name === 'session' && value.lost)
            for (const [channel, place] of shared.places) if (!cursors.has(channel)) reread(channel, place);
          return;
        }
        case 'measured':
          return tell(effect);
        default:
          act(effect);
      }
    },
  };
}
