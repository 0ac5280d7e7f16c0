/** A run that is written by hand, for tests of the oracle: what the store took, what a page did, and what it was told. */
import type { GapReason, Position } from '@iskra/protocol/wire';
import type { Appended, PageHistory, Ran, Seen, Sent, Truth } from './history.js';
import { judge } from './oracle.js';
import type { Final } from './oracle.js';

export const ROOM = 'room';
type At = readonly [epoch: string, offset: number];
/** What is seen, without its time. */
type Sight = Seen extends infer One ? (One extends Seen ? Omit<One, 'at'> : never) : never;

/** Everything happens 10 ms after what was before. */
export class Run {
  now = 0;
  readonly truth: Truth = { appended: new Map(), runs: [], rewinds: [], denials: [], caps: [] };
  readonly anna: PageHistory = { page: 'anna', seen: [], sent: [] };
  readonly finals: Final[] = [];
  readonly heads = new Map<string, At>();
  readonly members = new Map<string, readonly string[]>();
  retention = 1_000;
  isMild = false;

  /** The store takes entries, one after another. */
  append(...ids: string[]): this {
    for (const id of ids) this.#take({ id });
    return this;
  }

  member(delta: 'member_joined' | 'member_left', id: string): this {
    return this.#take({ member: { delta, id } });
  }

  /** The store forgets what is behind this offset, and goes on under another epoch. */
  failOver(base: number): this {
    this.#wait();
    for (const entry of this.#log) if (entry.position[1] > base) entry.lostAt ??= this.now;
    this.truth.rewinds.push({ at: this.now, kind: 'fail-over' });
    this.#epoch += 'zzz1';
    this.#offset = base;
    return this;
  }

  /** The store forgets everything. */
  restart(): this {
    this.#wait();
    this.truth.rewinds.push({ at: this.now, kind: 'empty' });
    [this.#epoch, this.#offset] = ['f', 0];
    return this;
  }

  /** From now on answers of more bytes do not pass. */
  cap(bytes: number): this {
    this.truth.caps.push({ page: 'anna', bytes, from: this.#wait() });
    return this;
  }

  deny(from = this.#wait()): this {
    this.truth.denials.push({ page: 'anna', channel: ROOM, from, until: Infinity });
    return this;
  }

  sees(...sights: Sight[]): this {
    // Each with its time, which is all that they lack.
    for (const sight of sights) this.anna.seen.push({ ...sight, at: this.#wait() } as Seen);
    return this;
  }

  sends(sent: Partial<Sent> = {}): this {
    const id = `anna.${this.anna.sent.length + 1}`;
    const at = this.#wait();
    this.anna.sent.push({
      id,
      kind: 'publish',
      channel: ROOM,
      at,
      endedAt: at,
      end: 'acknowledged',
      ends: 1,
      ...sent,
    });
    return this;
  }

  handles(run: Partial<Ran> = {}): this {
    this.truth.runs.push({ at: this.#wait(), key: 's:1', id: 'anna.1', redelivered: false, ...run });
    return this;
  }

  /** How anna stands in the end, where nothing is wrong with it. */
  ends(final: Partial<Final> = {}): this {
    const best = 'websocket';
    this.finals.push({
      ...{
        page: 'anna',
        state: 'connected',
        transport: best,
        server: 'primary',
        primary: 'primary',
        best,
        session: 's',
        unsettled: 0,
        channels: [],
      },
      ...final,
    });
    return this;
  }

  stands(channel: Partial<Final['channels'][number]>): this {
    return this.ends({
      channels: [{ channel: ROOM, position: ['e', 0], members: [], enters: false, ...channel }],
    });
  }

  get verdict(): string[] {
    const { truth, anna, finals, heads, members, retention, isMild } = this;
    return judge({ truth, pages: [anna], finals, stand: { heads, members }, retention, isMild }).map(
      ({ promise, text }) => `${promise} ${text}`,
    );
  }

  #epoch = 'e';
  #offset = 0;

  get #log(): Appended[] {
    const log = this.truth.appended.get(ROOM) ?? [];
    this.truth.appended.set(ROOM, log);
    return log;
  }

  #take(entry: Partial<Appended>): this {
    const position: Position = [this.#epoch, ++this.#offset];
    const nothing = { bytes: 100, id: undefined, member: undefined, lostAt: undefined };
    this.#log.push({ at: this.#wait(), log: ROOM, position, ...nothing, ...entry });
    return this;
  }

  #wait(): number {
    return (this.now += 10);
  }
}

export const subscribes: Sight = { what: 'subscribes', channel: ROOM, call: 1 };
export const unsubscribes: Sight = { what: 'unsubscribes', channel: ROOM };
export const subscribed = (position: Position = ['e', 0]): Sight => ({
  what: 'subscribed',
  channel: ROOM,
  call: 1,
  position,
});
export const entry = (id: string, position: Position): Sight => ({
  what: 'entry',
  channel: ROOM,
  position,
  id,
});
export const gap = (reason: GapReason, was: Position, now: Position): Sight => ({
  what: 'gap',
  channel: ROOM,
  reason,
  was,
  now,
});
export const error = (code: string): Sight => ({ what: 'error', code, text: code });

/** What is broken, what the oracle says of it, a run in which it is, and the one beside it in which it is not. */
export type Broken = readonly [breaks: string, verdict: RegExp, bad: () => Run, good: () => Run];
