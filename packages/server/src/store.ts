/**
 * The Store contract: the memory that sessions share. No code.
 *
 * Every verb is atomic and asynchronous, so that one process, Redis or anything
 * else can stand behind it; one conformance suite tests them all. A rejected
 * promise means that the store does not answer: nothing was promised, the
 * caller says `overload` and the client tries again.
 */
import type { GapReason, Member, Position } from '@iskra/protocol/wire';

/**
 * The name of a log: a channel, `@system`, or a session's inbox as `@` and the session id.
 * No channel name starts with `@`, so they never meet. `@system` is as any channel here.
 */
export type LogName = string;

/** One entry. `body` is the envelope's JSON, and after a comma the number of the send that it answers. */
export interface Entry {
  readonly epoch: string;
  readonly offset: number;
  /** The inside of a frame as JSON, on one line. */
  readonly body: string;
}

/** How much a log keeps; whichever limit is reached first. */
export interface Retention {
  /** Entries. */
  entries: number;
  /** Characters of all bodies together. */
  bytes: number;
  /** Milliseconds. */
  age: number;
}

/** Who a session belongs to, as `authenticate` said. */
export interface Identity {
  /** Stable id of the user; sessions resume only under the same one. */
  readonly subject?: string;
  /** Whatever the application wants to find again in `authorize` and in handlers. JSON. */
  readonly claims?: unknown;
  /** When the credentials end, in milliseconds since 1970. The session is then closed with `unauthorized` and can resume with fresh ones. */
  readonly expiresAt?: number;
  /**
   * When its client is asked for fresh ones, in milliseconds since 1970. Default: before `expiresAt` by a quarter of the time that
   * is left, and by 30 s at most.
   */
  readonly refreshAt?: number;
}

/** What every contact with a session tells. */
export interface SessionState {
  readonly session: string;
  readonly identity: Identity;
  readonly generation: number;
  /** The last committed send. */
  readonly acked: number;
  /** Head of the inbox. */
  readonly inbox: Position;
  /** Rises whenever somebody else may have changed what the session is: see `changed` of `onHint`. Undefined before. */
  readonly revision?: number;
}

export type Opened =
  | { kind: 'opened'; state: SessionState }
  | { kind: 'taken' }
  | { kind: 'ended' }
  /** It was ended by the server, and must not come again. */
  | { kind: 'forbidden' }
  | { kind: 'refused' };
export type Attached = { kind: 'attached'; state: SessionState } | { kind: 'unknown' };
export type Touched = { kind: 'current'; state: SessionState } | { kind: 'superseded' } | { kind: 'unknown' };
export type Known =
  | { kind: 'current'; state: SessionState }
  /** It was ended by the server, and must not come again. */
  | { kind: 'forbidden' }
  | { kind: 'unknown' };
export type Appended = { kind: 'appended'; entry: Entry };
export type Posted = { kind: 'posted'; entry: Entry } | { kind: 'unknown' };
export type LogRead = Following & {
  /** Of an inbox: the revision of its session. It may be left out where `changed` has told of none since the inbox is watched. */
  readonly revision?: number;
};
type Following =
  /** Successors of the position, at most `max`, and the log's head. Empty at the head. */
  | { kind: 'entries'; entries: readonly Entry[]; head: Position }
  /** What follows the position cannot be delivered; reading goes on after `now`. */
  | { kind: 'gap'; reason: GapReason; now: Position }
  /** The log goes on after `base` under another epoch. */
  | { kind: 'fork'; base: number; next: string };
export type Begun =
  /** The caller holds the session's claim; `redelivered` when an earlier holder may have run this send. */
  | { kind: 'run'; redelivered: boolean }
  | { kind: 'duplicate'; acked: number; inbox: Position }
  | { kind: 'expect'; number: number }
  /** Another connection holds the claim: ask again in a moment. */
  | { kind: 'busy' }
  /** Its credentials were revoked; nothing is begun before it has brought others. */
  | { kind: 'revoked' }
  | { kind: 'unknown' };
export type Committed =
  | { kind: 'committed'; acked: number; inbox: Position }
  /** The claim was taken over, or was for another send; nothing was changed. */
  | { kind: 'stale' }
  /** A skip began above the next number, which is this; nothing was changed. */
  | { kind: 'expect'; number: number }
  | { kind: 'unknown' };

/** A session that is over. */
export interface EndedSession {
  readonly session: string;
  readonly identity: Identity;
  /** 0: nobody ever attached it. */
  readonly generation: number;
}

/** `unknown`: there is no such session, or it had ended already. */
export type Closed = { kind: 'ended'; ended: EndedSession } | { kind: 'unknown' };

