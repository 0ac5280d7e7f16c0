/**
 * The last values of a channel, for who asks when nothing comes: what was handed on last, bounded. It stands around
 * the channel's feed, looks at what the feed is given, and asks for nothing.
 */
import { byteLength } from '@iskra/protocol/wire';
import { isMembership } from './channel.js';
import type { ChannelFeed, Entry } from './channel.js';

/** How much each channel keeps; what is reached first counts. */
export interface LastLimits {
  /** Default 100. */
  entries?: number;
  /** Of their envelopes as JSON. Default 65,536; an entry that is larger alone is not kept. */
  bytes?: number;
}

export function withLast(feed: ChannelFeed, { entries = 100, bytes = 65_536 }: LastLimits): ChannelFeed {
  /** Oldest first. */
  let kept: { entry: Entry; size: number }[] = [];
  /** The newest of each delta. */
  const newest = new Map<string, Entry>();
  let total = 0;

  const channel = feed.channel as ChannelFeed['channel'] & { last: readonly Entry[] };
  const { unsubscribe } = channel;

  const forget = (): void => {
    kept = [];
    newest.clear();
    total = 0;
  };

  /** The oldest that is not the last of its delta, or else the oldest. */
  const drop = (): void => {
    const outdated = kept.findIndex(({ entry }) => newest.get(entry.envelope.delta) !== entry);
    const [gone] = kept.splice(Math.max(0, outdated), 1);
    total -= gone!.size;
    if (outdated < 0) newest.delete(gone!.entry.envelope.delta);
  };

  const keep = (entry: Entry): void => {
    const size = byteLength(JSON.stringify(entry.envelope));
    if (size > bytes) return;
    kept.push({ entry, size });
    newest.set(entry.envelope.delta, entry);
    total += size;
    while (kept.length > entries || total > bytes) drop();
  };

  Object.defineProperty(channel, 'last', { get: () => kept.map(({ entry }) => entry), enumerable: true });
  channel.unsubscribe = () => {
    forget();
    return unsubscribe();
  };

  return {
    ...feed,
    channel,
    entry(entry) {
      // Before the handlers run: one that looks finds it there.
      if (!isMembership(entry.envelope.delta, entry.envelope.dimension)) keep(entry);
      feed.entry(entry);
    },
    gap(gap) {
      // Whoever may not read it any more has nothing of it.
      if (gap.reason === 'denied') forget();
      feed.gap(gap);
    },
  };
}
