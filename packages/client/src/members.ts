/**
 * Who is there: the member list of a channel. It stands around the channel's feed, looks at what the feed is given,
 * and asks for nothing but pages of the list.
 */
import type { ChannelName, Contract, Member, Subscribed, Untyped } from '@iskra/protocol/wire';
import { isMembership } from './channel.js';
import type { Channel as CoreChannel, ChannelFeed } from './channel.js';
import { createEmitter } from './emitter.js';
import type { Off } from './emitter.js';

export interface Channel<
  C extends Contract = Untyped,
  Name extends string = ChannelName<C>,
> extends CoreChannel<C, Name> {
  /** Who is there, as far as this subscription knows; empty without presence. */
  readonly members: readonly Member[];
  /** Called whenever the member list changes. */
  onMembers(handler: (members: readonly Member[]) => void): Off;
}

/** `page`: the members behind that place in the list (P48). */
export function withMembers(
  feed: ChannelFeed,
  page: (after: number) => Promise<Subscribed>,
  failed: (error: unknown) => void,
): ChannelFeed {
  const watchers = createEmitter<{ members: [readonly Member[]] }>(failed);
  const known = new Map<string, Member>();
  let isWatched = false;
  /** Of whom something was told since the list is being read anew: what an entry says goes before a page (P49). */
  let told: Set<string> | undefined;

  const channel = Object.assign(feed.channel, {
    members: [] as readonly Member[],
    onMembers(handler: (members: readonly Member[]) => void): Off {
      isWatched = true;
      return watchers.on('members', handler);
    },
  });

  const show = (): void => {
    channel.members = [...known.values()];
    watchers.emit('members', channel.members);
  };

  /** Reads the list from its beginning, of which a page may be here, to its end, which says who has gone. */
  const read = (first?: Subscribed): void => {
    const reading = (told = new Set<string>());
    const take = ({ members = [], more }: Subscribed): void => {
      // Another reading has begun since.
      if (told !== reading) return;
      for (const member of members) {
        if (!reading.has(member.id)) known.set(member.id, member);
        reading.add(member.id);
      }
      if (more) ask(more);
      else {
        for (const id of known.keys()) if (!reading.has(id)) known.delete(id);
        told = undefined;
      }
      show();
    };
    const ask = (after: number): void =>
      void page(after).then(take, ({ code }: Error & { code?: string }) => {
        // Its session is gone, and the page with it; what is refused leaves what was known.
        if (told === reading && code === 'outcome_unknown') read();
      });
    if (first) take(first);
    else ask(0);
  };

  return {
    channel,
    entry(entry) {
      const { envelope } = entry;
      if (isMembership(envelope.delta, envelope.dimension)) {
        const member = envelope.payload as Member;
        told?.add(member.id);
        known.delete(member.id);
        if (envelope.delta === 'member_joined') known.set(member.id, member);
        show();
      }
      feed.entry(entry);
    },
    gap(gap) {
      feed.gap(gap);
      if (gap.reason === 'denied') {
        known.clear();
        told = undefined;
        show();
        // Comings and goings may be among what is missing (P49).
      } else if (isWatched || known.size) read();
    },
    members(first) {
      // Not of a channel that was left meanwhile.
      if (channel.position) read(first);
    },
  };
}
