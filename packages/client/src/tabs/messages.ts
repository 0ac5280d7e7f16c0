/** What tabs of one session say to each other. All of it survives a structured clone. */
import type { Position, Welcome } from '@iskra/protocol/wire';
import type { Rung } from '../attempt.js';
import type { SubscribeOptions } from '../channel.js';
import type { Pending } from '../outbox.js';
import type { SessionEvent, Status } from '../session-events.js';

/** A send of a tab: its number there, its frame as it was there. */
export type Sent = [own: number, text: string];

/** A send of the session: whose it is, unless it is the session's own, its number there, and what it subscribes to, if it does. */
export type Owned = Pending & { by?: string; own?: number; reads?: string };

/** By channel, what a tab subscribed with. */
export type Wants = Map<string, SubscribeOptions>;

/** A method that changes the session, and what it was called with. */
export type Call = [name: string, ...given: unknown[]];

/** All that another tab needs to have the same session. */
export interface Snapshot {
  last: number;
  committed: number;
  sends: readonly Owned[];
  cursors: ReadonlyMap<string, Position>;
  wishes: ReadonlyMap<string, unknown>;
  tabs: Map<string, Wants>;
  known: Partial<Known>;
}

/** What proves the session, and what is to be seen of it. */
export interface Known {
  nonce: string;
  welcome: Welcome | undefined;
  status: Status;
  /** What carries it, or did last. */
  current?: Rung | undefined;
}

/** What a tab hears: from the others, from itself, and from the browser. */
export interface Words {
  /** It leads from now on. Whoever leads hears it too, behind all that was said before. */
  begins(tab: string): void;
  gone(tab: string): void;
  /**
   * From a tab to the leader, or without `to` to whoever leads, when it joins: its sends, and something that happened
   * to it and concerns the session.
   */
  said(from: string, to?: string, sends?: Sent[], event?: SessionEvent): void;
  /**
   * From the leader to every tab: what has happened to the session, in this order. The same is to happen to it in each tab;
   * but in `to`, which has joined, it is this one.
   */
  told(from: string, calls: Call[], to?: string, snapshot?: Snapshot): void;
}

export type Word = { [Name in keyof Words]: [Name, ...Parameters<Words[Name]>] }[keyof Words];

/** By what tabs find and hear each other. */
export interface Air {
  /** Says that this tab is one of them, as soon as it is. */
  join(me: string): void;
  part(): void;
  post(word: Word): void;
  /** Says when this tab is gone. */
  watch(tab: string): void;
}
