/**
 * PURE. How things are called in Redis. All keys of one log, and all of one session, carry the same hash tag, so
 * each script stays within one slot of a cluster.
 */
import { createHash } from 'node:crypto';
import { INBOX, isInbox } from '@iskra/protocol/wire';
import type { LogName } from '../../store.js';

/** Zsets over which the channels that have members are spread, and the sessions, so that no single slot has all of them. */
export const PRESENCE_SHARDS = 16;

/** The keys of a log. `meta` of an inbox is the session itself, so that a commit and its outcomes are one step. */
export interface LogKeys {
  readonly meta: string;
  readonly entries: string;
  /** The sharded pub/sub channel of its hints. */
  readonly hints: string;
}

export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  log(log: LogName): LogKeys {
    const tag = isInbox(log) ? this.#session(log.slice(INBOX.length)) : this.#channel(log);
    return { meta: `${tag}:m`, entries: `${tag}:l`, hints: tag };
  }

  /** The log that a hint came for. */
  logOf(hints: string): LogName {
    const name = hints.slice(this.#prefix.length + 4, -1);
    return hints[this.#prefix.length + 2] === 's' ? INBOX + name : name;
  }

  /** What was last appended to a channel for a session. */
  last(channel: string, session: string): string {
    return `${this.#channel(channel)}:k:${session}`;
  }

  /** A session's record, its inbox, its leases, and those of them that are not simply held. */
  session(session: string): { meta: string; entries: string; leases: string; unsettled: string } {
    const tag = this.#session(session);
    return { meta: `${tag}:m`, entries: `${tag}:l`, leases: `${tag}:p`, unsettled: `${tag}:o` };
  }

  /** Members in their order, what each of them is, when each is looked at next, and who left a moment ago. */
  members(channel: string): { places: string; members: string; due: string; gone: string } {
    const tag = this.#channel(channel);
    return { places: `${tag}:mp`, members: `${tag}:mj`, due: `${tag}:md`, gone: `${tag}:mg` };
  }

  /** A subject's sessions, and until when it opens none. A subject is any text, so it is hashed. */
  subject(subject: string): { sessions: string; refused: string } {
    const tag = `${this.#prefix}:{u:${digest(`iskra subject ${subject}`)}}`;
    return { sessions: `${tag}:s`, refused: `${tag}:x` };
  }

  /** What nodes say of themselves. */
  get nodes(): string {
    return `${this.#prefix}:{nodes}`;
  }

  /** Channels that have members, by when they are looked at next. */
  presence(shard: number): string {
    return `${this.#prefix}:{presence:${shard}}`;
  }

  /** Sessions that were attached, by when they are looked at next. */
  endings(shard: number): string {
    return `${this.#prefix}:{endings:${shard}}`;
  }

  endingOf(session: string): string {
    return this.endings(slotOf(session) % PRESENCE_SHARDS);
  }

  presenceOf(channel: string): string {
    return this.presence(slotOf(channel) % PRESENCE_SHARDS);
  }

  #channel(channel: string): string {
    return `${this.#prefix}:{c:${channel}}`;
  }

  #session(session: string): string {
    return `${this.#prefix}:{s:${session}}`;
  }
}

/**
 * The id of the session that a nonce opens: derived, so that opening twice needs no table from nonce to session,
 * which would be in another slot; and one way, since an id may be seen by others and a nonce may not.
 */
export function sessionOf(nonce: string): string {
  return digest(`iskra session ${nonce}`);
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);

/** The slot of a key in a cluster: CRC16 (XMODEM) of its hash tag. */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  const tag = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc & 16_383;
}
