/**
 * What is kept of an outbox, around the session that sends it. A send is written down before a connection is given it, with its
 * number and the session that the number is of; the next page goes on with both. What no connection was given yet goes into a
 * new session when the old one is lost; everything else ends as the session says.
 *
 *   added ── written ──▸ stored ── a connection asks ──▸ claimed ── written with its number ──▸ ready ── ended ──▸ gone
 */
import { INBOX } from '@iskra/protocol/wire';
import type { Envelope, Json, Position, Send as SendFrame } from '@iskra/protocol/wire';
import type { Emitter, Off } from '../emitter.js';
import type { PageSignal } from '../environment.js';
import { IskraError, MisuseError, OutcomeUnknown } from '../errors.js';
import type { Pending, SendState } from '../outbox.js';
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
  /** Puts it around the session of a client; `look` has that look again at what can be sent. For `connect`. */
  around(session: Session, look: () => void): void;
}

/** A send of the session, and what is kept of it. */
type Tracked = Pending & { kept?: Kept | undefined };

interface Kept extends KeptSend {
  /** Another one with each change. */
  row: Row;
  /** In the session; without one, no more than its state. */
  pending: Partial<Tracked>;
  stored: boolean;
  /** It is written down under its number. */
  ready: boolean;
  /** Puts it into the outbox of a session. */
  enter(add: Session['outbox']['add']): Tracked | undefined;
}

/** So many numbers are taken at a time: what is not kept, as a subscription, has a number too. */
const RESERVE = 1_000;

/** Of a send that is in no session. */
const stateOf = ({ number }: Row): Pick<Pending, 'state'> => ({ state: number ? 'sent' : 'queued' });

