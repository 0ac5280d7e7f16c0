/**
 * PURE. The tab that leads: it has the session, subscribes to what any tab wants, sends what any tab sends, and tells
 * all of them what becomes of it, so that each of them could go on.
 */
import { byteLength, INBOX } from '@iskra/protocol/wire';
import type { Position, Send as SendFrame, Subscribed } from '@iskra/protocol/wire';
import type { Entry, Gap, SubscribeOptions } from '../channel.js';
import type { SendError } from '../errors.js';
import type { Pending } from '../outbox.js';
import type { Session } from '../session.js';
import type { SessionEffect } from '../session-events.js';
import type { Shared, Told } from './messages.js';

export type Lead = ReturnType<typeof createLead>;

/** @param session has not been started; goes on where all tabs know it to be. */
export function createLead(session: Session, shared: Shared, tell: (one: Told) => void) {
  const { outbox } = session;
  const cursors = session.cursors as Map<string, Position>;
  /** Of the tabs, until it was told how they ended: that is later than their outcome. */
  const pendings = new Set<Pending>();

  const presenceOf = (channel: string): unknown =>
    [...(shared.wants.get(channel)?.values() ?? [])].filter((one) => one !== undefined).at(-1);

  /** By the wire only who does not read a channel can say from where to. */
  const reread = (channel: string, since: Position): void => {
    session.unsubscribe(channel);
    tell(['reread', channel, since]);
    session.subscribe(channel, { since, presence: presenceOf(channel) });
  };

  /** A tab does not read it any more. */
  const leave = (tab: string, channel: string): Pending | undefined => {
    const presence = presenceOf(channel);
    const place = shared.places.get(channel);
    tell(['leave', tab, channel]);
    if (!shared.wants.has(channel)) return session.unsubscribe(channel);
    // Out of the member list there is no other way.
    if (place && presence !== undefined && presenceOf(channel) === undefined) reread(channel, place);
    return undefined;
  };

  const channelOf = (text: string): string | undefined => /^\["subscribe",\d+,"(.*?)"/.exec(text)?.[1];

  /** Subscriptions to this channel whose outcome is here begin. */
  const start = (channel: string): void => {
    for (const { number, outcome } of pendings) {
      const [tab = '', own = 0, text = '', begun] = shared.sends.get(number) ?? [];
      if (outcome?.delta !== 'subscribed' || channelOf(text) !== channel || begun || !shared.taken.has(tab))
        continue;
      const page = outcome.payload as Subscribed;
      const [epoch, offset] = page.position;
      const [, , , { presence }] = JSON.parse(text) as [never, never, never, SubscribeOptions];
      tell(['start', tab, own, page, presence, number]);
      const place = shared.places.get(channel);
      // The first, from which the session reads.
      if (!place && cursors.has(channel)) tell(['reread', channel, page.position]);
      else if (!place || place[0] !== epoch || place[1] > offset) reread(channel, page.position);
    }
  };

  return {
    session,
    leave,

    /** Tells outcomes of what has not ended, and up to where the inbox was told so: nobody reads that part of it again. */
    inbox(): Position | undefined {
      for (const { number, outcome } of pendings)
        if (outcome && !shared.sends.get(number)?.[4]) tell(['outcome', number, outcome]);
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
      tell(['take', tab, own, pending?.number, text]);
      if (pending) pendings.add(pending);
      else tell(['end', tab, own, 0, { state: 'acknowledged' }]);
    },

    /** Tells what the session wants told; false, if that is for its connections. */
    relay(effect: SessionEffect): boolean {
      switch (effect[0]) {
        case 'hand': {
          const [, channel, what, value] = effect;
          const { position } = value ?? ({} as Entry);
          const place = shared.places.get(channel);
          if (what === 'members') start(channel);
          else if (what === 'gap') tell(['hand', channel, what, value as Gap]);
          else if (place && place[0] !== (position as Position)[0])
            tell(['hand', channel, what, value, place]);
          else tell(['hand', channel, what, value]);
          return true;
        }
        case 'settle': {
          const pending = effect[1] as Pending;
          const { number, state, outcome, text } = pending;
          pendings.delete(pending);
          const [tab, own] = shared.sends.get(number) ?? [];
          const channel = channelOf(text);
          const was = channel && shared.places.get(channel);
          if (tab) tell(['end', tab, own!, number, { state, outcome }]);
          // Nobody asked for it, and nobody would learn that it is not read again.
          else if (was && state === 'rejected')
            tell(['hand', channel, 'gap', { channel, reason: 'denied', was, now: was }]);
          return true;
        }
        case 'measured':
          tell(effect);
          return true;
        case 'tell':
          if (effect[1] === 'error') {
            // Of an error itself only the message would come the way.
            const { code, advice, field, retryAfter, message } = effect[2] as SendError;
            tell(['tell', 'error', { code, advice, field, retryAfter, message }, effect[3]]);
            return true;
          }
          tell(effect);
          // What was being read again is not read by the next session.
          if (effect[1] === 'session' && effect[2].lost)
            for (const [channel, place] of shared.places) if (!cursors.has(channel)) reread(channel, place);
          return true;
        default:
          return false;
      }
    },

    adopt(): void {
      const { welcome, last, committed, inbox, sends, places } = shared;
      (session.identity as Pick<Shared, 'welcome'>).welcome = welcome;
      outbox.clear(last);
      if (inbox) {
        cursors.set(INBOX, inbox);
        outbox.acked(committed, inbox);
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
    },
  };
}
