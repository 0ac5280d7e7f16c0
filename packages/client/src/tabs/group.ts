/**
 * PURE. What tabs want of the session that they share: it reads a channel for as long as one of them does, and is in its member
 * list for as long as one of them is.
 */
import type { Send as SendFrame } from '@iskra/protocol/wire';
import type { SubscribeOptions } from '../channel.js';
import type { Pending } from '../outbox.js';
import type { Session } from '../session.js';
import type { Sent, Wants } from './messages.js';

/** @param tabs by who they are; whoever said something last, is the last. */
export function createGroup(session: Session, tabs: Map<string, Wants>) {
  /** What a channel is subscribed with, as far as any tab wants it. */
  const wanted = (channel: string): SubscribeOptions | undefined => {
    let found: SubscribeOptions | undefined;
    for (const wants of tabs.values()) if (wants.has(channel)) found = { ...found, ...wants.get(channel) };
    return found;
  };

  /** Reads it for whoever wants it; anew, as by the wire only who does not read a channel can say from where to. */
  const read = (channel: string, options: SubscribeOptions, isAnew: unknown): Pending | undefined => {
    const found = wanted(channel);
    const pending = found && !isAnew ? undefined : session.unsubscribe(channel);
    return found ? session.subscribe(channel, { ...options, presence: found.presence }) : pending;
  };

  const leave = (wants: Wants, channel: string): Pending | undefined => {
    const since = session.cursors.get(channel)!;
    const before = wanted(channel)?.presence;
    wants.delete(channel);
    // Out of the member list there is no other way, even if others read on.
    return read(channel, { since }, before !== undefined && wanted(channel)?.presence === undefined);
  };

  return {
    /** A tab is there, and sends this. */
    say(tab: string, sends: Sent[]): void {
      const wants: Wants = tabs.get(tab) ?? new Map<string, SubscribeOptions>();
      tabs.delete(tab);
      tabs.set(tab, wants);
      for (const [own, text] of sends) {
        const [tag, , ...fields] = JSON.parse(text) as SendFrame;
        const [channel, options] = fields as unknown as [string, SubscribeOptions];
        if (tag === 'subscribe') wants.set(channel, options);
        const pending =
          tag === 'subscribe'
            ? read(channel, options, options.since)
            : tag === 'unsubscribe'
              ? leave(wants, channel)
              : session.outbox.add(tag, ...fields);
        Object.assign(pending!, { by: tab, own });
      }
    },

    gone(tab: string): void {
      const wants = tabs.get(tab);
      for (const channel of wants?.keys() ?? []) leave(wants!, channel);
      tabs.delete(tab);
    },
  };
}
