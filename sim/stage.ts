/** Pages, nodes and their store on one heap of virtual time: what a seed or a hand-written schedule plays on. */
import { decodeBody } from '@iskra/protocol/wire';
import type { CoreOptions } from '@iskra/server/parts';
import type { Addresses } from './addresses.js';
import type { AnswerCap } from './caps.js';
import { ADDRESSES, Door } from './door.js';
import type { Appended, PageHistory, Truth } from './history.js';
import { SimNode } from './node.js';
import type { Violation } from './oracle.js';
import { Page } from './page.js';
import type { ClientOptions } from './page.js';
import { createRandom } from './random.js';
import type { Random } from './random.js';
import { SimStore } from './store.js';
import { Tap } from './tap.js';
import { EPOCH, World } from './world.js';

export interface StageOptions {
  seed: number;
  nodes?: number;
  /** `memory`: inside its one node, dying with it. `shared`: beyond a network. */
  store?: 'memory' | 'shared';
  /** Entries that a channel's log keeps. */
  retention?: number;
  /** Entries that a session's inbox keeps. */
  inbox?: number;
  /** Ms that a session lives on. */
  window?: number;
  core?: CoreOptions;
  /** Keep the notes of everybody, for a trace. */
  traced?: boolean;
}

/** Ms that a member stays listed after its session's last contact. */
const PRESENCE = 30_000;

export class Stage {
  readonly world: World;
  readonly store: SimStore;
  readonly nodes: SimNode[];
  readonly pages: Page[] = [];
  readonly truth: Truth = { appended: new Map(), runs: [], rewinds: [], denials: [], caps: [] };
  readonly retention: number;
  readonly #seed: number;
  readonly #isLocal: boolean;
  readonly #random: Random;

  constructor(options: StageOptions) {
    const { seed, nodes = 1, store = 'memory', retention = 1_000, inbox, window, core, traced } = options;
    this.#seed = seed;
    this.#isLocal = store === 'memory';
    this.#random = createRandom(seed, 'stage');
    this.retention = retention;
    this.world = new World(traced);
    this.store = new SimStore(
      this.world,
      seed,
      this.#isLocal,
      {
        retention: { entries: retention },
        ...(inbox !== undefined && { inbox: { entries: inbox } }),
        presenceWindow: PRESENCE,
        ...(window !== undefined && { window }),
      },
      {
        appended: (log, { epoch, offset, body }) => this.#appended(log, [epoch, offset], body),
        rewound: (kind, survives) => {
          this.world.note('store', () => (kind === 'empty' ? 'restarts empty' : 'fails over'));
          this.truth.rewinds.push({ at: this.world.now, kind });
          for (const [log, entries] of this.truth.appended) {
            for (const entry of entries) {
              if (!survives(log, entry.position)) entry.lostAt ??= this.world.now;
            }
          }
        },
      },
    );
    this.nodes = Array.from(
      { length: this.#isLocal ? 1 : nodes },
      (_, index) =>
        new SimNode({
          world: this.world,
          seed,
          name: `node-${index + 1}`,
          store: this.store,
          core: {
            ...core,
            ...(window !== undefined && { times: { window } }),
            authenticate: (_request, credentials) => this.#identify(credentials),
            authorize: (session, action, name) =>
              action === 'request' || !this.#isDenied(session.subject, name),
          },
          prepare: (server, actor) => {
            for (const name of ['echo', 'echo-once']) {
              server.handlers.set(name, {
                once: name === 'echo-once',
                run: async (input, { idempotencyKey: key, redelivered, publish }) => {
                  const { id, takes, tells } = input as { id: string; takes: number; tells?: string };
                  actor.note(() => `handles ${id}${redelivered ? ', again' : ''}`);
                  this.truth.runs.push({ at: this.world.now, key, id, redelivered });
                  if (tells !== undefined) await publish(tells, { delta: 'said', payload: { id } });
                  await new Promise<void>((resolve) => {
                    actor.clock.at(actor.clock.now() + takes, resolve);
                  });
                  return { id };
                },
              });
            }
          },
        }),
    );
  }

  /** A page opens. Pages of the same name are the same person. One address leads to every node, if nothing else is said. */
  page(
    name: string,
    options: ClientOptions = {},
    addresses: Addresses = [this.nodes.map((_, node) => node)],
  ): Page {
    return this.#open(name, name, options, addresses);
  }

  #open(name: string, chance: string, options: ClientOptions, addresses: Addresses): Page {
    const balance = (behind: readonly number[]): SimNode | undefined => {
      const listening = this.nodes.filter(({ listens }, node) => listens && behind.includes(node));
      const ready = listening.filter(({ isReady }) => isReady);
      const open = ready.length > 0 ? ready : listening;
      return open.length > 0 ? this.#random.pick(open) : undefined;
    };
    const tap = new Tap(
      (rule, text) => void this.breaches.push({ promise: rule, actor: name, at: this.world.now, text }),
      () => this.truth.rewinds.length > 0,
    );
    const doors = addresses.map((behind, index) => new Door(ADDRESSES[index]!, () => balance(behind)));
    const page = new Page(this.world, createRandom(this.#seed, chance), this.#seed, name, doors, tap, {
      auth: () => ({ user: personOf(name), expiresIn: this.credentialsLast }),
      ...options,
    });
    this.pages.push(page);
    return page;
  }