/** What a node asks of its store beside what the store was made with. */
export interface StoreTerms {
  /** What a channel keeps of its own; what is left out, and all of it where undefined, as the store's options say. */
  readonly retentionOf?: (channel: string) => Partial<Retention> | undefined;
  /** Whether `sweep` tells which sessions ended: for some stores that is work. Default false. */
  readonly tellsEnds?: boolean;
}

/** `unknown`: there is no such session. */
export interface Entered {
  readonly kind: 'joined' | 'renewed' | 'full' | 'unknown';
}

/**
 * Which append of a session this is. Those of one session reach a log in this order, so a store that remembers
 * the last one knows them all, also when their entries are gone.
 */
export interface AppendKey {
  readonly session: string;
  /** Under which it is made. */
  readonly claim: string;
  /** The send that it is made for. */
  readonly number: number;
  /** 0 for the send itself; 1, 2 … for what its handler publishes. */
  readonly part: number;
}

export interface MemberPage {
  readonly members: readonly Member[];
  /** The place behind which the next page begins; undefined when this is the last. */
  readonly more?: number;
}

/** What a store in the memory of this process holds, of one kind of log. */
export interface KeptLogs {
  readonly entries: number;
  /** Characters of their bodies. */
  readonly bytes: number;
}

export interface Kept {
  readonly sessions: number;
  readonly channel: KeptLogs;
  readonly inbox: KeptLogs;
}

/** Where a log stands: its head, and its first entry that is still kept (head + 1 when empty). */
export interface Head {
  readonly epoch: string;
  readonly offset: number;
  readonly first: number;
  /** Of an inbox: its session's generation, and the milliseconds since its last contact, on whichever node, and its revision. */
  readonly session?: { readonly generation: number; readonly silence: number; readonly revision?: number };
}

/**
 * Members hold leases of their session. Whoever comes and goes is told by an entry of the channel (P45), which the
 * store appends in the same step that changes the list: a node that dies leaves no member untold.
 */
export interface Store {
  /** Called by a node before all else, where it has terms. All nodes of a store have the same. */
  agree(terms: StoreTerms): void;

  /**
   * Opens a session, or finds the one that this nonce opened before. `taken`: it belongs to another subject;
   * `ended`, `forbidden`: it ended not longer than a window ago, and is not opened again; `refused`: its subject is, for now.
   */
  openSession(nonce: string, identity: Identity): Promise<Opened>;

  /**
   * A new connection takes the session: the generation rises by one, unless the newest connection is of the same
   * attempt: then something on the way sent its request twice, and only one of the answers is heard. Leases that had
   * lapsed are entered again.
   */
  attach(session: string, identity?: Identity, attempt?: string): Promise<Attached>;

  /**
   * Contact: the session's window and its leases start anew, and leases that had lapsed are entered
   * again. With a generation, only if that is the current one.
   */
  touch(session: string, generation?: number): Promise<Touched>;

  /** How a session is. It is no contact. */
  stateOf(session: string): Promise<Known>;

  /** Fresh credentials were accepted for a live session. Whoever watches its inbox is told that it changed. */
  identify(session: string, identity: Identity): Promise<void>;

  /**
   * The credentials of a session count no more: its identity has ended (`expiresAt` 0) and it begins no send, until it is attached
   * or identified with others. Whoever watches its inbox is told that it changed.
   */
  revoke(session: string): Promise<void>;

  /** Lets no session of this subject be opened for so many ms from now; 0 takes that back. Those that are open live on. */
  refuse(subject: string, ms: number): Promise<void>;

  /**
   * The sessions of a subject: all that are open or are being opened, and perhaps some that have ended not long ago.
   */
  sessionsOf(subject: string): Promise<readonly string[]>;

  /**
   * The peer of this generation has gone: the session's leases lapse now, as after a long silence.
   * Nothing happens when a later connection has taken the session. It is no contact.
   */
  lapse(session: string, generation: number): Promise<void>;

  /**
   * Ends a session at once, and its leases. Of all who close one, or sweep it, one is told that it ended. With `forbidden` it is
   * known as that for a window at least, also when it was about to be opened, and whoever watches its inbox is told that it changed.
   */
  close(session: string, why?: 'forbidden'): Promise<Closed>;

  /**
   * Appends at the next offset for a send: a key at or behind the session's last one in this log is taken no more
   * (P39). `duplicate`: it is in the log; `behind`: it is not, and never will be, as a later one of an unfinished batch
   * is. A session's last key in a log is remembered for two windows at least; an append under a claim that ran out before
   * that is rejected, so nothing that was forgotten comes again.
   */
  append(channel: string, body: string, key: AppendKey): Promise<Appended | { kind: 'duplicate' | 'behind' }>;

