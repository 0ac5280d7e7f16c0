/**
 * What is kept of an outbox, around the session that sends it. A send is written down before a connection is given it, with its
 * number and the session that the number is of; the next page goes on with both. What no connection was given yet goes into a
 * new session when the old one is lost; everything else ends as the session says.
 *
 *   added ── written ──▸ stored ── a connection asks ──▸ claimed ── written with its number ──▸ sent ── ended ──▸ gone
 */
import { INBOX } from '@iskra/protocol/wire';
import type { Envelope, Json, Position, Send as SendFrame } from '@iskra/protocol/wire';
import type { Emitter, Off } from '../emitter.js';
import type { PageSignal } from '../environment.js';
import { MisuseError } from '../errors.js';
import type { IskraError } from '../errors.js';
import type { Pending, SendState } from '../outbox.js';
import { errorOf } from '../session.js';
import type { Session } from '../session.js';
import type { Identified, Journal, Row } from './journal.js';

/** A send that outlives its page. */
export interface KeptSend {
  /** When it was sent first, ms since 1970. No two have the same. */
  readonly since: number;
  /** `queued` until a connection may have been given it. */
  readonly state: SendState;
  /** It is written down, and so outlives the page: a moment after it was sent. */
  readonly stored: boolean;
  /** Of a publish; undefined of a request, whose name is `envelope.delta`. */
  readonly channel: string | undefined;
  readonly envelope: Envelope;
}

export interface OutboxEvents {
  /** Another send waits, or one has ended or has another state. */
  change: [];
  /** One came to its end, perhaps that of an earlier page; `reply` is what the server had to say of it. */
  settled: [send: KeptSend, error: Error | undefined, reply: Json | undefined];
  /** From now on what is sent does not outlive the page. */
  memory: [reason: IskraError];
}

export interface OfflineOutbox {
  /** What waits for its end, oldest first; also what an earlier page has left. */
  readonly sends: readonly KeptSend[];
  on<Name extends keyof OutboxEvents>(name: Name, listener: (...values: OutboxEvents[Name]) => void): Off;
  /** It is not sent any more. One that is `queued` ends as rejected (`discarded`), another one as unknown: it may have happened. */
  discard(send: KeptSend): void;
  /**
   * Leaves it, with what waits, to whoever opens it next, in this page or another; resolves when it is free. Close its client
   * before: until then it rejects with the code `outbox_in_use`. A second time is as once.
   */
  close(): Promise<void>;
  /** Puts it around the session of a client; `look` has that look again at what can be sent. For `connect`. */
  around(session: Session, look: () => void): void;
}

/** A send of the session, and what is kept of it. */
type Tracked = Pending & { kept?: Kept | undefined };

interface Kept extends KeptSend {
  /** Another one with each change. */
  row: Row;
  /** In the session; without one, nothing. */
  send: Partial<Tracked>;
  stored: boolean;
  /** `sent` as soon as it is written down under its number: from then on a connection may be given it. */
  state: SendState;
  /** Puts it into the outbox of a session. */
  add(add: Session['outbox']['add']): Tracked | undefined;
}

/**
 * What is not kept, as a subscription, has a number too, and is written down nowhere: the next page counts on so far behind
 * what waits, or behind where this one began. An outbox has room for less, and a server lets a hundred times as many be skipped.
 */
const SPARE = 10_000;

const DISCARDED = { delta: 'discarded', lambda: 'stop' };