  /** Ms that new credentials last. */
  credentialsLast = Infinity;

  run(ms: number): Promise<void> {
    return this.world.run(this.world.now + ms);
  }

  /** Runs until this is so; false when it is not within so many ms. */
  async until(isSo: () => boolean, atMost = 60_000): Promise<boolean> {
    const end = this.world.now + atMost;
    while (!isSo() && this.world.now < end) await this.run(10);
    return isSo();
  }

  /** A node dies; those who were connected hear of it at once, or (`silent`) never. */
  kill(node: SimNode, silent = false): void {
    const { actor } = node;
    for (const { way } of this.pages) {
      for (const wire of [...way.wires]) {
        if (wire.server !== actor) continue;
        wire.cut(silent ? Infinity : way.latency, Infinity);
      }
    }
    node.kill();
    if (this.#isLocal) this.store.restartEmpty();
  }

  /** The page is gone without a word; `away`: its WebSockets are closed with 1001, as browsers do for it. */
  vanish(page: Page, away = false): void {
    if (away) page.way.goAway();
    page.actor.note(() => 'is gone');
    page.actor.kill();
    page.way.cutAll(
      () => Infinity,
      () => page.way.latency,
    );
    this.pages.splice(this.pages.indexOf(page), 1);
    this.gone.push(page.history);
  }

  /** Rules that were broken on the wire. */
  readonly breaches: Violation[] = [];
  /** Histories of pages that are no longer there. */
  readonly gone: PageHistory[] = [];

  /** From now on only answers of so many bytes get to a page. */
  capAnswers({ name, way }: Page, cap: AnswerCap): void {
    way.answers = cap;
    this.truth.caps.push({ page: personOf(name), bytes: cap.bytes, from: this.world.now });
  }

  deny(page: string, channel: string, ms: number): void {
    const { now } = this.world;
    this.truth.denials.push({ page: personOf(page), channel, from: now, until: now + ms });
  }

  #isDenied(person: string | undefined, channel: string): boolean {
    const { now } = this.world;
    return this.truth.denials.some(
      (denial) =>
        denial.page === person && denial.channel === channel && now >= denial.from && now < denial.until,
    );
  }

  async #identify(credentials: unknown) {
    const { user, expiresIn } = credentials as { user: string; expiresIn: number | null };
    const expiresAt = expiresIn === null ? undefined : EPOCH + this.world.now + expiresIn;
    return { subject: user, ...(expiresAt !== undefined && { expiresAt }) };
  }

  #appended(log: string, position: readonly [string, number], body: string): void {
    if (log.startsWith('@')) return;
    const { envelope } = decodeBody(body);
    const { id } = (envelope.payload ?? {}) as { id?: string };
    const isMember = envelope.dimension === 3 && envelope.delta.startsWith('member_');
    const entry: Appended = {
      at: this.world.now,
      log,
      position,
      bytes: Buffer.byteLength(body),
      id: isMember ? undefined : id,
      member: isMember && id !== undefined ? { delta: envelope.delta, id } : undefined,
      lostAt: undefined,
    };
    this.world.note('store', () => `${log} ${position.join(':')} ${id ?? envelope.delta}`);
    const entries = this.truth.appended.get(log);
    if (entries) entries.push(entry);
    else this.truth.appended.set(log, [entry]);
  }
}

/** Pages of one person, one after another: `anna`, `anna/2`. */
export const personOf = (page: string): string => page.replace(/\/.*$/, '');