  /** Appends at the next offset. */
  append(channel: string, body: string): Promise<Appended>;

  /** Whether an append with this key would be a duplicate. */
  taken(channel: string, key: AppendKey): Promise<boolean>;

  /** Appends to a session's inbox. `unknown`: there is no such session, or no longer; nothing was kept. */
  post(session: string, body: string): Promise<Posted>;

  /**
   * What follows a position. The only place that decides whether a log is continuous. Whoever reads an inbox behind `watch` misses
   * no change of its session: of those before, the answer has the revision, of those that follow, `changed` is told.
   */
  read(log: LogName, epoch: string, offset: number, max: number): Promise<LogRead>;

  /** Heads of several logs in one call, in their order. A log that nobody wrote to has an epoch and the offset 0. */
  heads(logs: readonly LogName[]): Promise<readonly Head[]>;

  /**
   * Hints for a log reach the listener from the moment this resolves, until
   * `unwatch`; nothing to wait for gives undefined. Hints may be lost, doubled,
   * late or out of order.
   */
  watch(log: LogName): Promise<void> | undefined;
  unwatch(log: LogName): void;
  /**
   * A listener for this node, until the answer is called. A store in the memory of one process has one for each of its
   * nodes; one that is reached by a network is made anew for each node. `missed`: hints may have been lost, as behind a
   * connection that broke; all heads are to be looked at. `changed`: somebody changed what that session is, whose inbox is
   * watched here; `stateOf` says how. As any hint it may be lost: then the revision of its head tells.
   */
  onHint(
    listener: (log: LogName, entry: Entry) => void,
    missed?: () => void,
    changed?: (session: string) => void,
  ): () => void;

  /**
   * Asks to run the sends from `number` on. `run` gives the session's claim to `claim` for `lease` ms: until it
   * is given back or runs out, others are `busy`. Whoever holds it may begin again. A fail-over of
   * the store, which may have lost what was appended under it, voids a claim: further appends are rejected, its commit
   * is `stale`, and whoever begins a send that may have been begun before it is told that it may have run.
   */
  begin(session: string, number: number, claim: string, lease: number): Promise<Begun>;

  /**
   * In one step: the sends from `first`, which was begun under this claim, up to `last` are done, their outcomes
   * are in the inbox, and the claim is given back.
   */
  commit(
    session: string,
    first: number,
    last: number,
    claim: string,
    outcomes: readonly string[],
  ): Promise<Committed>;

  /** Prolongs the claim by `lease` ms from now, if it is still there. It begins nothing, and is no contact. */
  renew(session: string, claim: string, lease: number): Promise<void>;

  /** Gives the claim back, with nothing done. */
  release(session: string, claim: string): Promise<void>;

  /** The client settled its sends `from` up to `number` otherwise: the one behind them is expected. */
  skip(session: string, from: number, number: number): Promise<Committed>;

  /** The client handed the inbox on up to here; what is before may be forgotten. */
  trimInbox(session: string, offset: number): Promise<void>;

  /**
   * Enters a channel's member list, or renews the data. `full`: the session is in `most` other lists already,
   * those that lapsed included.
   */
  enter(session: string, channel: string, member: Member, most: number): Promise<Entered>;

  /** Leaves it, if it was there. */
  leave(session: string, channel: string): Promise<void>;

  /** All of a channel's members, in the order in which they came. */
  members(channel: string): Promise<readonly Member[]>;

  /**
   * The members behind a place in that order (0: the first ones), as many as `bytes` of their JSON hold, but one at
   * least. Whoever is there from the first page to the last is on exactly one of them.
   */
  membersPage(channel: string, place: number, bytes: number): Promise<MemberPage>;

  /**
   * Ends what is over: leases, and sessions whose window passed. Called every few seconds by each node. Where the terms
   * ask for it, it tells those sessions: each to one caller, once.
   */
  sweep(): Promise<readonly EndedSession[]>;

  /** Resolves when the store is there, and does nothing: when a part of it is, for one that is made of parts. */
  ping(): Promise<void>;

  /** What it holds, as of the last sweep: for stores that know it without asking anybody. */
  kept?(): Kept;

  /**
   * Keeps what a node says of itself for `lease` ms, in the place of what it said before, and gives what the other nodes
   * said, as far as that still holds. It may be lost at any time: nothing is promised by it. A store may ask for the text when
   * another node wants it, and not before.
   */
  report(node: string, text: () => string, lease: number): Promise<readonly string[]>;

  /** A node has ended: releases what was held for it, as connections. */
  end(): Promise<void>;
}
