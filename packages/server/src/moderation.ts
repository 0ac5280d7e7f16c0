/** What an application does about sessions and subjects: ends them, asks for fresh credentials, takes them out of a channel. */
import { Dimension, encodeBody } from '@iskra/protocol/wire';
import type { ChannelName, Contract, MessageName, MessagePayload, Untyped } from '@iskra/protocol/wire';
import type { Core } from './core.js';
import { idsOf } from './except.js';
import type { Except } from './except.js';
import { endSession } from './hooks.js';
import { messageBody, post } from './posting.js';
import type { EnvelopeOptions, Sent } from './posting.js';

/** All of it holds on every node of the store, and on every transport. */
export interface Moderation<C extends Contract = Untyped> {
  /**
   * Ends a session now: its connections close with `forbidden`, its sends are refused, its members leave, and its client stops. It can
   * come again as another session, unless `authenticate` says no.
   */
  disconnect(session: string): Promise<void>;
  /**
   * Its credentials count no more: its connections close with `unauthorized`, and no send of it is begun. The client asks its `auth`
   * for fresh ones and goes on with the same session, if `authenticate` takes them.
   */
  revoke(session: string): Promise<void>;
  /**
   * Takes a session out of a channel and its member list. The client is told so in its inbox and by a gap `denied`, and does not subscribe
   * again by itself; when its application does, `authorize` is asked.
   */
  unsubscribe(session: string, channel: ChannelName<C>): Promise<Sent>;
  /** All sessions of one user, by the `subject` that `authenticate` gave. */
  subject(id: string): Subject<C>;
}

export interface Subject<C extends Contract = Untyped> {
  /** The ids of its sessions. */
  sessions(): Promise<readonly string[]>;
  /**
   * Sends to each of its sessions, into their inboxes, but to those of `except`, 64 at most. Resolves with the ids of those that have
   * it. Sessions that are opened later do not: what has to wait belongs in a channel.
   */
  send<Delta extends MessageName<C>>(
    delta: Delta,
    payload: MessagePayload<C, Delta>,
    options?: EnvelopeOptions & { except?: Except },
  ): Promise<readonly string[]>;
  /** Takes all its sessions out of a channel. */
  unsubscribe(channel: ChannelName<C>): Promise<void>;
  /** Ends all its sessions, as `disconnect` does one. */
  disconnect(): Promise<void>;
  /**
   * Without `until`, the credentials of all its sessions count no more: each has to bring fresh ones. With `until` (ms since 1970) they
   * end with `forbidden`, and before that time none is opened (`Infinity`: never again); one that has passed lets it in again.
   */
  revoke(options?: { until?: number }): Promise<void>;
}

export function createModeration<C extends Contract>(core: Core): Moderation<C> {
  const { store, connections } = core;

  const disconnect = async (sessions: readonly string[]): Promise<void> => {
    const ending = new Set<string | undefined>(sessions);
    // At once where they are; elsewhere the store tells.
    for (const one of connections) if (ending.has(one.session)) one.refuse('forbidden');
    await Promise.all(sessions.map((session) => endSession(core, 'disconnected', { session })));
  };

  const unsubscribe = async (session: string, channel: string): Promise<Sent> => {
    const body = encodeBody({
      ...{ delta: 'unsubscribed', dimension: Dimension.session, lambda: 'stop' },
      payload: { channel },
    });
    // First the word that ends it, wherever it is read: should this node die now, the client leaves the list itself (P44).
    const sent = await post(core, session, body);
    await store.leave(session, channel);
    return sent;
  };

  const subject = (id: string): Subject<C> => {
    const disconnectAll = async (): Promise<void> => disconnect(await store.sessionsOf(id));
    const each = async (act: (session: string) => Promise<unknown>): Promise<void> =>
      void (await Promise.all((await store.sessionsOf(id)).map(act)));
    return {
      async sessions() {
        const live: string[] = [];
        await each(async (session) => {
          if ((await store.stateOf(session)).kind === 'current') live.push(session);
        });
        return live;
      },
      async send(delta, payload, { except, ...options } = {}) {
        const not = idsOf(except);
        const body = await messageBody(core, delta, payload, options);
        const reached: string[] = [];
        await each(async (session) => {
          if (!not.includes(session) && (await post(core, session, body)).ok) reached.push(session);
        });
        return reached;
      },
      unsubscribe: (channel) => each((session) => unsubscribe(session, channel)),
      disconnect: disconnectAll,
      async revoke({ until } = {}) {
        if (until === undefined) return each((session) => store.revoke(session));
        const ms = until - core.wallClock();
        if (Number.isNaN(ms)) {
          throw new RangeError(
            'until is no time (NaN), as of a date that could not be read; give ms since 1970, or Infinity.',
          );
        }
        // Before its sessions end, so that none of them is back in between.
        await store.refuse(id, Math.max(0, ms));
        if (ms > 0) await disconnectAll();
      },
    };
  };

  return {
    disconnect: (session) => disconnect([session]),
    revoke: (session) => store.revoke(session),
    unsubscribe,
    subject,
  };
}