export function createKeeping(
  { found, write: toDisk }: Journal,
  isKept: (envelope: Envelope, channel: string | undefined) => boolean,
  { on, emit }: Emitter<OutboxEvents>,
): OfflineOutbox {
  /** By `since`, oldest first. */
  const kept = new Map<number, Kept>();
  let last = 0;
  let dirty = new Map<number, Row | Identified | undefined>();
  let writing = 0;
  /** The session that the numbers of rows are of, and as it is written down. */
  let saved: Identified | undefined;
  let durable: Identified | undefined;
  let isUsed = false;
  let poke: (() => void) | undefined;

  const keep = (row: Row, stored: boolean): Kept => {
    const [tag, , ...fields] = JSON.parse(row.text) as [SendFrame[0], number, ...unknown[]];
    last = row.since;
    const one: Kept = {
      since: last,
      row,
      pending: stateOf(row),
      stored,
      ready: !!row.number,
      enter: (add) => add(tag, ...fields),
      get state() {
        return one.pending.state!;
      },
      channel: fields.at(-2) as string | undefined,
      envelope: fields.at(-1) as Envelope,
    };
    kept.set(last, one);
    return one;
  };
  for (const row of found)
    if (row.since) keep(row as Row, true);
    else saved = durable = row as Identified;

  /** Writes this row down, or takes it out. */
  const put = async (since: number, row?: Row | Identified): Promise<void> => {
    dirty.set(since, row);
    // What happens in one turn is one transaction.
    // oxlint-disable-next-line typescript/await-thenable -- the end of the turn is what is waited for
    await undefined;
    if (!dirty.size) return;
    const changes = dirty;
    const state = saved;
    dirty = new Map();
    writing++;
    const stored = await toDisk(changes);
    writing--;
    durable = state;
    for (const [since, row] of changes) {
      const one = kept.get(since);
      if (!one) continue;
      // It is there as it was, and the next page would send it once more.
      if (stored === undefined && one.stored && !one.ready) drop(one, true);
      one.stored = !!stored;
      // It may have another number meanwhile.
      one.ready ||= one.row === row && !!one.row.number;
    }
    poke?.();
    emit('change');
  };

  const change = (one: Kept, number?: number): void =>
    void put(one.since, (one.row = { ...one.row, number }));

  const forget = (one: Kept, error?: Error): void => {
    const { since, pending } = one;
    kept.delete(since);
    void put(since);
    pending.settle?.(error);
    emit('settled', one, error, pending.outcome?.payload as Json | undefined);
  };

  /** It ends here, and its number is skipped when the server asks for it. */
  const drop = (one: Kept, isUnknown = one.state !== 'queued'): void => {
    if (!kept.has(one.since)) return;
    const outcome = { delta: 'discarded', lambda: 'stop' };
    Object.assign(one.pending, {
      kept: undefined,
      shown: undefined,
      barrier: 'passed',
      ...(isUnknown ? { doubtful: true, state: 'unknown' } : { outcome, state: 'rejected' }),
    });
    const Ending = isUnknown ? OutcomeUnknown : IskraError;
    forget(one, new Ending(isUnknown ? 'outcome_unknown' : 'discarded', 'No longer sent.'));
  };

  /** Puts it around a session; `look` has that look again at what can be sent. */
  const around = (inner: Session, look: () => void): void => {
    if (isUsed) throw new MisuseError('outbox_in_use', 'A client has it.');
    const { outbox, identity, policy, handle } = inner;
    const sends = outbox.sends as Tracked[];
    const cursors = inner.cursors as Map<string, Position>;
    const { add, batch } = outbox;

    const track = (pending: Tracked, one: Kept): void => {
      one.pending = pending;
      pending.kept = one;
    };

    outbox.add = (tag, ...fields) => {
      const envelope = fields.at(-1) as Envelope;
      // Of subscriptions there is none, and the server's own requests belong to the page.
      const isMeant =
        envelope.delta &&
        (fields[1] || envelope.delta[0] !== '@') &&
        isKept(envelope, fields.at(-2) as string);
      const pending = add(tag, ...fields);
      if (pending && isMeant) {
        const one = keep({ since: Math.max(Date.now(), last + 1), text: pending.text }, false);
        track(pending, one);
        void put(one.since, one.row);
      }
      return pending;
    };

    outbox.batch = (after, count, room) => {
      let free = 0;
      let isBlocked = false;
      for (const { number, barrier, kept: one } of sends) {
        if (number <= after || barrier || count-- <= 0) continue;
        // Undefined is neither less nor more: nothing is written of a session in which nothing was kept.
        isBlocked ||= one ? !one.ready : number > (durable?.reserved as number);
        if (!isBlocked) free++;
        // Without a connection nobody was given anything.
        else if (policy.newest()) {
          if (one && !one.row.number) change(one, number);
          if (number <= (saved?.reserved as number)) continue;
          saved = {
            since: 0,
            nonce: identity.nonce,
            // Of no generation: to the next page it is one that begins.
            welcome: { ...identity.welcome!, generation: 0 },
            inbox: cursors.get(INBOX)!,
            reserved: number + RESERVE,
          };
          void put(0, saved);
        }
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
        pending.kept = undefined;
        if (pending.state !== 'unknown' || (one.ready && !isStopped)) {
          effect[1] = { settle: (error) => forget(one, error) };
          return true;
        }
        // No connection was given it: it goes into the next session, or waits for the next client.
        const fresh = isStopped ? undefined : one.enter(add);
        if (!one.ready) change(one);
        one.pending = stateOf(one.row);
        if (!fresh) return true;
        // Whoever holds it goes on holding it.
        sends[sends.length - 1] = Object.assign(pending, fresh);
        if (pending.shown) (pending.shown as { number: number }).number = fresh.number;
        track(pending, one);
        return false;
      });
      if (isStopped) isUsed = false;
      // Of another session: nothing is written of this one.
      if (saved?.nonce !== identity.nonce) saved = durable = undefined;
      const inbox = cursors.get(INBOX)!;
      // An answer that is not told yet has to come again.
      if (saved && inbox !== saved.inbox && !sends.some(({ outcome, doubtful }) => outcome ?? doubtful))
        void put(0, (saved = { ...saved, inbox }));
      return told;
    };

    // What is left of an earlier page, or of a client that was closed.
    let reserved = 0;
    const [first] = kept.values();
    // Numbers are given in order: if the first has none, no other one has.
    if (first?.row.number) {
      Object.assign(identity, saved);
      cursors.set(INBOX, saved!.inbox);
      ({ reserved } = saved!);
    }
    for (const one of kept.values()) {
      const { number } = one.row;
      outbox.leap(number ? number - 1 : reserved);
      const pending = one.enter(add);
      if (pending) {
        track(pending, one);
        // As that page gave it to a connection.
        if (number) batch(number - 1, 1, 0);
        // The limits were higher before: it waits for the next client. The number of what was given to a connection passes meanwhile.
      } else if (number) drop(one);
      else break;
    }
    outbox.leap(reserved);
    isUsed = true;
    poke = look;
  };

  return {
    get sends() {
      return [...kept.values()];
    },
    on,
    discard: (send) => drop(send as Kept),
    around,
  };
}