export function createKeeping(
  [found, write, close]: Journal,
  isKept: (envelope: Envelope, channel: string | undefined) => boolean,
  { on, emit }: Emitter<OutboxEvents>,
  left: () => void,
): OfflineOutbox {
  /** By `since`, oldest first. */
  const kept = new Map<number, Kept>();
  let last = 0;
  let dirty = new Map<number, Row | Identified | undefined>();
  let writing: Promise<void> | undefined;
  /** The session that the numbers of rows are of, as it is to be written down. */
  let saved: Identified | undefined;
  /** It is written down which numbers this page may use. */
  let isSafe: boolean | undefined;
  /** By a client, or by whoever opens it next. */
  let isTaken = false;
  let closing: Promise<void> | undefined;
  let poke: (() => void) | undefined;

  const keep = (row: Row, stored: boolean): Kept => {
    const [tag, , ...fields] = JSON.parse(row.text) as [SendFrame[0], number, ...unknown[]];
    last = row.since;
    const one: Kept = {
      since: last,
      row,
      send: {},
      stored,
      state: row.number ? 'sent' : 'queued',
      add: (add) => add(tag, ...fields),
      channel: fields.at(-2) as string | undefined,
      envelope: fields.at(-1) as Envelope,
    };
    kept.set(last, one);
    return one;
  };
  for (const row of found)
    if (row.since) keep(row as Row, true);
    else saved = row as Identified;

  /** Writes this row down, or takes it out; resolves when nothing is left to be written. */
  const put = (since: number, row?: Row | Identified): Promise<void> => {
    dirty.set(since, row);
    return (writing ??= flush());
  };

  /** What happens in one turn, or while something is being written, is one transaction. */
  const flush = async (): Promise<void> => {
    // oxlint-disable-next-line typescript/await-thenable -- the end of the turn is what is waited for
    await undefined;
    while (dirty.size) {
      const changes = dirty;
      dirty = new Map();
      const left = await write(changes);
      isSafe ||= changes.has(0);
      for (const [since, row] of changes) {
        const one = kept.get(since);
        if (!one) continue;
        // The next page would find it as one that no connection was given, and send it once more.
        if (one.state === 'queued' && left > +!one.stored) {
          one.state = 'sent';
          drop(one);
          // Otherwise it has another number meanwhile.
        } else if (one.row === row && row.number) one.state = 'sent';
        one.stored = left < 0;
      }
      poke?.();
      emit('change');
    }
    writing = undefined;
  };

  const change = (one: Kept, number?: number): void =>
    void put(one.since, (one.row = { ...one.row, number }));

  const forget = (one: Kept, error?: Error): void => {
    const { since, send } = one;
    // Its client may have settled it already, and not have said so.
    if (!kept.delete(since)) return;
    one.state = send.state!;
    void put(since);
    send.settle?.(error);
    emit('settled', one, error, send.outcome?.payload as Json | undefined);
  };

  /** It ends here, and its number is skipped when the server asks for it. */
  const drop = (one: Kept): void => {
    if (!kept.has(one.since)) return;
    const isUnknown = one.state === 'sent';
    const pending = Object.assign(one.send, {
      state: isUnknown ? 'unknown' : 'rejected',
      kept: undefined,
      shown: undefined,
      barrier: 'passed',
      doubtful: true,
      outcome: isUnknown ? undefined : DISCARDED,
    });
    forget(one, errorOf(pending as Pending));
  };

  const assertFree = (): void => {
    if (isTaken) throw new MisuseError('outbox_in_use', 'Close its client, or open it again.');
  };

  /** Puts it around a session; `look` has that look again at what can be sent. */
  const around = (inner: Session, look: () => void): void => {
    assertFree();
    const { outbox, identity, policy, handle, cursors } = inner;
    const { sends, add, batch } = outbox as typeof outbox & { sends: Tracked[] };

    const track = (pending: Tracked, one: Kept): void => {
      one.send = pending;
      pending.kept = one;
    };

    outbox.add = (tag, ...fields) => {
      const [envelope, channel] = [...fields].reverse() as [Envelope, string?];
      // Of subscriptions there is none, and the server's own requests belong to the page.
      const isMeant = envelope.delta && (channel || envelope.delta[0] !== '@') && isKept(envelope, channel);
      const pending = add(tag, ...fields);
      if (pending && isMeant) {
        const one = keep({ since: Math.max(Date.now(), last + 1), text: pending.text }, false);
        track(pending, one);
        change(one);
      }
      return pending;
    };

    outbox.batch = (after, count, room) => {
      let free = 0;
      let isBlocked = false;
      for (const { number, barrier, kept: one } of sends) {
        if (number <= after || barrier || count-- <= 0) continue;
        isBlocked ||= one ? one.state === 'queued' : !isSafe;
        if (!isBlocked) free++;
        // Without a connection nobody was given anything.
        else if (one && !one.row.number && policy.newest()) change(one, number);
      }
      return batch(after, free, room);
    };

    inner.handle = (event, now) => {
      // The next page goes on with this session.
      if ((event as { signal?: PageSignal }).signal === 'left' && (kept.size || writing)) return [];
      const effects = handle(event, now);
      const isStopped = effects.some(([name]) => name === 'stop');
      const told = effects.filter((effect) => {
        // Nothing but a send that is settled has it.
        const pending = effect[1] as Tracked;
        const { kept: one } = pending;
        if (!one) return true;
        if (pending.state !== 'unknown' || (one.state === 'sent' && !isStopped)) {
          effect[1] = { settle: (error) => forget(one, error) };
          return true;
        }
        // No connection was given it: it goes into the next session, or waits for the next client.
        const fresh = isStopped ? undefined : one.add(add);
        if (one.state === 'queued') change(one);
        if (!fresh) {
          one.send = {};
          return true;
        }
        // Whoever holds it goes on holding it.
        sends[sends.length - 1] = Object.assign(pending, fresh);
        if (pending.shown) (pending.shown as { number: number }).number = fresh.number;
        return false;
      });
      if (isStopped) isTaken = false;
      // Of another session: nothing is written of this one.
      if (saved?.nonce !== identity.nonce) saved = undefined;
      const inbox = cursors.get(INBOX);
      const [first] = kept.values();
      // An answer that is not told yet has to come again; without an inbox, the session is not there yet.
      if (
        saved
          ? inbox !== saved.inbox && !sends.some((send) => send.outcome ?? send.doubtful)
          : first?.row.number && inbox
      ) {
        // Of no generation: to the next page it is one that begins.
        const welcome = { ...identity.welcome!, generation: 0 };
        saved = { since: 0, nonce: identity.nonce, welcome, inbox: inbox!, number: saved?.number ?? 0 };
        void put(0, saved);
      }
      return told;
    };

    // What is left of an earlier page, or of a client that was closed.
    let from = 0;
    for (const one of kept.values()) {
      const { number } = one.row;
      // Numbers are given in order: if the first has none, no other one has.
      if (number) {
        from = SPARE + Math.max(number, saved!.number);
        Object.assign(identity, saved);
        (cursors as Map<string, Position>).set(INBOX, saved!.inbox);
      }
      outbox.leap(number ? number - 1 : from);
      const pending = one.add(add);
      if (pending) {
        track(pending, one);
        // As that page gave it to a connection.
        if (number) batch(number - 1, 1, 0);
        // The limits were higher before: it waits for the next client. The number of what was given to a connection passes meanwhile.
      } else if (number) drop(one);
      else break;
    }
    outbox.leap(from);
    // No connection is given anything before this is written.
    isSafe = !from;
    if (from) void put(0, (saved = { ...saved!, number: from }));
    isTaken = true;
    poke = look;
  };

  return {
    get sends() {
      return [...kept.values()];
    },
    on,
    discard: drop as (send: KeptSend) => void,
    async close() {
      if (!closing) {
        assertFree();
        isTaken = true;
        kept.clear();
        left();
        closing = put(0, saved).then(close);
      }
      return closing;
    },
    around,
  };
}
