/** PURE. How far each entry has come among many clients: when the first had it, and when the last. */

export interface Reached {
  channel: string;
  offset: number;
  /** So many clients have it. */
  clients: number;
  /** Milliseconds from the first to the last of them. */
  within: number;
}

/** Entries that are remembered until everybody has them. */
const MOST = 1_000;

export function createReach(clients: number) {
  const under = new Map<string, { at: number; count: number }>();
  return {
    /** One of the clients was handed this entry; the answer when it was the last one. */
    heard(channel: string, [epoch, offset]: readonly [string, number], now: number): Reached | undefined {
      const key = `${channel} ${epoch} ${offset}`;
      const one = under.get(key) ?? { at: now, count: 0 };
      if (++one.count >= clients) {
        under.delete(key);
        return { channel, offset, clients, within: now - one.at };
      }
      under.set(key, one);
      // The oldest: somebody subscribed later, and will never have it.
      if (under.size > MOST) for (const oldest of under.keys()) return void under.delete(oldest);
      return undefined;
    },
  };
}
