/** What tabs of one session say to each other, and what each of them knows. All of it survives a structured clone. */
import type { Position, Subscribed, Welcome } from '@iskra/protocol/wire';
import type { Attempt } from '../attempt.js';
import type { Entry, Gap } from '../channel.js';
import type { Pending } from '../outbox.js';
import type { SessionEvent, Status, Told as ToldByName } from '../session-events.js';

export type Carrier = Pick<Attempt, 'transport' | 'server' | 'rank' | 'attempt' | 'generation'>;

/** All that another tab needs to go on with the session: each tab has it, as it was told. */
export interface Shared {
  /** Without it nothing is known: the next leader begins anew. */
  nonce: string | undefined;
  welcome: Welcome | undefined;
  /** The highest number that a send has. */
  last?: number;
  /** The highest that is known to be committed. */
  committed?: number;
  /** Up to here the inbox was told. */
  inbox?: Position | undefined;
  status: Status;
  /** What carries the session. */
  current: Carrier | undefined;
  /** By tab, the last of its sends that was taken. */
  taken: Map<string, number>;
  /**
   * What has not ended, by its number in the session: whose it is, its number there, its frame as it was there; whether it
   * is no subscription that is still to begin; its outcome, if that is known before its end.
   */
  sends: Map<number, [tab: string, own: number, text: string, begun?: boolean, outcome?: Pending['outcome']]>;
  /** By channel, up to where it was told; or from where it is being read again. */
  places: Map<string, Position>;
  /** By channel, who reads it, and enters its member list with what. */
  wants: Map<string, [tab: string, presence: unknown][]>;
}

/** A map in what is shared has this under that key now; nothing, if there is no value. */
type Change = {
  [Name in keyof Shared]-?: Shared[Name] extends Map<infer Key, infer Value>
    ? [name: 'set', map: Name, key: Key, value?: Value]
    : never;
}[keyof Shared];

/** What the leader tells: what becomes of the session, and its effects but for those of its connections. */
export type Told =
  | Change
  | [name: 'hand', channel: string, what: 'entry', value: Entry]
  | [name: 'hand', channel: string, what: 'gap', value: Gap]
  /** A tab's send has ended. */
  | [name: 'end', tab: string, own: number, outcome?: Pending['outcome'], doubtful?: boolean]
  /** A tab's subscription begins. */
  | [name: 'start', tab: string, own: number, page: Subscribed]
  | [name: 'measured', sample: number]
  | { [Name in keyof ToldByName]: ['tell', Name, ...ToldByName[Name]] }[keyof ToldByName];

/** From the leader to every tab. */
export interface Telling {
  from: string;
  told: Told[];
  /** What is different now; all of it, for who has joined. */
  shared?: Partial<Shared> | undefined;
  /** Who has joined, as far as the leader has heard. */
  to?: string | undefined;
}

/** From a tab to the leader. */
export interface Saying {
  from: string;
  /** To whoever leads, if it is not known. */
  to: string | undefined;
  sends: [own: number, text: string][];
  /** Something that happened to the tab and concerns the session. */
  event?: SessionEvent | undefined;
}

/** What a tab hears: from the others, from itself, and from the browser. */
export type Word =
  | Saying
  | Telling
  /** It leads from now on. Whoever leads hears it too, behind all that was said before. */
  | { begins: string }
  /** This tab is one of them now. */
  | { joined: true }
  | { gone: string };

/** What the sharing wants done besides what a session does. */
export type TabsEffect =
  | [name: 'join', tab: string]
  | [name: 'part']
  | [name: 'post', message: Saying | Telling]
  /** Say when this tab is gone. */
  | [name: 'watch', tab: string];
