/**
 * Shell. The logs as one node has them: appended to, watched and read. What it watches it knows the end of, so most
 * reads ask Redis nothing.
 */
import type { Position } from '@iskra/protocol/wire';
import { INBOX, isInbox } from '@iskra/protocol/wire';
import { ToldError } from '../../observe/failure.js';
import type { Appended, AppendKey, Entry, Head, LogName, LogRead } from '../../store.js';
import { entryOf, headFrom, readOf } from './answers.js';
import type { Answer, LogAnswer } from './answers.js';
import type { Asking } from './asking.js';
import type { Claims } from './claims.js';
import { Hints } from './hints.js';
import { slotOf } from './keys.js';
import * as scripts from './scripts/log.js';
import { Tails } from './tails.js';
import { Together } from './together.js';

/** Logs whose heads are asked for at once. */
const HEADS_AT_ONCE = 200;
const QUESTIONS_AT_ONCE = 64;

/** What the node is told of logs that it watches. */
export interface LogListener {
  hinted(log: LogName, entry: Entry): void;
  /** Hints may have been lost. */
  missed(): void;
  /** What this session is has changed. */
  changed(session: string): void;
}

export class Logs {
  readonly #asking: Asking;
  readonly #claims: Claims;
  readonly #tails = new Tails();
  readonly #hints: Hints;
  readonly #together = new Together((channel, bodies) => this.#appendAll(channel, bodies));
  #listener: LogListener | undefined;

  /** @param timeout ms that Redis has to take a subscription */
  constructor(asking: Asking, claims: Claims, timeout: number) {
    this.#asking = asking;
    this.#claims = claims;
    this.#hints = new Hints(asking.link, asking.keys, timeout, {
      hinted: (log, entry) => {
        this.#tails.hinted(log, entry);
        this.#listener?.hinted(log, entry);
      },
      changed: (log) => {
        // Whoever does not hear it, reads it.
        this.#tails.forget(log);
        this.#listener?.changed(log.slice(INBOX.length));
      },
      missed: () => this.#listener?.missed(),
      forgotten: (log) => this.#tails.forget(log),
    });
  }

  /** Undefined: nobody listens any more. */
  listen(listener: LogListener | undefined): void {
    this.#listener = listener;
  }

  append(channel: string, body: string): Promise<Entry> {
    return this.#together.append(channel, body);
  }

  async appendOnce(
    channel: string,
    body: string,
    key: AppendKey,
  ): Promise<Appended | { kind: 'duplicate' | 'behind' }> {
    // What the application published before it goes before it.
    this.#together.ask(channel);
    const { keys, link, window, now } = this.#asking;
    const { meta, entries, hints } = keys.log(channel);
    const { session, claim, number, part } = key;
    if (this.#claims.isOver(claim, now)) {
      throw new ToldError('The claim for that send ran out; another node may perform it by now.');
    }
    const place = link.placeOf(meta) ?? '';
    const connection = link.connectionOf(place);
    const answer = (await this.#asking.ask(
      scripts.appendOnce,
      [meta, entries, keys.last(channel, session)],
      [
        ...[hints, body, ...this.#asking.keepOf(channel), number, part],
        ...[this.#claims.ackedOf(key), 2 * window, this.#claims.runAt(claim, place)],
      ],
    )) as Answer;
    const [kind = '', , , run = ''] = answer;
    if (kind === 'void')
      throw new ToldError('Redis failed over since that send was begun; it is begun again.');
    this.#claims.done(claim, place, run, connection);
    return kind === 'duplicate' || kind === 'behind'
      ? { kind }
      : { kind: 'appended', entry: entryOf(answer, body) };
  }

  async taken(channel: string, key: AppendKey): Promise<boolean> {
    const { session, number, part } = key;
    const last = this.#asking.keys.last(channel, session);
    const args = [number, part, this.#claims.ackedOf(key)];
    return (await this.#asking.ask(scripts.taken, [last], args)) === 1;
  }

  async read(log: LogName, epoch: string, offset: number, max: number): Promise<LogRead> {
    const isWatched = this.#hints.has(log);
    const known = isWatched ? this.#tails.read(log, epoch, offset, max) : undefined;
    const isOwn = isInbox(log);
    const [most = 0, , age = 0] = isOwn ? this.#asking.inboxKeep : this.#asking.keepOf(log);
    // The newest ones are remembered here for longer than a log may keep them.
    if (known?.kind === 'entries' && known.head[1] - offset <= most) return known;
    const { meta, entries } = this.#asking.keys.log(log);
    const args = [isOwn ? '' : age, offset, max];
    const asked = isWatched ? this.#tails.asked(log) : undefined;
    const answer = (await this.#asking.ask(scripts.read, [meta, entries], args)) as LogAnswer;
    const found = readOf(answer, [epoch, offset], isOwn);
    if (found.kind === 'entries' && asked !== undefined && this.#hints.has(log))
      this.#tails.learn(log, found, asked);
    return found;
  }

  async heads(names: readonly LogName[]): Promise<readonly Head[]> {
    const heads = Array.from<Head>({ length: names.length });
    const groups = this.#inOneSlot(names);
    const ask = async (): Promise<void> => {
      for (let places = groups.pop(); places !== undefined; places = groups.pop()) {
        const keys = places.flatMap((at) => {
          const { meta, entries } = this.#asking.keys.log(names[at] ?? '');
          return [meta, entries];
        });
        const ages = places.map((at) => {
          const log = names[at] ?? '';
          return isInbox(log) ? '' : (this.#asking.keepOf(log)[2] ?? 0);
        });
        const answers = (await this.#asking.ask(scripts.heads, keys, ages)) as LogAnswer[];
        places.forEach((at, index) => (heads[at] = this.#head(names[at] ?? '', answers[index])));
      }
    };
    // A cluster has a slot for nearly each of them: not all at once.
    await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, ask));
    return heads;
  }

  watch(log: LogName): Promise<void> | undefined {
    return this.#hints.watch(log);
  }

  unwatch(log: LogName): void {
    this.#hints.unwatch(log, performance.now());
  }

  /** It was changed otherwise than by an append. */
  forget(log: LogName): void {
    this.#tails.forget(log);
  }

  sweep(): void {
    this.#hints.sweep(performance.now());
  }

  end(): void {
    this.#listener = undefined;
    this.#hints.end();
  }

  async #appendAll(channel: string, bodies: readonly string[]): Promise<Position> {
    const { meta, entries, hints } = this.#asking.keys.log(channel);
    const args = [hints, ...this.#asking.keepOf(channel), ...bodies];
    const [, epoch = '', offset] = (await this.#asking.ask(scripts.append, [meta, entries], args)) as Answer;
    return [epoch, Number(offset)];
  }

  /** Indexes of logs that one script may ask for together. */
  #inOneSlot(names: readonly LogName[]): number[][] {
    const groups: number[][] = [];
    const open = new Map<number, number[]>();
    names.forEach((name, at) => {
      const slot = this.#asking.link.hasSlots ? slotOf(this.#asking.keys.log(name).meta) : 0;
      let group = open.get(slot);
      if (group === undefined || group.length >= HEADS_AT_ONCE) {
        group = [];
        open.set(slot, group);
        groups.push(group);
      }
      group.push(at);
    });
    return groups;
  }

  #head(log: LogName, answer: LogAnswer | undefined): Head {
    const head = headFrom(answer);
    // The inbox of a session that is not there is in no epoch.
    if (answer !== undefined && answer[0] !== '') this.#tails.compare(log, head);
    return head;
  }
}
