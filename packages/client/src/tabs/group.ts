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
  /** Reads it for whoever wants it, from here if that is said. */
  const read = (channel: string, options?: SubscribeOptions): Pending | undefined => {
    let since = session.cursors.get(channel);
    let wanted: SubscribeOptions | undefined;
    for (const wants of tabs.values()) if (wants.has(channel)) wanted = { ...wanted, ...wants.get(channel) };
    const entered = session.downlink.wishes.get(channel)?.presence;
    let pending: Pending | undefined;
    // By the wire only who does not read a channel can say from where to, and only who leaves it is no member any more.
    if (!wanted || options?.since || (entered !== undefined && wanted.presence === undefined))
      pending = session.unsubscribe(channel);
    else since = undefined;
    return wanted
      ? session.subscribe(channel, { since: since!, ...options, presence: wanted.presence })
      : pending;
  };

  return {
    /** A tab is there, and sends this. */
    say(tab: string, sends: Sent[]): void {
      const wants: Wants = tabs.get(tab) ?? new Map<string, SubscribeOptions>();
      tabs.delete(tab);
      tabs.set(tab, wants);
      for (const [own, text] of sends) {
        const [tag, , ...fields] = JSON.parse(text) as SendFrame;
        const [channel, options] = fields as unknown as [string, SubscribeOptions?];
        if (tag === 'subscribe') wants.set(channel, options!);
        if (tag === 'unsubscribe') wants.delete(channel);
        const reads = /sub/.test(tag) && channel;
        const pending = reads ? read(reads, options) : session.outbox.add(tag, ...fields);
        Object.assign(pending!, { by: tab, own, reads });
      }
    },

    gone(tab: string): void {
      const wants = tabs.get(tab);
      tabs.delete(tab);
      wants?.forEach((_, channel) => void read(channel));
    },
  };
}
