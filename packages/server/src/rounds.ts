/**
 * Shell. What a node asks its store again and again: whether it is there, to keep the claims of what takes long, what
 * has ended, and whether hints were lost.
 */
import type { Clock } from '@iskra/protocol/wire';
import type { Core } from './core.js';
import { partFrom } from './hooks.js';

/** Milliseconds between looks at what ended and what hints were lost (P27). */
const SWEEP = 5_000;
/** Milliseconds between two questions whether the store is there, and between two renewals of a claim. */
const BEAT = 1_500;
/**
 * Milliseconds that a claim outlives its holder, or the answer of its store. So long a client waits whose node was
 * killed; so long a node may sleep before another one begins its sends again. Two renewals may fail, and what a store
 * answers in its own time still holds.
 */
export const CLAIM_LEASE = 5_000;

/** Makes the rounds until the answer is called. */
export function makeRounds(core: Core): () => void {
  const stops = [
    every(core.clock, BEAT, () => void beat(core)),
    every(core.clock, SWEEP, () => void sweep(core)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

async function beat(core: Core): Promise<void> {
  const { store, pulse, voices, connections, performing, events } = core;
  const wasAway = pulse.isAway;
  const asked = core.clock.now();
  pulse.asked();
  voices.storeAsked();
  if (pulse.isAway) {
    if (!wasAway) {
      const { unanswered: evidence } = pulse;
      events.tell('store_away', { active_connections: connections.size, evidence });
    }
    // It delivers nothing and commits nothing: clients are better off on another node.
    for (const one of connections) one.refuse('overload');
  }
  try {
    await Promise.all([
      store.ping().then(() => {
        if (pulse.isAway) events.tell('store_back');
        pulse.answered();
        voices.storeAnswered(core.clock.now() - asked);
      }),
      // A handler may take longer than a claim lasts. All at once: each has a share of the same time.
      ...[...performing].map(({ session, claim }) => store.renew(session, claim, CLAIM_LEASE)),
    ]);
  } catch (error) {
    events.fail('store_failed', error, { hook: 'beat' });
  }
}

async function sweep(core: Core): Promise<void> {
  try {
    const { opens, sends, reminders, channels, whereabouts, voices, events } = core;
    const parts = [opens, sends, reminders, channels, whereabouts, voices.setbacks, events];
    for (const part of parts) part.sweep(core.clock.now());
    for (const ended of await core.store.sweep()) partFrom(core, ended, 'timeout');
    await core.hub.checkHeads();
  } catch (error) {
    core.events.fail('store_failed', error, { hook: 'sweep' });
  }
}

/** Acts every so many ms, until the answer is called. */
export function every(clock: Clock, ms: number, act: () => void): () => void {
  let cancel = (): void => {};
  const next = (): void => {
    cancel = clock.at(clock.now() + ms, () => {
      act();
      next();
    });
  };
  next();
  return () => cancel();
}
